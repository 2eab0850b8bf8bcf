"""Batch normalisation against the formula differentiated by JAX, and finite differences."""

import numpy as np
import pytest

from saccade.models.backend import jax
from saccade.models.normalise import normalise

jnp, lax = jax.numpy, jax.lax
SHAPES = {
    "batch first": ((6, 5, 4, 3), 3),
    "odd places": ((3, 5, 3, 2), 3),
    "features": ((10, 4), 1),
    "batch last": ((3, 4, 5, 6), 0),
}


@pytest.fixture(autouse=True)
def double_precision():
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


def drawn(shape, channel):
    rng = np.random.default_rng(0)
    count = shape[channel]
    return rng.normal(3, 2, shape), rng.normal(1, 0.3, count), rng.normal(size=count)


def formula(x, gamma, beta, epsilon, channel):
    others = tuple(axis for axis in range(x.ndim) if axis != channel)
    each = [1] * x.ndim
    each[channel] = -1
    mean, variance = x.mean(others), x.var(others)
    scaled = (x - mean.reshape(each)) / jnp.sqrt(variance + epsilon).reshape(each)
    return scaled * gamma.reshape(each) + beta.reshape(each), mean, variance


@pytest.mark.parametrize(("shape", "channel"), SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("ends", [[], [2], [1, 2]], ids=["whole", "two", "three"])
def test_values_and_slopes_are_the_formulas(shape, channel, ends):
    batch = 0 if channel else -1

    def in_parts(x, *given):
        parts, mean, variance = normalise(tuple(jnp.split(x, ends, batch)), *given)
        return jnp.concatenate(parts, batch), mean, variance

    given = drawn(shape, channel)
    weight = np.random.default_rng(1).normal(size=shape)

    def total(function):
        return lambda *given: (function(*given, 1e-3, channel)[0] * weight).sum()

    for ours, theirs in zip(
        in_parts(*given, 1e-3, channel), formula(*given, 1e-3, channel), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    slopes = [jax.grad(total(f), argnums=(0, 1, 2))(*given) for f in (in_parts, formula)]
    for ours, theirs in zip(*slopes, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_slopes_are_the_differences():
    x, gamma, beta = drawn((4, 3, 2, 2), 3)
    weight = np.random.default_rng(1).normal(size=x.shape)

    def total(x):
        return (jnp.tanh(normalise((x,), gamma, beta, 1e-3, 3)[0][0]) * weight).sum()

    slope, step = jax.grad(total)(x), 1e-6
    for place in ((0, 0, 0, 0), (2, 1, 1, 1), (3, 2, 1, 0)):
        moved = np.zeros_like(x)
        moved[place] = step
        difference = (total(x + moved) - total(x - moved)) / (2 * step)
        assert slope[place] == pytest.approx(float(difference), rel=1e-6)


def test_moving_averages_send_no_slope():
    given = drawn((4, 3, 2, 2), 3)
    slope = jax.grad(lambda x: normalise((x,), *given[1:], 1e-3, 3)[1].sum())(given[0])
    assert not slope.any()
