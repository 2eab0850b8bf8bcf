"""VGG: nothing but 3x3 convolutions, deeper than anything before."""

from saccade.models.backend import keras
from saccade.models.classic import convolution, dense_head, pool
from saccade.models.papers import is_small

layers = keras.layers
FILTERS = (64, 128, 256, 512, 512)


def vgg_16(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition",
    2014, table 1, column D. Two 3x3 windows, one behind the other, see as far as one of 5x5, with
    fewer weights and one more ReLU.

    Small pictures: pooling pads, so that 28 pixels can be halved five times, too; the dense layers
    have 512 units.
    """
    return _vgg(shape, classes, (2, 2, 3, 3, 3), "vgg-16")


def vgg_19(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """As `vgg_16`, column E: a fourth convolution in each of the last three blocks."""
    return _vgg(shape, classes, (2, 2, 4, 4, 4), "vgg-19")


def _vgg(
    shape: tuple[int, int, int], classes: int, depths: tuple[int, ...], name: str
) -> keras.Model:
    small = is_small(shape)
    x = picture = layers.Input(shape)
    for i, (depth, filters) in enumerate(zip(depths, FILTERS, strict=True), 1):
        for j in range(1, depth + 1):
            x = convolution(x, filters, 3, f"conv{i}_{j}")
        x = pool(x, 2, f"pool{i}", padding="same" if small else "valid")
    return keras.Model(picture, dense_head(x, classes, small=small), name=name)
