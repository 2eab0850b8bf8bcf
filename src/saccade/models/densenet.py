"""DenseNet: each layer reads all that the layers of its block have found before it.

Huang, Liu, van der Maaten and Weinberger, "Densely Connected Convolutional Networks", 2016.
Normalisation and ReLU come before each convolution (section 3). Between blocks the maps are
halved in number by a 1x1 convolution and in side by a mean. Pictures whose shorter side
has at most 64 pixels begin with a 3x3 convolution of stride 1 and no pooling; larger ones, as in
the paper's table 1, with 7x7 of stride 2 and a pooling of stride 2.
"""

from typing import Any

from saccade.models.backend import keras
from saccade.models.papers import is_small

layers = keras.layers
SQUEEZED = 4  # a bottleneck (section 3, "B") gives as many times the growth to its 3x3


def densenet_121(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]; table 1, 32 maps a layer."""
    return _imagenet("densenet-121", shape, classes, (6, 12, 24, 16))


def densenet_169(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]; table 1, 32 maps a layer."""
    return _imagenet("densenet-169", shape, classes, (6, 12, 32, 32))


def densenet_201(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]; table 1, 32 maps a layer."""
    return _imagenet("densenet-201", shape, classes, (6, 12, 48, 32))


def densenet_40(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]; for small pictures.

    Table 2's smallest: 12 maps a layer, neither bottlenecks nor fewer maps between blocks.
    """
    picture = layers.Input(shape)
    x = _convolution(picture, 16, 3, "conv0")
    for number in (1, 2, 3):
        if number > 1:
            x = _transition(x, x.shape[-1], f"transition{number - 1}")
        x = _block(x, 12, 12, f"block{number}", bottleneck=False)
    return _answer(picture, x, classes, "densenet-40")


def densenet_bc_100(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]; for small pictures.

    Table 2's DenseNet-BC of 100 layers, 12 maps a layer.
    """
    picture = layers.Input(shape)
    x = _convolution(picture, 24, 3, "conv0")
    return _answer(picture, _blocks(x, (16, 16, 16), 12), classes, "densenet-bc-100")


def _imagenet(
    name: str, shape: tuple[int, int, int], classes: int, depths: tuple[int, ...], growth: int = 32
) -> keras.Model:
    picture = layers.Input(shape)
    if is_small(shape):
        x = _convolution(picture, 2 * growth, 3, "conv0")
    else:
        x = _convolution(picture, 2 * growth, 7, "conv0", stride=2)
        x = _normalised(x, "conv0")
        x = layers.MaxPooling2D(3, strides=2, padding="same", name="pool0")(x)
    return _answer(picture, _blocks(x, depths, growth), classes, name)


def _blocks(x: Any, depths: tuple[int, ...], growth: int) -> Any:
    """Blocks of bottlenecks, half the maps going from one to the next (section 3, "BC")."""
    for number, depth in enumerate(depths, 1):
        if number > 1:
            x = _transition(x, x.shape[-1] // 2, f"transition{number - 1}")
        x = _block(x, depth, growth, f"block{number}", bottleneck=True)
    return x


def _block(x: Any, depth: int, growth: int, name: str, *, bottleneck: bool) -> Any:
    """[n, h, w, c] -> [n, h, w, c + depth * growth]."""
    for number in range(1, depth + 1):
        layer = f"{name}_{number}"
        found = x
        if bottleneck:
            found = _convolution(
                _normalised(found, f"{layer}_a"), SQUEEZED * growth, 1, f"{layer}_a"
            )
        found = _convolution(_normalised(found, f"{layer}_b"), growth, 3, f"{layer}_b")
        x = layers.Concatenate(name=layer)([x, found])
    return x


def _transition(x: Any, maps: int, name: str) -> Any:
    """[n, h, w, c] -> [n, h/2, w/2, maps]."""
    x = _convolution(_normalised(x, name), maps, 1, name)
    return layers.AveragePooling2D(2, name=f"{name}_pool")(x)


def _answer(picture: Any, x: Any, classes: int, name: str) -> keras.Model:
    x = layers.GlobalAveragePooling2D(name="mean")(_normalised(x, "last"))
    return keras.Model(picture, layers.Dense(classes, name="logits")(x), name=name)


def _normalised(x: Any, name: str) -> Any:
    """Batch norm and ReLU."""
    x = layers.BatchNormalization(momentum=0.99, epsilon=1e-5, name=f"{name}_norm")(x)
    return layers.Activation("relu", name=f"{name}_relu")(x)


def _convolution(x: Any, filters: int, size: int, name: str, *, stride: int = 1) -> Any:
    return layers.Conv2D(
        filters,
        size,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)
