"""Batch normalisation in training (Ioffe and Szegedy 2015, arXiv 1502.03167), with its gradient.

The paper's own gradient passes over the activations half as often as what differentiation makes of
the forward pass; where memory is the limit, that is the time it takes (docs/lab-notes.md).
"""

import math
from functools import partial, reduce
from typing import Any

from saccade.models.backend import jax

jnp, lax = jax.numpy, jax.lax
Array = Any

SUMS = 4  # of places, added up: XLA gives each to a core of its own

Parts = tuple[Array, ...]


def normalise(
    parts: Parts, gamma: Array, beta: Array, epsilon: float, channel: int
) -> tuple[Parts, Array, Array]:
    """(normalised parts, mean [c], variance [c]) over all axes but `channel`: the first or last.

    `parts` are one batch, in one piece or several. The variance is the batch's own (biased). Mean
    and variance are for moving averages: no slope goes back through them alone. Whatever the parts'
    precision, they are computed in that of `gamma`.

    >>> x = jnp.array([[1.0], [3.0]])
    >>> (y,), mean, variance = normalise((x,), jnp.ones(1), jnp.zeros(1), 0.0, 1)
    >>> y.ravel().tolist(), mean.item(), variance.item()
    ([-1.0, 1.0], 2.0, 1.0)
    """
    normal, mean, variance = _normalise(parts, gamma, beta, epsilon, channel)
    return normal, lax.stop_gradient(mean), lax.stop_gradient(variance)


@partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _normalise(
    parts: Parts, gamma: Array, beta: Array, epsilon: float, channel: int
) -> tuple[Parts, Array, Array]:
    each = _shape(parts[0], channel)
    exact = _exactly(parts, gamma)
    mean = _mean(exact, channel)
    centred = tuple(x - mean.reshape(each) for x in exact)
    variance = _mean(tuple(jnp.square(x) for x in centred), channel)
    factor = (lax.rsqrt(variance + epsilon) * gamma).reshape(each)
    normal = tuple(x * factor + beta.reshape(each) for x in centred)
    return _as_parts(normal, parts), mean, variance


def _forward(parts: Parts, gamma: Array, beta: Array, epsilon: float, channel: int) -> Any:
    normal, mean, variance = _normalise(parts, gamma, beta, epsilon, channel)
    return (normal, mean, variance), (parts, mean, variance, gamma)


def _backward(epsilon: float, channel: int, kept: Any, slopes: Any) -> tuple[Parts, Array, Array]:
    """The paper's section 3, its sums put together."""
    parts, mean, variance, gamma = kept
    each = _shape(parts[0], channel)
    shrink = lax.rsqrt(variance + epsilon)
    centred = tuple(x - mean.reshape(each) for x in _exactly(parts, gamma))
    of_normal = _exactly(slopes[0], gamma)
    of_y = _mean(of_normal, channel)
    products = tuple(s * x for s, x in zip(of_normal, centred, strict=True))
    of_scaled = _mean(products, channel) * shrink
    along, factor = (of_scaled * shrink).reshape(each), (gamma * shrink).reshape(each)
    of_parts = tuple(
        (slope - of_y.reshape(each) - x * along) * factor
        for slope, x in zip(of_normal, centred, strict=True)
    )
    count = _places(parts, channel)
    return _as_parts(of_parts, parts), of_scaled * count, of_y * count


_normalise.defvjp(_forward, _backward)


def _exactly(parts: Parts, gamma: Array) -> Parts:
    return tuple(x.astype(gamma.dtype) for x in parts)


def _as_parts(exact: Parts, parts: Parts) -> Parts:
    return tuple(y.astype(x.dtype) for y, x in zip(exact, parts, strict=True))


def _shape(x: Array, channel: int) -> tuple[int, ...]:
    """A number a channel, beside `x`."""
    return tuple(-1 if axis == channel else 1 for axis in range(x.ndim))


def _places(parts: Parts, channel: int) -> int:
    """How many numbers of one channel there are."""
    return sum(x.size // x.shape[channel] for x in parts)


def _mean(parts: Parts, channel: int) -> Array:
    """By channel, over all parts."""
    total = reduce(jnp.add, [_sum(x, channel) for x in parts])
    return total / _places(parts, channel)


def _sum(x: Array, channel: int) -> Array:
    """By channel. Where channels come last, in several sums: one over all places has one core."""
    if channel == 0:
        return x.sum(tuple(range(1, x.ndim)))
    places = math.prod(x.shape[:-1])
    sums = math.gcd(SUMS, places)
    return x.reshape(sums, places // sums, x.shape[-1]).sum(1).sum(0)
