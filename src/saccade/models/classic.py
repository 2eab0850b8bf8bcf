"""What the networks of 2012 to 2014 share: convolutions with a ReLU, dense layers under dropout."""

from typing import Any

from saccade.models.backend import keras

layers = keras.layers
LARGE_UNITS, SMALL_UNITS = 4096, 512


def convolution(
    x: Any,
    filters: int,
    size: int,
    name: str,
    *,
    strides: int = 1,
    padding: str = "same",
    groups: int = 1,
) -> Any:
    """[n, h, w, c] -> [n, h / strides, w / strides, filters], through a ReLU.

    First weights are those of He et al., "Delving deep into rectifiers", 2015: what came before
    them let deep networks of ReLUs begin only with help.
    """
    return layers.Conv2D(
        filters,
        size,
        strides=strides,
        padding=padding,
        groups=groups,
        activation="relu",
        kernel_initializer="he_normal",
        name=name,
    )(x)


def pool(x: Any, size: int, name: str, *, padding: str = "valid") -> Any:
    """The largest of each window, every second; one that would not fit is padded."""
    if min(x.shape[1:3]) < size:
        padding = "same"
    return layers.MaxPooling2D(size, strides=2, padding=padding, name=name)(x)


def dense_head(x: Any, classes: int, *, small: bool) -> Any:
    """[n, h, w, c] -> logits [n, classes]: two dense layers under dropout, and the answer.

    4,096 units each; 512 for small pictures, of which less is left to read.
    """
    x = layers.Flatten(name="flatten")(x)
    for i in (1, 2):
        x = layers.Dense(
            SMALL_UNITS if small else LARGE_UNITS,
            activation="relu",
            kernel_initializer="he_normal",
            name=f"dense{i}",
        )(x)
        x = layers.Dropout(0.5, name=f"drop{i}")(x)
    return layers.Dense(classes, name="logits")(x)
