"""Weight normalisation: a unit's weights as a direction and a length of its own.

Salimans and Kingma, "Weight Normalization: A Simple Reparameterization to Accelerate Training of
Deep Neural Networks", 2016 (arXiv 1602.07868): w = gamma v / |v| (equation 2). Nothing looks at the
batch, but for the very first: gamma and bias begin so that what each unit makes of it has the
mean 0 and the deviation 1 (section 3, equations 5 and 6).
"""

from collections.abc import Mapping
from typing import Any

from saccade.models.backend import keras

ops = keras.ops
Array = Any

DEVIATION = 0.05  # of the first directions, section 3
LEAST = 1e-3  # a unit that hardly varies in the first batch is not blown up


def multiplied_out(direction: Array, gamma: Array) -> Array:
    """The kernel gamma v / |v|: a unit is a column of the last axis.

    >>> import numpy as np
    >>> np.asarray(multiplied_out(np.array([[3.0], [4.0]]), np.array([10.0]))).ravel().tolist()
    [6.0, 8.0]
    """
    inputs = tuple(range(len(direction.shape) - 1))
    return direction * (gamma / ops.sqrt(ops.sum(ops.square(direction), inputs)))


class WeightNormDense(keras.layers.Layer):  # type: ignore[misc]
    """A dense layer of so many units."""

    use_bias, activation = True, staticmethod(keras.activations.linear)

    def __init__(self, units: int, name: str) -> None:
        super().__init__(name=name)
        self.units = units

    def build(self, input_shape: Any) -> None:
        """[n, features]."""
        self.direction, self.gamma, self.bias = _weights(self, (input_shape[-1], self.units))

    def call(self, x: Any) -> Any:
        """[n, features] -> [n, units]."""
        return ops.matmul(x, multiplied_out(self.direction, self.gamma)) + self.bias

    def from_data(self, x: Array, weights: Mapping[str, Array]) -> dict[str, Array]:
        """gamma and bias from what it reads of a first batch (models/from_data.py)."""
        kernel = multiplied_out(weights["direction"], ops.ones_like(weights["gamma"]))
        return _spread_evenly(ops.matmul(x, kernel))


class WeightNormConv2D(keras.layers.Layer):  # type: ignore[misc]
    """A square convolution with zeros around the picture; one `from_zero` begins as nothing."""

    padding, data_format, dilation_rate, groups = "same", "channels_last", (1, 1), 1
    use_bias, activation = True, staticmethod(keras.activations.linear)

    def __init__(
        self, filters: int, size: int, stride: int, name: str, *, from_zero: bool = False
    ) -> None:
        super().__init__(name=name)
        self.from_zero = from_zero
        self.filters, self.kernel_size, self.strides = filters, (size, size), (stride, stride)

    def build(self, input_shape: Any) -> None:
        """[n, h, w, c]."""
        shape = (*self.kernel_size, input_shape[-1], self.filters)
        self.direction, self.gamma, self.bias = _weights(self, shape, self.from_zero)

    def call(self, x: Any) -> Any:
        """[n, h, w, c] -> [n, ceil(h / stride), ceil(w / stride), filters]."""
        return self._convolved(x, multiplied_out(self.direction, self.gamma)) + self.bias

    def from_data(self, x: Array, weights: Mapping[str, Array]) -> dict[str, Array]:
        """gamma and bias from what it reads of a first batch (models/from_data.py)."""
        if self.from_zero:
            return {}
        kernel = multiplied_out(weights["direction"], ops.ones_like(weights["gamma"]))
        return _spread_evenly(self._convolved(x, kernel))

    def _convolved(self, x: Any, kernel: Any) -> Any:
        return ops.conv(x, kernel, strides=self.strides, padding=self.padding)


def _weights(layer: Any, shape: tuple[int, ...], from_zero: bool = False) -> tuple[Any, Any, Any]:
    normal = keras.initializers.RandomNormal(stddev=DEVIATION)
    direction = layer.add_weight(shape=shape, initializer=normal, name="direction")
    first = "zeros" if from_zero else "ones"
    gamma = layer.add_weight(shape=shape[-1:], initializer=first, name="gamma")
    bias = layer.add_weight(shape=shape[-1:], initializer="zeros", name="bias")
    return direction, gamma, bias


def _spread_evenly(values: Array) -> dict[str, Array]:
    """What brings each unit's values, the last axis, to the mean 0 and the deviation 1."""
    others = tuple(range(len(values.shape) - 1))
    mean, deviation = ops.mean(values, others), ops.std(values, others)
    gamma = ops.where(deviation > LEAST, 1 / ops.maximum(deviation, LEAST), 1.0)
    return {"gamma": gamma, "bias": -mean * gamma}
