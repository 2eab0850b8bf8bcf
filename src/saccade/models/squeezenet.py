"""SqueezeNet: as right as AlexNet with a fiftieth of its weights."""

from typing import Any

from saccade.models.backend import keras
from saccade.models.classic import convolution
from saccade.models.papers import is_small

layers = keras.layers
# How many channels the fire modules 2 to 9 squeeze to, and expand to with either kernel.
FIRES = {2: (16, 64), 3: (16, 64), 4: (32, 128), 5: (32, 128)}
FIRES |= {6: (48, 192), 7: (48, 192), 8: (64, 256), 9: (64, 256)}
POOLED_BEFORE = {"1.0": (2, 5, 9), "1.1": (2, 4, 6)}
FIRST = {"1.0": (96, 7), "1.1": (64, 3)}  # filters and window of the first convolution


def squeezenet(shape: tuple[int, int, int], *, top: bool) -> keras.Model:
    """float [n, height, width, 3] -> logits [n, 1000], or the last fire's mean [n, 512].

    Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters", 2016; v1.1 of
    its authors' repository, for its published weights. The logits are means over the picture of
    what a convolution says of each place; they have gone through a ReLU, as the published
    network's have.
    """
    picture = layers.Input(shape)
    x = _fires(convolution(picture, 64, 3, "conv1", strides=2, padding="valid"), "1.1")
    if top:
        x = layers.Dropout(0.5, name="drop9")(x)
        x = convolution(x, 1000, 1, "conv10")
    return keras.Model(picture, layers.GlobalAveragePooling2D(name="mean")(x), name="squeezenet")


def squeezenet_1_0(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    The same paper, table 1. No ReLU lies over the logits here: the paper asks for one in the fires
    only (section 3.3), and a class whose logit is 0 for all pictures would never be learnt again.

    Small pictures: the first window is 3x3 and moves by 1 instead of 2.
    """
    return _classifier(shape, classes, "1.0")


def squeezenet_1_1(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """As `squeezenet_1_0`; v1.1 of its authors' repository pools earlier, which is 2.4 times less
    work for the same accuracy."""
    return _classifier(shape, classes, "1.1")


def _classifier(shape: tuple[int, int, int], classes: int, version: str) -> keras.Model:
    picture = layers.Input(shape)
    filters, window = FIRST[version]
    if is_small(shape):
        x = convolution(picture, filters, 3, "conv1")
    else:
        x = convolution(picture, filters, window, "conv1", strides=2, padding="valid")
    x = layers.Dropout(0.5, name="drop9")(_fires(x, version))
    x = layers.Conv2D(classes, 1, name="conv10")(x)
    logits = layers.GlobalAveragePooling2D(name="mean")(x)
    return keras.Model(picture, logits, name=f"squeezenet-{version}")


def _fires(x: Any, version: str) -> Any:
    """What the first convolution gives -> [n, h, w, 512]."""
    for number, (squeezed, expanded) in FIRES.items():
        if number in POOLED_BEFORE[version]:
            x = _pool(x, f"pool{number - 1}")
        x = _fire(x, squeezed, expanded, f"f{number}")
    return x


def _fire(x: Any, squeezed: int, expanded: int, name: str) -> Any:
    """[n, h, w, c] -> [n, h, w, 2 * expanded]."""
    x = convolution(x, squeezed, 1, f"{name}s")
    small = convolution(x, expanded, 1, f"{name}a")
    large = convolution(x, expanded, 3, f"{name}b")
    return layers.Concatenate(name=name)([small, large])


def _pool(x: Any, name: str) -> Any:
    """The largest of 3x3, every second. Caffe lets the last window stick out of even sides."""
    height, width = x.shape[1:3]
    if height % 2 != width % 2:  # one side sticks out, the other does not
        x = layers.ZeroPadding2D(((0, 1 - height % 2), (0, 1 - width % 2)), name=f"{name}_pad")(x)
    padding = "same" if height % 2 == width % 2 == 0 else "valid"
    return layers.MaxPooling2D(3, strides=2, padding=padding, name=name)(x)
