"""A bundle that answers over HTTP: `saccade serve`.

    supervisor      owns the socket; starts, replaces and ends workers
    └─ worker       one process: a bundle, the app, uvicorn
       ├─ connection  limits and deadlines of a connection, before anything is read
       ├─ app         which path is answered by what
       │  ├─ predict          POST /predict
       │  ├─ instances        /v1/models/NAME:predict, as TensorFlow Serving and Vertex AI ask
       │  └─ tensors          /v2, the Open Inference Protocol
       ├─ pictures    files become pixels, in processes of their own
       └─ batcher     pixels become answers, several at a time when there is much to do

No Keras and no JAX is loaded, and a bundle is data: nothing in it is executed.
"""
