"""XLA's own convolution, batch-first, with an input gradient that multiplies no zeros.

Outside a loop XLA hands convolutions of more than 16 channels to a library that comes close to the
machine's limit (docs/lab-notes.md: 150 to 208 GFLOP/s on two cores, patches 30 to 100). What it
makes itself of the input gradient of a stride of two is a convolution over a picture three
quarters of which are zeros; here each of the four kinds of places gets a small convolution of its
own (sub-pixel form: Shi et al. 2016, arXiv 1609.07009). And its kernel gradient, a convolution
whose window is a whole batch of slopes, leaves the cache: 18 GFLOP/s become 110 in groups of
pictures.
"""

from functools import partial
from typing import Any

import numpy as np

from saccade.models.backend import jax
from saccade.models.patches import Padding, extent

jnp, lax = jax.numpy, jax.lax
Array = Any

LAYOUT = ("NHWC", "HWIO", "NHWC")
# Places of a group of slopes at once; the fewest pictures of a group, so that there are not many.
GROUP_PLACES, GROUP_LEAST = 4096, 8


@partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def convolve_direct(x: Array, kernel: Array, strides: tuple[int, int], padding: Padding) -> Array:
    """Cross-correlation of x [n, h, w, c] with kernel [kh, kw, c, f] -> [n, h', w', f].

    `padding` is Keras'.

    >>> x = jnp.arange(4.0).reshape(1, 2, 2, 1)
    >>> convolve_direct(x, jnp.ones((2, 2, 1, 1)), (1, 1), "valid").item()
    6.0
    """
    return lax.conv_general_dilated(x, kernel, strides, padding.upper(), dimension_numbers=LAYOUT)


def _forward(
    x: Array, kernel: Array, strides: tuple[int, int], padding: Padding
) -> tuple[Array, tuple[Array, Array]]:
    return convolve_direct(x, kernel, strides, padding), (x, kernel)


def _backward(
    strides: tuple[int, int], padding: Padding, kept: tuple[Array, Array], slope: Array
) -> tuple[Array, Array]:
    x, kernel = kept
    of_kernel = kernel_slope(x, slope, kernel, strides, padding)
    return input_slope(slope, kernel, strides, padding, x.shape), of_kernel


convolve_direct.defvjp(_forward, _backward)


def kernel_slope(
    x: Array, slope: Array, kernel: Array, strides: tuple[int, int], padding: Padding
) -> Array:
    """The gradient by the kernel, from the output's [n, h', w', f], summed over groups."""
    count, high, wide = slope.shape[:3]
    size = max(GROUP_LEAST, GROUP_PLACES // (high * wide))
    total: Any = jnp.zeros(kernel.shape, jnp.promote_types(kernel.dtype, jnp.float32))
    for start in range(0, count, size):
        group = slice(start, start + size)

        def plain(kernel: Array, pictures: Array = x[group]) -> Array:
            return lax.conv_general_dilated(
                pictures, kernel, strides, padding.upper(), dimension_numbers=LAYOUT
            )

        total = total + jax.vjp(plain, kernel)[1](slope[group])[0]
    return total.astype(kernel.dtype)


def input_slope(
    slope: Array,
    kernel: Array,
    strides: tuple[int, int],
    padding: Padding,
    shape: tuple[int, int, int, int],
) -> Array:
    """The gradient by the input [n, h, w, c] of `shape`, from the output's [n, h', w', f].

    Places whose distance is a multiple of the stride lie under the same places of the kernel: each
    such class is a convolution with stride one. The classes are then put between each other.
    """
    count, high, wide, channels = shape
    along = [
        _classes(*sizes, padding)
        for sizes in zip((high, wide), kernel.shape[:2], strides, slope.shape[1:3], strict=True)
    ]
    rows = []
    for down in along[0]:
        row = [_one_class(slope, kernel, down, across) for across in along[1]]
        rows.append(jnp.stack(row, axis=3))
    together = jnp.stack(rows, axis=2)  # n, h / stride, stride, w / stride, stride, c
    _, tall, _, broad, _, _ = together.shape
    whole = together.reshape(count, tall * strides[0], broad * strides[1], channels)
    return whole[:, :high, :wide]


# Places in the kernel, in the order of the outputs they fed; padding before and after the slope.
_Class = tuple[list[int], tuple[int, int]]


def _classes(length: int, kernel: int, stride: int, outputs: int, padding: Padding) -> list[_Class]:
    """One class for each remainder of a place by the stride, along one axis.

    Input y was multiplied with kernel place i for output (y + before - i) / stride.
    """
    _, before, _ = extent(length, kernel, stride, padding)
    count = -(-length // stride)
    classes: list[_Class] = []
    for remainder in range(stride):
        places = [i for i in reversed(range(kernel)) if (remainder + before - i) % stride == 0]
        if not places:  # a stride longer than the kernel: nothing came from here
            classes.append(([], (0, count - outputs)))
            continue
        first, last = ((remainder + before - i) // stride for i in (places[0], places[-1]))
        classes.append((places, (-first, count - 1 + last - (outputs - 1))))
    return classes


def _one_class(slope: Array, kernel: Array, down: _Class, across: _Class) -> Array:
    (rows, tall), (columns, broad) = down, across
    if not rows or not columns:
        shape = (
            slope.shape[0],
            slope.shape[1] + sum(tall) - max(len(rows), 1) + 1,
            slope.shape[2] + sum(broad) - max(len(columns), 1) + 1,
            kernel.shape[2],
        )
        return jnp.zeros(shape, slope.dtype)
    part = jnp.asarray(kernel)[np.ix_(rows, columns)].swapaxes(2, 3)
    return lax.conv_general_dilated(slope, part, (1, 1), (tall, broad), dimension_numbers=LAYOUT)
