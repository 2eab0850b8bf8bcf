"""An exported network: what is in a bundle, how it is read, checked and asked.

    model.onnx            uint8 pixels in, probabilities and logits out
    preprocess.json       how any picture becomes those pixels
    classes.json          the names of the classes, in order
    calibration.json      what makes confidence mean something, and when to hand a picture on
    golden.safetensors    picture files, and the probabilities the network gave for them
    README.md             the model's card
    materials.json        what it was made with (CycloneDX)
    manifest.json         the size and sha256 of each of them

A directory, or the same files in one .zip. Nothing in it is executed, and no name in it is opened
but these.
"""
