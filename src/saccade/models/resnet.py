"""ResNet: each block learns what to add to what it was given.

He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", 2015, table 1. Bottlenecks
take their stride in the 3x3 convolution, as all later implementations do (the paper took it in the
first 1x1, which leaves three of four places unread); the numbers of weights are the same. Every
block starts as its way around: the scale of its last batch norm starts at zero (Goyal et al. 2017,
section 5.1).

Pictures whose shorter side has at most 64 pixels begin with a 3x3 convolution of stride 1 and no
pooling; larger ones, as in the paper, with 7x7 of stride 2 and a pooling of stride 2.
"""

from collections.abc import Callable
from typing import Any

from saccade.models.backend import keras
from saccade.models.papers import is_small

layers = keras.layers
WIDTHS = (64, 128, 256, 512)
EXPANSION = 4  # how many more channels a bottleneck gives than it computes with

# x [n, h, w, c], width, stride, name -> [n, h/stride, w/stride, width or width * EXPANSION]
Block = Callable[[Any, int, int, str], Any]


def resnet_18(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]."""
    return residual_network("resnet-18", shape, classes, (2, 2, 2, 2), _basic)


def resnet_34(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]."""
    return residual_network("resnet-34", shape, classes, (3, 4, 6, 3), _basic)


def resnet_50(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]."""
    return residual_network("resnet-50", shape, classes, (3, 4, 6, 3), _bottleneck)


def resnet_101(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]."""
    return residual_network("resnet-101", shape, classes, (3, 4, 23, 3), _bottleneck)


def resnet_152(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]."""
    return residual_network("resnet-152", shape, classes, (3, 8, 36, 3), _bottleneck)


def residual_network(
    name: str,
    shape: tuple[int, int, int],
    classes: int,
    depths: tuple[int, int, int, int],
    block: Block,
) -> keras.Model:
    """The beginning, `depths` blocks at each width, the mean of each map; names as in table 1."""
    picture = layers.Input(shape)
    x = beginning(picture)
    for stage, (depth, width) in enumerate(zip(depths, WIDTHS, strict=True), 2):
        for number in range(1, depth + 1):
            stride = 2 if stage > 2 and number == 1 else 1
            x = block(x, width, stride, f"conv{stage}_{number}")
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    return keras.Model(picture, layers.Dense(classes, name="logits")(x), name=name)


def beginning(picture: Any) -> Any:
    """[n, h, w, c] -> [n, h/4, w/4, 64] of a large picture, [n, h, w, 64] of a small one."""
    if is_small(picture.shape[1:]):
        return relu(convolution(picture, 64, 3, "conv1"), "conv1")
    x = relu(convolution(picture, 64, 7, "conv1", stride=2), "conv1")
    return layers.MaxPooling2D(3, strides=2, padding="same", name="pool1")(x)


def _basic(x: Any, width: int, stride: int, name: str) -> Any:
    """Two 3x3 convolutions."""
    through = relu(convolution(x, width, 3, f"{name}_a", stride=stride), f"{name}_a")
    through = convolution(through, width, 3, f"{name}_b", scale="zeros")
    return joined(through, around(x, width, stride, name), name)


def _bottleneck(x: Any, width: int, stride: int, name: str) -> Any:
    """1x1 down to `width`, 3x3, 1x1 up."""
    return bottleneck(x, width, width * EXPANSION, stride, name)


def bottleneck(x: Any, inner: int, outer: int, stride: int, name: str, groups: int = 1) -> Any:
    """1x1 to `inner` channels, 3x3 in `groups`, 1x1 to `outer`, beside the way around."""
    through = relu(convolution(x, inner, 1, f"{name}_a"), f"{name}_a")
    through = convolution(through, inner, 3, f"{name}_b", stride=stride, groups=groups)
    through = convolution(relu(through, f"{name}_b"), outer, 1, f"{name}_c", scale="zeros")
    return joined(through, around(x, outer, stride, name), name)


def around(x: Any, width: int, stride: int, name: str) -> Any:
    """What a block adds to: its input, or a projection where the shape changes (option B)."""
    if stride == 1 and x.shape[-1] == width:
        return x
    return convolution(x, width, 1, f"{name}_around", stride=stride)


def joined(through: Any, beside: Any, name: str) -> Any:
    """ReLU of the sum of both ways."""
    return relu(layers.Add(name=f"{name}_add")([through, beside]), name)


def relu(x: Any, name: str) -> Any:
    """max(x, 0)."""
    return layers.Activation("relu", name=f"{name}_relu")(x)


def convolution(
    x: Any,
    filters: int,
    size: int,
    name: str,
    *,
    stride: int = 1,
    groups: int = 1,
    scale: str = "ones",
) -> Any:
    """A convolution and its batch norm, whose scale starts at `scale`."""
    x = layers.Conv2D(
        filters,
        size,
        strides=stride,
        padding="same",
        groups=groups,
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)
    return layers.BatchNormalization(
        momentum=0.99, epsilon=1e-5, gamma_initializer=scale, name=f"{name}_norm"
    )(x)
