"""Depthwise convolution, each channel with kernels of its own, as shifted multiplications.

What lies under each place of the kernel is one static slice, multiplied by one number a channel.
XLA's own convolution by groups of one channel takes 8 to 25 times as long on CPUs
(docs/lab-notes.md).
"""

from typing import Any

from saccade.models.backend import jax
from saccade.models.patches import Padding, slices_under

jnp = jax.numpy
Array = Any


def convolve_depthwise(
    x: Array, kernel: Array, strides: tuple[int, int], padding: Padding, *, last: bool = False
) -> Array:
    """Cross-correlation of each channel of x with its kernels [kh, kw, c, m], c * m maps in all.

    x is [n, h, w, c] and gives [n, h', w', c * m]; with `last` it is [c, h, w, n] and gives
    [c * m, h', w', n]. The maps of one channel stand side by side; `padding` is Keras'.

    >>> x = jnp.array([[[[1.0, 10.0]]]])
    >>> convolve_depthwise(x, jnp.array([[[[1.0, 2.0], [3.0, 4.0]]]]), (1, 1), "same").tolist()
    [[[[1.0, 2.0, 30.0, 40.0]]]]
    """
    high, wide, channels, _ = kernel.shape
    slices = slices_under(x, (high, wide), strides, padding, outside=0)
    factors = kernel.reshape(high * wide, channels, -1)
    if last:
        products = [
            a[:, None] * b[..., None, None, None] for a, b in zip(slices, factors, strict=True)
        ]
        _, _, rows, columns, count = products[0].shape
        return sum(products[1:], products[0]).reshape(-1, rows, columns, count)
    products = [a[..., None] * b for a, b in zip(slices, factors, strict=True)]
    return sum(products[1:], products[0]).reshape(*products[0].shape[:3], -1)
