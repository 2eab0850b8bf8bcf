"""Keras' own `fit`, on the backend of $KERAS_BACKEND: one line of JSON a net and round.

    KERAS_BACKEND=tensorflow python keras_fit.py

Runs in an environment of its own; knows saccade's nets, nothing else of it.
"""

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
began = time.perf_counter()

from pathlib import Path  # noqa: E402

sys.path.insert(0, str(Path(__file__).parents[1]))

import keras  # noqa: E402
from measure import pictures, serve, version  # noqa: E402
from nets import NETS  # noqa: E402


def trainer(name: str, images: int):
    """A function that trains one epoch."""
    keras.utils.set_random_seed(0)
    net = NETS[name]
    x, y = pictures(net, images)
    inner = net.build(keras)
    outer = keras.Sequential([keras.Input(net.pictures), keras.layers.Rescaling(1 / 255), inner])
    outer.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )

    def epoch() -> int:
        outer.fit(x, y, batch_size=net.batch, epochs=1, verbose=0)
        return images

    return epoch


if __name__ == "__main__":
    backend = keras.backend.backend()
    library = {"jax": "jax", "tensorflow": "tensorflow-cpu", "torch": "torch"}[backend]
    serve(trainer, began, versions=[version("keras"), version(library)])
