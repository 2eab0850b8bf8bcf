"""Batch normalisation in training (Ioffe and Szegedy 2015, arXiv 1502.03167), with its gradient.

The paper's own gradient passes over the activations half as often as what differentiation makes of
the forward pass; where memory is the limit, that is the time it takes (docs/lab-notes.md).
"""

import math
from functools import partial
from typing import Any

from saccade.models.backend import jax

jnp, lax = jax.numpy, jax.lax
Array = Any

PARTS = 4  # of a sum over places: XLA gives each to a core of its own


def normalise(
    x: Array, gamma: Array, beta: Array, epsilon: float, channel: int
) -> tuple[Array, Array, Array]:
    """(normalised x, mean [c], variance [c]) over all axes but `channel`, the first or the last.

    The variance is the batch's own (biased). Mean and variance are for moving averages: no slope
    goes back through them alone.

    >>> y, mean, variance = normalise(jnp.array([[1.0], [3.0]]), jnp.ones(1), jnp.zeros(1), 0.0, 1)
    >>> y.ravel().tolist(), mean.item(), variance.item()
    ([-1.0, 1.0], 2.0, 1.0)
    """
    y, mean, variance = _normalise(x, gamma, beta, epsilon, channel)
    return y, lax.stop_gradient(mean), lax.stop_gradient(variance)


@partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _normalise(
    x: Array, gamma: Array, beta: Array, epsilon: float, channel: int
) -> tuple[Array, Array, Array]:
    each = _shape(x, channel)
    mean = _mean(x, channel)
    centred = x - mean.reshape(each)
    variance = _mean(jnp.square(centred), channel)
    factor = lax.rsqrt(variance + epsilon) * gamma
    return centred * factor.reshape(each) + beta.reshape(each), mean, variance


def _forward(x: Array, gamma: Array, beta: Array, epsilon: float, channel: int) -> Any:
    y, mean, variance = _normalise(x, gamma, beta, epsilon, channel)
    return (y, mean, variance), (x, mean, variance, gamma)


def _backward(epsilon: float, channel: int, kept: Any, slopes: Any) -> tuple[Array, Array, Array]:
    """The paper's section 3, its sums put together."""
    x, mean, variance, gamma = kept
    slope, each = slopes[0], _shape(x, channel)
    shrink = lax.rsqrt(variance + epsilon)
    centred = x - mean.reshape(each)
    of_y = _mean(slope, channel)
    of_scaled = _mean(slope * centred, channel) * shrink
    along = centred * (of_scaled * shrink).reshape(each)
    of_x = (slope - of_y.reshape(each) - along) * (gamma * shrink).reshape(each)
    count = x.size // x.shape[channel]
    return of_x, of_scaled * count, of_y * count


_normalise.defvjp(_forward, _backward)


def _shape(x: Array, channel: int) -> tuple[int, ...]:
    """A number a channel, beside `x`."""
    return tuple(-1 if axis == channel else 1 for axis in range(x.ndim))


def _mean(x: Array, channel: int) -> Array:
    """By channel. Where channels come last, in parts: one sum over all places has one core."""
    if channel == 0:
        return x.mean(tuple(range(1, x.ndim)))
    places = math.prod(x.shape[:-1])
    parts = math.gcd(PARTS, places)
    parted = x.reshape(parts, places // parts, x.shape[-1])
    return parted.sum(1).sum(0) / places
