"""Dense networks: 200-100-60-30, then one logit a class."""

from saccade.models.backend import keras

layers = keras.layers
WIDTHS = (200, 100, 60, 30)


def mlp_relu(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    Görner's mnist_2.1_five_layers_relu_lrdecay.py; hidden biases start at 0.1, as there.
    """
    hidden = [
        layers.Dense(
            width,
            activation="relu",
            kernel_initializer="he_normal",
            bias_initializer=keras.initializers.Constant(0.1),
            name=f"dense{i}",
        )
        for i, width in enumerate(WIDTHS, 1)
    ]
    return keras.Sequential(
        [
            layers.Input(shape),
            layers.Flatten(name="flatten"),
            *hidden,
            layers.Dense(classes, name="logits"),
        ],
        name="mlp-relu",
    )
