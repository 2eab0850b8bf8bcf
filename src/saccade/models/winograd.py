"""3x3 convolution with stride one in four multiplications where there were nine: F(2x2, 3x3).

Lavin and Gray 2015, arXiv 1509.09308. Two by two outputs are a product, value by value, of a 4x4
tile of the picture and the kernel, both transformed, transformed back; over channels and filters
that is sixteen matrix products. The transforms are sums over whole maps, which only many channels
make up for (docs/lab-notes.md). All three passes go this way: the slope of the input is a
convolution too, the kernel's the same algorithm read backwards.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from saccade.models.backend import jax
from saccade.models.patches import Padding, extent

jnp, lax = jax.numpy, jax.lax
Array = Any

# With fewer channels, or channels times filters, the transforms cost more than they spare.
LEAST_CHANNELS, LEAST_PAIRS = 64, 64 * 128
# Places of a group of pictures at once, so that what is transformed stays in the cache.
GROUP_PLACES = 32768

TILE = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]])
KERNEL = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
OUTPUT = np.array([[1, 1, 1, 0], [0, 1, -1, -1]])

Grid = list[list[Array]]  # what belongs to each place of a tile, row by row


def pays(kernel: Array, strides: tuple[int, int]) -> bool:
    """Whether a kernel [kh, kw, c, f] is of the kind, and large enough, to be faster this way."""
    *window, channels, filters = kernel.shape
    many = min(channels, filters) >= LEAST_CHANNELS and channels * filters >= LEAST_PAIRS
    return many and tuple(window) == (3, 3) and tuple(strides) == (1, 1)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def convolve_winograd(x: Array, kernel: Array, padding: Padding) -> Array:
    """Cross-correlation of x [n, h, w, c] with kernel [3, 3, c, f] -> [n, h', w', f], stride one.

    `padding` is Keras'. In single precision its error is a few times that of a plain sum.

    >>> convolve_winograd(jnp.ones((1, 3, 4, 1)), jnp.ones((3, 3, 1, 1)), "valid")[0, ..., 0]
    Array([[9., 9.]], dtype=float32)
    """
    return _padded(x, _both(KERNEL, _grid(kernel)), _around(x, padding))


def _forward(x: Array, kernel: Array, padding: Padding) -> tuple[Array, tuple[Array, Array]]:
    return convolve_winograd(x, kernel, padding), (x, kernel)


def _backward(padding: Padding, kept: tuple[Array, Array], slope: Array) -> tuple[Array, Array]:
    x, kernel = kept
    around = _around(x, padding)
    # A kernel turned about its middle, transformed, has its first and last place exchanged; what
    # was its filters are its channels.
    transformed = _both(KERNEL, _grid(kernel))
    turned = [[transformed[i][j].T for j in (3, 1, 2, 0)] for i in (3, 1, 2, 0)]
    beyond = [(2 - before, 2 - after) for before, after in around]
    return _padded(slope, turned, beyond), _kernel_slope(x, slope, around)


convolve_winograd.defvjp(_forward, _backward)

_Around = list[tuple[int, int]]  # zeros before and after, down and across


def _around(x: Array, padding: Padding) -> _Around:
    return [extent(length, 3, 1, padding)[1:] for length in x.shape[1:3]]


def _padded(x: Array, kernel: Grid, around: _Around) -> Array:
    """The convolution of x, with these zeros around it, with a transformed kernel."""
    high, wide = (
        length + sum(zeros) - 2 for length, zeros in zip(x.shape[1:3], around, strict=True)
    )
    x = _made(x)
    whole = [_one_group(part, kernel, around) for part in _groups(x, high * wide)]
    return _made(jnp.concatenate(whole)[:, :high, :wide])


def _one_group(x: Array, kernel: Grid, around: _Around) -> Array:
    tiles = _both(TILE, _tiles(x, around))
    products = [
        [tile @ part for tile, part in zip(*rows, strict=True)]
        for rows in zip(tiles, kernel, strict=True)
    ]
    return _interleave(_both(OUTPUT, products))


def _kernel_slope(x: Array, slope: Array, around: _Around) -> Array:
    """The gradient by the kernel [3, 3, c, f], summed over groups of pictures."""
    high, wide = slope.shape[1:3]
    x, slope = _made(x), _made(slope)
    total: Any = 0
    for part, above in zip(_groups(x, high * wide), _groups(slope, high * wide), strict=True):
        tiles = _both(TILE, _tiles(part, around))
        even = jnp.pad(above, ((0, 0), (0, high % 2), (0, wide % 2), (0, 0)))
        slopes = _both(OUTPUT.T, [[even[:, i::2, j::2] for j in (0, 1)] for i in (0, 1)])
        total += jnp.stack(
            [
                jnp.stack([jnp.einsum("nhwc,nhwf->cf", *pair) for pair in zip(*rows, strict=True)])
                for rows in zip(tiles, slopes, strict=True)
            ]
        )
    return jnp.stack([jnp.stack(row) for row in _both(KERNEL.T, _grid(total))])


def _made(x: Array) -> Array:
    """A value of its own: XLA would compute it anew for each of the many that read it."""
    return lax.optimization_barrier(x)  # type: ignore[no-untyped-call]


def _groups(x: Array, places: int) -> list[Array]:
    size = max(1, GROUP_PLACES // places)
    return [x[start : start + size] for start in range(0, len(x), size)]


def _grid(array: Array) -> Grid:
    return [list(row) for row in array]


def _tiles(x: Array, around: _Around) -> Grid:
    """The value at each place of all 4x4 tiles, which overlap by two: [n, h' / 2, w' / 2, c]."""
    count, high, wide, channels = x.shape
    # As many tiles as cover the outputs: an odd row more of zeros where those are odd.
    down, across = (
        -(-(length + sum(zeros) - 2) // 2)
        for length, zeros in zip((high, wide), around, strict=True)
    )
    (top, _), (left, _) = around
    below, beside = 2 * down + 2 - high - top, 2 * across + 2 - wide - left
    x = jnp.pad(x, ((0, 0), (top, below), (left, beside), (0, 0)))

    def place(i: int, j: int) -> Array:
        ends = (count, i + 2 * down - 1, j + 2 * across - 1, channels)
        return lax.slice(x, (0, i, j, 0), ends, (1, 2, 2, 1))

    return [[place(i, j) for j in range(4)] for i in range(4)]


def _both(matrix: np.ndarray, grid: Grid) -> Grid:
    """matrix @ grid @ matrix.T, of maps instead of numbers."""
    columns = [_sums(matrix, column) for column in zip(*grid, strict=True)]
    return [_sums(matrix, row) for row in zip(*columns, strict=True)]


def _sums(matrix: np.ndarray, values: Sequence[Array]) -> list[Array]:
    """matrix @ values without its zeros and ones."""
    return [
        sum(
            value if factor == 1 else value * float(factor)
            for factor, value in zip(row, values, strict=True)
            if factor
        )
        for row in matrix
    ]


def _interleave(places: Grid) -> Array:
    """[n, 2 h, 2 w, c] of the four maps of a tile's outputs."""
    rows = jnp.stack([jnp.stack(row, axis=3) for row in places], axis=2)
    count, down, _, across, _, channels = rows.shape
    return rows.reshape(count, 2 * down, 2 * across, channels)
