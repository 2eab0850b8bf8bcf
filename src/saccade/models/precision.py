"""How exactly a pass computes: in float32, or with half the bits inside.

In bfloat16, the values between layers and the kernels of convolutions and dense layers have 8 bits
of a number, and so they are multiplied. In float32 stay the weights that are kept, the loss, and
sums over many places (slopes of biases, a batch's mean and variance), because 256 + 1 is 256 in 8
bits. The range is float32's: slopes need no scaling (Kalamkar et al. 2019, arXiv 1905.12322).
"""

from contextlib import nullcontext
from typing import Any, Literal

from saccade.models.backend import jax

Array = Any
Precision = Literal["float32", "bfloat16"]


def lowered(array: Array, precision: Precision) -> Array:
    """A value as a pass of this precision multiplies it.

    >>> lowered(jax.numpy.float32(257), "bfloat16"), lowered(jax.numpy.float32(257), "float32")
    (Array(256, dtype=bfloat16), Array(257., dtype=float32))
    """
    return array.astype(jax.numpy.bfloat16) if precision == "bfloat16" else array


def read_as(precision: Precision) -> Any:
    """Within this context Keras' own layers read their weights so.

    One that is made of layers computes inside as these say themselves.
    """
    if precision == "float32":
        return nullcontext()
    from keras.src.backend import AutocastScope  # the backend must have been set before

    return AutocastScope(precision)
