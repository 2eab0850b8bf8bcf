"""Convolution of batch-last values: channels, height, width, batch.

It walks over the places under a kernel and takes one static slice of the picture for each; the
batch fills the vector lanes (DESIGN section 5).
"""

from typing import Any, Literal

from saccade.models.backend import jax

jnp, lax = jax.numpy, jax.lax
Array = Any
Padding = Literal["same", "valid"]


def convolve_patches(x: Array, kernel: Array, strides: tuple[int, int], padding: Padding) -> Array:
    """Cross-correlation of x [c, h, w, n] with kernel [kh, kw, c, f] -> [f, h', w', n].

    Patches are static slices put one above the other: [kh*kw*c, h'*w'*n]. `padding` is Keras'.
    """
    high, wide, _, filters = kernel.shape
    slices = slices_under(x, (high, wide), strides, padding, outside=0)
    _, rows, columns, count = slices[0].shape
    patches = jnp.concatenate(slices).reshape(-1, rows * columns * count)
    product = kernel.reshape(-1, filters).T @ patches
    return product.reshape(filters, rows, columns, count)


def slices_under(
    x: Array, size: tuple[int, int], strides: tuple[int, int], padding: Padding, outside: float
) -> list[Array]:
    """What lies under each place of a window of `size`, row by row: [c, h', w', n] each."""
    (rows, top, bottom), (columns, left, right) = (
        extent(*along, padding) for along in zip(x.shape[1:3], size, strides, strict=True)
    )
    x = jnp.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=outside)
    down, across = strides
    channels, _, _, count = x.shape
    return [
        lax.slice(
            x,
            (0, i, j, 0),
            (channels, i + (rows - 1) * down + 1, j + (columns - 1) * across + 1, count),
            (1, down, across, 1),
        )
        for i in range(size[0])
        for j in range(size[1])
    ]


def extent(length: int, kernel: int, stride: int, padding: Padding) -> tuple[int, int, int]:
    """(output size, padding before, padding after) along one axis, as TensorFlow's SAME."""
    if padding == "valid":
        return (length - kernel) // stride + 1, 0, 0
    output = -(-length // stride)
    total = max((output - 1) * stride + kernel - length, 0)
    return output, total // 2, total - total // 2
