"""GoogLeNet: modules that look through windows of several sizes at once."""

from typing import Any

from saccade.models.auxiliary import WithAuxiliary
from saccade.models.backend import keras
from saccade.models.classic import convolution, pool
from saccade.models.local_response import LocalResponseNormalization
from saccade.models.papers import is_small

layers = keras.layers
# Filters of each module: 1x1; before 3x3, 3x3; before 5x5, 5x5; behind pooling (table 1).
MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
POOLED_BEFORE = ("4a", "5a")
HEARD_BEHIND = ("4a", "4d")
SHARE = 0.3


def googlenet(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    Szegedy et al., "Going deeper with convolutions", 2014, table 1 and figure 3. The losses of two
    auxiliary heads count 0.3 each in training; answers and exports leave them out. The paper's
    local response normalisation has AlexNet's constants here, since it gives none.

    Of 13,378,280 weights 6,998,552 lead to the answer; the paper's table 1, rounded and without
    biases and heads, adds up to some 6.8 million.

    Small pictures: the first window is 3x3 instead of 7x7 and moves by 1 instead of 2, the first
    pooling is left out, the auxiliary heads' pooling pads.
    """
    small = is_small(shape)
    picture = layers.Input(shape)
    if small:
        x = convolution(picture, 64, 3, "conv1")
    else:
        x = convolution(picture, 64, 7, "conv1", strides=2)
        x = pool(x, 3, "pool1", padding="same")
    x = LocalResponseNormalization(name="norm1")(x)
    x = convolution(x, 64, 1, "conv2_before")
    x = convolution(x, 192, 3, "conv2")
    x = LocalResponseNormalization(name="norm2")(x)
    x = pool(x, 3, "pool2", padding="same")
    heard = []
    for name, filters in MODULES.items():
        if name in POOLED_BEFORE:
            x = pool(x, 3, f"pool{name[0]}", padding="same")
        x = _inception(x, filters, f"inception{name}")
        if name in HEARD_BEHIND:
            heard.append(_auxiliary(x, classes, f"auxiliary{name}", small=small))
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    x = layers.Dropout(0.4, name="drop")(x)
    logits = layers.Dense(classes, name="logits")(x)
    answer = WithAuxiliary(SHARE, name="answer")([logits, *heard])
    return keras.Model(picture, answer, name="googlenet")


def _inception(x: Any, filters: tuple[int, ...], name: str) -> Any:
    """[n, h, w, c] -> [n, h, w, filters[0] + filters[2] + filters[4] + filters[5]]."""
    one, before_three, three, before_five, five, behind_pooling = filters
    ways = [
        convolution(x, one, 1, f"{name}_1x1"),
        convolution(convolution(x, before_three, 1, f"{name}_before3"), three, 3, f"{name}_3x3"),
        convolution(convolution(x, before_five, 1, f"{name}_before5"), five, 5, f"{name}_5x5"),
    ]
    pooled = layers.MaxPooling2D(3, strides=1, padding="same", name=f"{name}_pool")(x)
    ways.append(convolution(pooled, behind_pooling, 1, f"{name}_behind_pool"))
    return layers.Concatenate(name=name)(ways)


def _auxiliary(x: Any, classes: int, name: str, *, small: bool) -> Any:
    """[n, h, w, c] -> logits [n, classes] (section 5)."""
    padding = "same" if small else "valid"
    x = layers.AveragePooling2D(5, strides=3, padding=padding, name=f"{name}_pool")(x)
    x = convolution(x, 128, 1, f"{name}_conv")
    x = layers.Flatten(name=f"{name}_flatten")(x)
    x = layers.Dense(1024, activation="relu", kernel_initializer="he_normal", name=f"{name}_dense")(
        x
    )
    x = layers.Dropout(0.7, name=f"{name}_drop")(x)
    return layers.Dense(classes, name=f"{name}_logits")(x)
