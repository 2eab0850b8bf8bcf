"""Convolution in groups, each of which sees channels of its own, as few ordinary convolutions.

XLA's own is far from a processor's limit, and its slopes are farther still (docs/lab-notes.md).
Here so many groups are put together that an ordinary convolution is quick: its kernel holds theirs
along the diagonal, and zeros, which cost less than they save.
"""

from collections.abc import Callable
from typing import Any

from saccade.models.backend import jax

jnp = jax.numpy
Array = Any

WIDE = 32
"""Channels that one ordinary convolution takes at the least, if its groups are narrower."""
MOST = 8
"""Ordinary convolutions for a layer at the most: each has to be compiled."""


def convolve_grouped(
    convolve: Callable[[Array, Array], Array], x: Array, kernel: Array, groups: int
) -> Array:
    """`convolve` of x [n, h, w, c] with kernel [kh, kw, c / groups, f], in groups.

    The first f / groups maps see the first c / groups channels, and so on.

    >>> x = jnp.array([[[[1.0, 10.0]]]])
    >>> product = lambda x, kernel: x @ kernel[0, 0]
    >>> convolve_grouped(product, x, jnp.array([[[[2.0, 3.0]]]]), groups=2).tolist()
    [[[[2.0, 30.0]]]]
    """
    together = groups_together(groups, kernel.shape[2])
    blocks = groups // together
    return jnp.concatenate(
        [
            convolve(channels, _diagonal(part, together))
            for channels, part in zip(
                jnp.split(x, blocks, axis=3), jnp.split(kernel, blocks, axis=3), strict=True
            )
        ],
        axis=3,
    )


def groups_together(groups: int, channels: int) -> int:
    """How many groups of `channels` each are one convolution: a divisor of `groups`.

    >>> groups_together(32, 4), groups_together(64, 32), groups_together(2, 48)
    (8, 8, 1)
    """
    divisors = [n for n in range(1, groups + 1) if groups % n == 0]
    return next(n for n in divisors if n == groups or (n * channels >= WIDE and groups <= n * MOST))


def _diagonal(kernel: Array, groups: int) -> Array:
    """[kh, kw, c, groups * m] -> [kh, kw, groups * c, groups * m], zero between groups."""
    high, wide, channels, maps = kernel.shape
    own = jnp.eye(groups, dtype=kernel.dtype)[:, None, :, None]
    each = kernel.reshape(high, wide, 1, channels, groups, maps // groups)
    return (each * own).reshape(high, wide, groups * channels, maps)
