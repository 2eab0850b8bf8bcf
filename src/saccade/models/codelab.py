"""Görner's Keras codelab, keras_02 to keras_05 (keras_01 is softmax). Weights as Keras draws them.

https://github.com/GoogleCloudPlatform/tensorflow-without-a-phd
"""

from typing import Any

from saccade.models.backend import keras

layers = keras.layers
CONVOLUTIONS = ((12, 3, 1), (24, 6, 2), (32, 6, 2))
"""Filters, size, stride."""


def k02(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]. Dense 200-60."""
    return keras.Sequential(
        [
            layers.Input(shape),
            layers.Flatten(name="flatten"),
            layers.Dense(200, activation="relu", name="dense1"),
            layers.Dense(60, activation="relu", name="dense2"),
            layers.Dense(classes, name="logits"),
        ],
        name="K02",
    )


def k03(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    Dense 200-100-60, a quarter dropped after each.
    """
    body: list[Any] = [layers.Input(shape), layers.Flatten(name="flatten")]
    for i, width in enumerate((200, 100, 60), 1):
        body += [
            layers.Dense(width, activation="relu", name=f"dense{i}"),
            layers.Dropout(0.25, name=f"dropout{i}"),
        ]
    return keras.Sequential([*body, layers.Dense(classes, name="logits")], name="K03")


def k04(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    Convolutions 3x3x12, 6x6x24 and 6x6x32, the last two with stride 2; dense 200.
    """
    body: list[Any] = [layers.Input(shape)]
    for i, (filters, size, stride) in enumerate(CONVOLUTIONS, 1):
        body.append(
            layers.Conv2D(
                filters,
                size,
                strides=stride,
                padding="same",
                activation="relu",
                name=f"conv{i}",
            )
        )
    body += [
        layers.Flatten(name="flatten"),
        layers.Dense(200, activation="relu", name="dense"),
        layers.Dense(classes, name="logits"),
    ]
    return keras.Sequential(body, name="K04")


def k05(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    K04 with batch norm (Keras' defaults, no scale) in place of biases, and 0.3 of the dense layer
    dropped.
    """
    body: list[Any] = [layers.Input(shape)]
    for i, (filters, size, stride) in enumerate(CONVOLUTIONS, 1):
        body += [
            layers.Conv2D(
                filters, size, strides=stride, padding="same", use_bias=False, name=f"conv{i}"
            ),
            *_normalised_relu(f"conv{i}"),
        ]
    body += [
        layers.Flatten(name="flatten"),
        layers.Dense(200, use_bias=False, name="dense"),
        *_normalised_relu("dense"),
        layers.Dropout(0.3, name="dropout"),
        layers.Dense(classes, name="logits"),
    ]
    return keras.Sequential(body, name="K05")


def _normalised_relu(name: str) -> list[Any]:
    return [
        layers.BatchNormalization(scale=False, name=f"{name}_norm"),
        layers.Activation("relu", name=f"{name}_relu"),
    ]
