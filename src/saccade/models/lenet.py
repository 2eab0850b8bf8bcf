"""LeNet-5, as it is built today and as it was.

LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998,
section II.B. Its 32x32 input is a digit with a border of zeros: here the first convolution pads.
"""

import math
from typing import Any

import numpy as np

from saccade.models.backend import keras

layers, ops = keras.layers, keras.ops
# Which maps of S2 each map of C3 reads (table I).
TABLE = (
    *((i, (i + 1) % 6, (i + 2) % 6) for i in range(6)),
    *((i, (i + 1) % 6, (i + 2) % 6, (i + 3) % 6) for i in range(6)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
    (0, 1, 2, 3, 4, 5),
)


def lenet5(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    Every map of C3 reads every map of S2, pooling is a plain mean, the output a dense layer.
    """
    return keras.Sequential(
        [
            layers.Input(shape),
            layers.Conv2D(6, 5, padding="same", activation="tanh", name="c1"),
            layers.AveragePooling2D(2, name="s2"),
            layers.Conv2D(16, 5, activation="tanh", name="c3"),
            layers.AveragePooling2D(2, name="s4"),
            layers.Flatten(name="flatten"),
            layers.Dense(120, activation="tanh", name="c5"),
            layers.Dense(84, activation="tanh", name="f6"),
            layers.Dense(classes, name="logits"),
        ],
        name="lenet5",
    )


def lenet5_1998(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    As in the paper: C3 by its connection table, subsampling with a weight and a bias a map, the
    squashing function 1.7159 tanh(2a/3), and minus the squared distances to one fixed code a class.
    The codes are -1 and 1 drawn once, which the paper allows; its own drew the characters.
    """
    return keras.Sequential(
        [
            layers.Input(shape),
            layers.Conv2D(6, 5, padding="same", activation=squash, name="c1"),
            Subsample(name="s2"),
            layers.Activation(squash, name="s2_squash"),
            TableConvolution(name="c3"),
            layers.Activation(squash, name="c3_squash"),
            Subsample(name="s4"),
            layers.Activation(squash, name="s4_squash"),
            layers.Flatten(name="flatten"),
            layers.Dense(120, activation=squash, name="c5"),
            layers.Dense(84, activation=squash, name="f6"),
            Distances(classes, name="logits"),
        ],
        name="lenet5-1998",
    )


def squash(a: Any) -> Any:
    """1.7159 tanh(2a/3): 1 at 1, with slopes that last."""
    return 1.7159 * ops.tanh(a * (2 / 3))


class Subsample(keras.layers.Layer):  # type: ignore[misc]
    """The sum of each 2x2, times a weight, plus a bias, one of each a map."""

    pool_size = strides = (2, 2)

    def build(self, input_shape: Any) -> None:
        """[n, h, w, c]: c weights and c biases."""
        maps = (input_shape[-1],)
        # A sum of four, so this starts as their mean.
        quarter = keras.initializers.Constant(0.25)
        self.weight = self.add_weight(shape=maps, initializer=quarter, name="weight")
        self.bias = self.add_weight(shape=maps, initializer="zeros", name="bias")

    def call(self, x: Any) -> Any:
        """[n, h, w, c] -> [n, h // 2, w // 2, c]."""
        return 4 * ops.average_pool(x, self.pool_size, self.strides) * self.weight + self.bias


class TableConvolution(keras.layers.Layer):  # type: ignore[misc]
    """A 5x5 convolution in which each map reads those that `TABLE` names: 1,500 weights."""

    kernel_size, strides = (5, 5), (1, 1)

    def build(self, input_shape: Any) -> None:
        """[n, h, w, 6]: 60 pairs of maps of 25 weights, and 16 biases."""
        pairs = [(read, made) for made, reads in enumerate(TABLE) for read in reads]
        places = math.prod(self.kernel_size)
        deviation = (places * len(pairs) / len(TABLE)) ** -0.5
        self.kernel = self.add_weight(
            shape=(len(pairs) * places,),
            initializer=keras.initializers.RandomNormal(stddev=deviation),
            name="kernel",
        )
        self.bias = self.add_weight(shape=(len(TABLE),), initializer="zeros", name="bias")
        # Where each weight of the full kernel stands in ours; one past its end is a zero.
        self._where = np.full((places, input_shape[-1], len(TABLE)), len(pairs) * places)
        for i, (read, made) in enumerate(pairs):
            self._where[:, read, made] = np.arange(places) * len(pairs) + i

    def call(self, x: Any) -> Any:
        """[n, h, w, 6] -> [n, h - 4, w - 4, 16]."""
        padded = ops.concatenate([self.kernel, ops.zeros((1,), self.kernel.dtype)])
        full = ops.take(padded, self._where)
        return ops.conv(x, ops.reshape(full, (*self.kernel_size, -1, len(TABLE)))) + self.bias


class Distances(keras.layers.Layer):  # type: ignore[misc]
    """Minus the squared distance to a fixed code of -1 and 1 a class."""

    def __init__(self, classes: int, name: str) -> None:
        super().__init__(name=name)
        self.classes = classes

    def build(self, input_shape: Any) -> None:
        """[n, features]: nothing to train."""
        signs = np.random.default_rng(1998).integers(0, 2, (input_shape[-1], self.classes))
        self._codes = (2 * signs - 1).astype(np.float32)

    def call(self, x: Any) -> Any:
        """[n, features] -> [n, classes]."""
        return -ops.sum((ops.expand_dims(x, -1) - self._codes) ** 2, axis=1)
