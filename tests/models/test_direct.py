"""XLA's convolution with our input gradient, against XLA's own and against finite differences."""

import itertools

import numpy as np
import pytest

from saccade.models.backend import jax
from saccade.models.direct import (
    GROUP_LEAST,
    GROUP_PLACES,
    LAYOUT,
    convolve_direct,
    kernel_slope,
)
from saccade.models.patches import convolve_patches

jnp, lax = jax.numpy, jax.lax

GRID = [
    (size, kernel, strides, padding)
    for size, kernel, strides, padding in itertools.product(
        [(7, 10), (8, 5)],
        [(1, 1), (2, 3), (3, 3), (5, 4)],
        [(1, 1), (2, 2), (1, 2), (3, 2)],
        ["same", "valid"],
    )
]


@pytest.fixture
def double_precision():
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


def plain(x, kernel, strides, padding):
    return lax.conv_general_dilated(x, kernel, strides, padding.upper(), dimension_numbers=LAYOUT)


def drawn(size, kernel, channels=(3, 4), dtype=np.float64):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, *size, channels[0])).astype(dtype)
    return x, rng.normal(size=(*kernel, *channels)).astype(dtype)


@pytest.mark.parametrize("size, kernel, strides, padding", GRID)
def test_value_and_slopes_are_those_of_the_plain_convolution(
    size, kernel, strides, padding, double_precision
):
    x, k = drawn(size, kernel)
    expected, backward = jax.vjp(lambda x, k: plain(x, k, strides, padding), x, k)
    value, ours = jax.vjp(lambda x, k: convolve_direct(x, k, strides, padding), x, k)
    np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-12)
    slope = np.random.default_rng(1).normal(size=expected.shape)
    for mine, theirs in zip(ours(slope), backward(slope), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-10)
    last = convolve_patches(x.transpose(3, 1, 2, 0), k, strides, padding)
    np.testing.assert_allclose(value, last.transpose(3, 1, 2, 0), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    "strides, padding", [((1, 1), "same"), ((2, 2), "same"), ((3, 2), "valid")]
)
def test_slopes_are_finite_differences(strides, padding, double_precision):
    x, k = drawn((7, 8), (4, 3))
    aim = np.random.default_rng(2).normal(size=plain(x, k, strides, padding).shape)

    def loss(x, k):
        return (jnp.tanh(convolve_direct(x, k, strides, padding)) * aim).sum()

    rng, slopes = np.random.default_rng(3), jax.grad(loss, (0, 1))(x, k)
    for i, slope in enumerate(slopes):
        along = rng.normal(size=slope.shape)
        ahead, behind = (
            loss(*(a + step * along if j == i else a for j, a in enumerate((x, k))))
            for step in (1e-6, -1e-6)
        )
        assert float((slope * along).sum()) == pytest.approx(float(ahead - behind) / 2e-6, rel=1e-6)


@pytest.mark.parametrize("channels", [(1, 24), (24, 48), (48, 17)])
def test_many_channels_in_single_precision(channels):
    """Those of more than 16 go to another library, compiled."""
    x, k = drawn((14, 14), (5, 5), channels, np.float32)

    def both(convolve):
        value, backward = jax.vjp(lambda x, k: convolve(x, k, (2, 2), "same"), x, k)
        return value, *backward(value)

    for mine, theirs in zip(
        jax.jit(both, static_argnums=0)(convolve_direct), both(plain), strict=True
    ):
        np.testing.assert_allclose(
            mine, theirs, rtol=1e-4, atol=1e-4 * float(jnp.abs(theirs).max())
        )


@pytest.mark.parametrize("count", [8, 20])
def test_kernel_slopes_of_groups_of_pictures_add_up(double_precision, count):
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(count, 30, 26, 2)), rng.normal(size=(3, 3, 2, 3))
    slope = rng.normal(size=(count, 30, 26, 3))
    assert 30 * 26 * GROUP_LEAST > GROUP_PLACES  # groups of the least size
    [wanted] = jax.vjp(lambda kernel: plain(x, kernel, (1, 1), "same"), kernel)[1](slope)
    found = kernel_slope(x, slope, kernel, (1, 1), "same")
    np.testing.assert_allclose(found, wanted, rtol=1e-9)
