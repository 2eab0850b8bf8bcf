"""Residual networks for small pictures, the same without shortcuts, and with random depth.

He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", 2015, section 4.2: a 3x3
convolution, then 2n of them at each of 16, 32 and 64 channels, the mean of each map: 6n + 2 layers
with weights. Shortcuts have none themselves (option A): where the picture halves they take every
second pixel and fill up with maps of zeros, so that a plain network has as many weights as the
residual one of its depth. Each block starts as its shortcut: the scale of its last batch norm
starts at zero (Goyal et al. 2017, section 5.1), or what stands for it with another normalisation
(block.py). Not where the shortcut fills up: zeros and zeros would leave those maps at the corner of
the ReLU, where nothing learns, for ever. Pictures of any size get the same network.
"""

from typing import Any

from saccade.models.backend import keras
from saccade.models.block import activation, convolution

layers, ops = keras.layers, keras.ops
WIDTHS = (16, 32, 64)
# Of what the last block adds, half is dropped; before it less, in a line (Huang et al., eq. 4).
LAST_DROPPED = 0.5


def resnet_cifar_20(
    shape: tuple[int, int, int], classes: int, normalisation: str = "batch"
) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]."""
    return small_network("resnet-cifar-20", shape, classes, 20, normalisation)


def resnet_cifar_32(
    shape: tuple[int, int, int], classes: int, normalisation: str = "batch"
) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]."""
    return small_network("resnet-cifar-32", shape, classes, 32, normalisation)


def resnet_cifar_44(
    shape: tuple[int, int, int], classes: int, normalisation: str = "batch"
) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]."""
    return small_network("resnet-cifar-44", shape, classes, 44, normalisation)


def resnet_cifar_56(
    shape: tuple[int, int, int], classes: int, normalisation: str = "batch"
) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]."""
    return small_network("resnet-cifar-56", shape, classes, 56, normalisation)


def resnet_cifar_110(
    shape: tuple[int, int, int], classes: int, normalisation: str = "batch"
) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]."""
    return small_network("resnet-cifar-110", shape, classes, 110, normalisation)


def plain_cifar_20(
    shape: tuple[int, int, int], classes: int, normalisation: str = "batch"
) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]."""
    return small_network("plain-cifar-20", shape, classes, 20, normalisation, shortcuts=False)


def plain_cifar_32(
    shape: tuple[int, int, int], classes: int, normalisation: str = "batch"
) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]."""
    return small_network("plain-cifar-32", shape, classes, 32, normalisation, shortcuts=False)


def plain_cifar_44(
    shape: tuple[int, int, int], classes: int, normalisation: str = "batch"
) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]."""
    return small_network("plain-cifar-44", shape, classes, 44, normalisation, shortcuts=False)


def plain_cifar_56(
    shape: tuple[int, int, int], classes: int, normalisation: str = "batch"
) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]."""
    return small_network("plain-cifar-56", shape, classes, 56, normalisation, shortcuts=False)


def stochastic_depth_110(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    Huang, Sun, Liu, Sedra and Weinberger, "Deep Networks with Stochastic Depth", 2016, section 4:
    while resnet-cifar-110 learns, what a block adds is dropped with a probability that grows from
    0 to 0.5 with its depth; when it answers, all blocks are there. Ours drops for each picture by
    itself, the paper for a whole batch, and ours divides what is kept by its share, where the
    paper multiplies by it when answering: what is expected is the same.
    """
    return small_network("stochastic-depth-110", shape, classes, 110, last_dropped=LAST_DROPPED)


def small_network(
    title: str,
    shape: tuple[int, int, int],
    classes: int,
    depth: int,
    normalisation: str = "batch",
    *,
    shortcuts: bool = True,
    last_dropped: float = 0.0,
) -> keras.Model:
    """A network of 6n + 2 layers, normalised as block.py says.

    Blocks drop what they add, the last at the rate `last_dropped`, others less.

    >>> small_network("tiny", (16, 16, 3), 10, 8).count_params()
    75770
    """
    picture = layers.Input(shape)
    x = convolution(picture, WIDTHS[0], 3, 1, normalisation, "conv1")
    each = (depth - 2) // 6
    for number in range(1, 3 * each + 1):
        stage, place = divmod(number - 1, each)
        stride = 2 if stage > 0 and place == 0 else 1
        dropped = last_dropped * number / (3 * each)
        name = f"conv{stage + 2}_{place + 1}"
        x = _block(x, WIDTHS[stage], stride, normalisation, name, shortcuts, dropped)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    return keras.Model(picture, layers.Dense(classes, name="logits")(x), name=title)


def _block(
    x: Any,
    width: int,
    stride: int,
    normalisation: str,
    name: str,
    shortcut: bool,
    dropped: float,
) -> Any:
    """Two convolutions [n, h, w, c] -> [n, h/stride, w/stride, width], and the way around them."""
    through = convolution(x, width, 3, stride, normalisation, f"{name}_a")
    if not shortcut:
        return convolution(through, width, 3, 1, normalisation, f"{name}_b")
    through = convolution(
        through, width, 3, 1, normalisation, f"{name}_b", active=False, from_zero=stride == 1
    )
    if dropped:
        # All of a picture's values, or none.
        drop = layers.Dropout(dropped, noise_shape=(None, 1, 1, 1), name=f"{name}_drop")
        through = drop(through)
    around = x if stride == 1 else Widen(width, name=f"{name}_around")(x)
    total = layers.Add(name=f"{name}_add")([through, around])
    return activation(total, normalisation, name)


class Widen(keras.layers.Layer):  # type: ignore[misc]
    """Every second pixel, with maps of zeros behind those that are there: a shortcut (option A).

    >>> Widen(4)(ops.ones((1, 5, 4, 3))).shape
    (1, 3, 2, 4)
    """

    pool_size, strides = (1, 1), (2, 2)

    def __init__(self, channels: int, name: str | None = None) -> None:
        super().__init__(name=name)
        self.channels = channels

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """[n, h, w, c] -> [n, h/2, w/2, channels], halves rounded up."""
        count, height, width, _ = input_shape
        return count, -(-height // 2), -(-width // 2), self.channels

    def call(self, x: Any) -> Any:
        """As `compute_output_shape`."""
        behind = self.channels - x.shape[-1]
        return ops.pad(x[:, ::2, ::2], ((0, 0), (0, 0), (0, 0), (0, behind)))
