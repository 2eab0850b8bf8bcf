"""Google's Keras course: 2_mnist_models, and the baseline of 3_tf_hub_transfer_learning (L3-cnn).

https://github.com/GoogleCloudPlatform/training-data-analyst, deepdive2/image_classification
"""

from typing import Any

from saccade.models.backend import keras

layers = keras.layers


def dnn(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]. Dense 400-100."""
    body = [layers.Input(shape), layers.Flatten(name="flatten"), *_dense()]
    return keras.Sequential([*body, layers.Dense(classes, name="logits")], name="L2-dnn")


def dnn_dropout(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    The same, a quarter of the last hidden layer dropped.
    """
    body = [layers.Input(shape), layers.Flatten(name="flatten"), *_dense()]
    body += [layers.Dropout(0.25, name="dropout"), layers.Dense(classes, name="logits")]
    return keras.Sequential(body, name="L2-dnn-dropout")


def cnn(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    Convolutions 3x3x64 and 3x3x32 without padding, each halved by the largest of 2x2; dense
    400-100, a quarter dropped. The baseline for flowers (L3) is the same on 224x224 pixels.
    """
    body: list[Any] = [layers.Input(shape)]
    for i, filters in enumerate((64, 32), 1):
        body += [
            layers.Conv2D(filters, 3, activation="relu", name=f"conv{i}"),
            layers.MaxPooling2D(2, name=f"pool{i}"),
        ]
    body += [
        layers.Flatten(name="flatten"),
        *_dense(),
        layers.Dropout(0.25, name="dropout"),
        layers.Dense(classes, name="logits"),
    ]
    return keras.Sequential(body, name="L2-cnn")


def _dense() -> list[Any]:
    return [
        layers.Dense(400, activation="relu", name="dense1"),
        layers.Dense(100, activation="relu", name="dense2"),
    ]
