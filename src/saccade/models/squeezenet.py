"""SqueezeNet v1.1: as right as AlexNet with a fiftieth of its weights."""

from typing import Any

from saccade.models.backend import keras

layers = keras.layers
# How many channels the fire modules 2 to 9 squeeze to, and expand to with either kernel.
FIRES = {2: (16, 64), 3: (16, 64), 4: (32, 128), 5: (32, 128)}
FIRES |= {6: (48, 192), 7: (48, 192), 8: (64, 256), 9: (64, 256)}
POOLED_BEFORE = (2, 4, 6)


def squeezenet(shape: tuple[int, int, int], *, top: bool) -> keras.Model:
    """float [n, height, width, 3] -> logits [n, 1000], or the last fire's mean [n, 512].

    Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters", 2016; v1.1 of
    its authors' repository. The logits are means over the picture of what a convolution says of
    each place; they have gone through a ReLU, as the published network's have.
    """
    picture = layers.Input(shape)
    x = _convolution(picture, 64, 3, "conv1", strides=2, padding="valid")
    for number, (squeezed, expanded) in FIRES.items():
        if number in POOLED_BEFORE:
            x = _pool(x, f"pool{number - 1}")
        x = _fire(x, squeezed, expanded, f"f{number}")
    if top:
        x = layers.Dropout(0.5, name="drop9")(x)
        x = _convolution(x, 1000, 1, "conv10")
    return keras.Model(picture, layers.GlobalAveragePooling2D(name="mean")(x), name="squeezenet")


def _fire(x: Any, squeezed: int, expanded: int, name: str) -> Any:
    """[n, h, w, c] -> [n, h, w, 2 * expanded]."""
    x = _convolution(x, squeezed, 1, f"{name}s")
    small = _convolution(x, expanded, 1, f"{name}a")
    large = _convolution(x, expanded, 3, f"{name}b")
    return layers.Concatenate(name=name)([small, large])


def _pool(x: Any, name: str) -> Any:
    """The largest of 3x3, every second. Caffe lets the last window stick out of even sides."""
    height, width = x.shape[1:3]
    if height % 2 != width % 2:  # one side sticks out, the other does not
        x = layers.ZeroPadding2D(((0, 1 - height % 2), (0, 1 - width % 2)), name=f"{name}_pad")(x)
    padding = "same" if height % 2 == width % 2 == 0 else "valid"
    return layers.MaxPooling2D(3, strides=2, padding=padding, name=name)(x)


def _convolution(
    x: Any, filters: int, size: int, name: str, *, strides: int = 1, padding: str = "same"
) -> Any:
    return layers.Conv2D(
        filters,
        size,
        strides=strides,
        padding=padding,
        activation="relu",
        kernel_initializer="he_normal",
        name=name,
    )(x)
