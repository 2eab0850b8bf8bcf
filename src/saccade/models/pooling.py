"""Pooling of values whose second and third axes are height and width, batch-first or batch-last.

It walks over the places of a window and takes one static slice of the picture for each.
"""

import math
from functools import partial, reduce
from typing import Any

from saccade.models.backend import jax
from saccade.models.patches import Padding, extent, slices_under

jnp, lax = jax.numpy, jax.lax
Array = Any


def pool_max(x: Array, size: tuple[int, int], strides: tuple[int, int], padding: Padding) -> Array:
    """The largest value of each window: [a, h, w, b] -> [a, h', w', b].

    >>> pool_max(jnp.arange(9.0).reshape(1, 3, 3, 1), (2, 2), (1, 1), "valid").ravel().tolist()
    [4.0, 5.0, 7.0, 8.0]
    """
    (rows, *above), (columns, *beside) = (
        extent(*along, padding) for along in zip(x.shape[1:3], size, strides, strict=True)
    )
    if tuple(size) == tuple(strides) and not any(above + beside):
        return _largest_of_tiles(x[:, : rows * size[0], : columns * size[1]], tuple(size))
    return reduce(jnp.maximum, slices_under(x, size, strides, padding, outside=-jnp.inf))


def pool_mean(x: Array, size: tuple[int, int], strides: tuple[int, int], padding: Padding) -> Array:
    """The mean of each window, of what lies inside the picture: [a, h, w, b] -> [a, h', w', b].

    >>> pool_mean(jnp.arange(4.0).reshape(1, 2, 2, 1), (2, 2), (1, 1), "same").ravel().tolist()
    [1.5, 2.0, 2.5, 3.0]
    """
    total = reduce(jnp.add, slices_under(x, size, strides, padding, outside=0))
    if padding == "valid":
        return total / math.prod(size)
    ones = jnp.ones((1, *x.shape[1:3], 1), x.dtype)
    return total / reduce(jnp.add, slices_under(ones, size, strides, padding, outside=0))


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def _largest_of_tiles(x: Array, size: tuple[int, int]) -> Array:
    """Of windows side by side that cover the picture.

    Its slope goes to the first of the largest, as Keras has it. What is kept is where that was, not
    what was there: half the time of what JAX makes of the comparisons (docs/lab-notes.md).
    """
    return reduce(jnp.maximum, slices_under(x, size, size, "valid", outside=0))


def _forward(x: Array, size: tuple[int, int]) -> tuple[Array, Array]:
    largest = _largest_of_tiles(x, size)
    first = jnp.zeros(largest.shape, jnp.int32)
    for place, values in reversed([*enumerate(slices_under(x, size, size, "valid", outside=0))]):
        first = jnp.where(values == largest, place, first)
    return largest, first


def _backward(size: tuple[int, int], first: Array, slope: Array) -> tuple[Array]:
    a, rows, columns, b = slope.shape
    tiles = (a, rows, size[0], columns, size[1], b)
    down, across = (lax.broadcasted_iota(jnp.int32, tiles, axis) for axis in (2, 4))
    here = down * size[1] + across == first[:, :, None, :, None]
    slopes = jnp.where(here, slope[:, :, None, :, None], 0)
    return (slopes.reshape(a, rows * size[0], columns * size[1], b),)


_largest_of_tiles.defvjp(_forward, _backward)
