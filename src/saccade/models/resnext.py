"""ResNeXt: a residual network whose 3x3 convolutions come in groups that do not see each other.

Xie, Girshick, Dollár, Tu and He, "Aggregated Residual Transformations for Deep Neural Networks",
2016, table 1: ResNet's bottlenecks with 32 groups of 4 channels (32x4d; at each halving of the
picture twice as many), or 64 of 4. Small pictures begin as ResNet's do (`resnet.py`).
"""

from typing import Any

from saccade.models.backend import keras
from saccade.models.resnet import EXPANSION, WIDTHS, Block, bottleneck, residual_network


def resnext_50(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]; 32x4d."""
    return residual_network("resnext-50", shape, classes, (3, 4, 6, 3), _grouped(32, 4))


def resnext_101(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]; 32x4d."""
    return residual_network("resnext-101", shape, classes, (3, 4, 23, 3), _grouped(32, 4))


def resnext_101_64x4d(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]; 64x4d, section 5.1."""
    return residual_network("resnext-101-64x4d", shape, classes, (3, 4, 23, 3), _grouped(64, 4))


def _grouped(groups: int, channels: int) -> Block:
    """A bottleneck whose 3x3 has `groups` of `channels` each at the first width."""

    def block(x: Any, width: int, stride: int, name: str) -> Any:
        inner = groups * channels * width // WIDTHS[0]
        return bottleneck(x, inner, width * EXPANSION, stride, name, groups)

    return block
