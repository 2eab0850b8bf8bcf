"""Keras' own `predict` with its own networks, on the backend of $KERAS_BACKEND."""

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
began = time.perf_counter()

from pathlib import Path  # noqa: E402

sys.path.insert(0, str(Path(__file__).parents[1]))

import keras  # noqa: E402
import numpy as np  # noqa: E402
from measure import serve, version  # noqa: E402

NAMES = {"mobilenetv2": "MobileNetV2", "resnet50": "ResNet50"}


def predictor(base: str, images: int):
    """A function that takes pictures through the base."""
    build = getattr(keras.applications, NAMES[base])
    model = build(weights=None, include_top=False, pooling="avg", input_shape=(224, 224, 3))
    model = keras.Sequential([keras.Input((224, 224, 3)), keras.layers.Rescaling(1 / 255), model])
    pixels = np.random.default_rng(0).integers(0, 256, (images, 224, 224, 3), dtype=np.uint8)

    def once() -> int:
        model.predict(pixels, batch_size=16, verbose=0)
        return images

    return once


if __name__ == "__main__":
    serve(predictor, began, versions=[version("keras")])
