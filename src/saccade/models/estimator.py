"""Google's Estimator course: mnistmodel and flowersmodel. Weights as tf.layers draws them.

https://github.com/GoogleCloudPlatform/training-data-analyst, deepdive/08_image
"""

from typing import Any

from saccade.models.backend import keras

layers = keras.layers
WIDTHS = (300, 100, 30)


def dnn(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]. Dense 300-100-30."""
    return _dense("E-dnn", shape, classes, dropped=0.0)


def dnn_dropout(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    The same, a tenth of the last hidden layer dropped.
    """
    return _dense("E-drop", shape, classes, dropped=0.1)


def cnn(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    Convolutions 5x5x10 and 5x5x20, each halved by the largest of 2x2; dense 300, a quarter dropped.
    """
    body = [
        *_pooled(shape),
        layers.Dense(300, activation="relu", name="dense"),
        layers.Dropout(0.25, name="dropout"),
        layers.Dense(classes, name="logits"),
    ]
    return keras.Sequential(body, name="E-cnn")


def flowers(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    E-cnn with its option `--batch_norm`, with which the flowers' figures were reached: batch norm
    (Keras' defaults) after the dense layer and once more on the logits.
    """
    body = [
        *_pooled(shape),
        layers.Dense(300, name="dense"),
        layers.BatchNormalization(name="dense_norm"),
        layers.Activation("relu", name="dense_relu"),
        layers.Dropout(0.25, name="dropout"),
        layers.Dense(classes, name="answer"),
        layers.BatchNormalization(name="logits"),
    ]
    return keras.Sequential(body, name="F-est")


def _dense(name: str, shape: tuple[int, int, int], classes: int, *, dropped: float) -> keras.Model:
    hidden = [
        layers.Dense(width, activation="relu", name=f"dense{i}")
        for i, width in enumerate(WIDTHS, 1)
    ]
    return keras.Sequential(
        [
            layers.Input(shape),
            layers.Flatten(name="flatten"),
            *hidden,
            *([layers.Dropout(dropped, name="dropout")] if dropped else []),
            layers.Dense(classes, name="logits"),
        ],
        name=name,
    )


def _pooled(shape: tuple[int, int, int]) -> list[Any]:
    body: list[Any] = [layers.Input(shape)]
    for i, filters in enumerate((10, 20), 1):
        body += [
            layers.Conv2D(filters, 5, padding="same", activation="relu", name=f"conv{i}"),
            layers.MaxPooling2D(2, name=f"pool{i}"),
        ]
    return [*body, layers.Flatten(name="flatten")]
