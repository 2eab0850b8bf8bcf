"""Winograd's convolution against the plain one: exact in double precision, bounded in single."""

import itertools

import numpy as np
import pytest

from saccade.models import winograd
from saccade.models.backend import jax
from saccade.models.direct import LAYOUT
from saccade.models.winograd import convolve_winograd, pays

lax = jax.lax


@pytest.fixture
def double_precision():
    with jax.enable_x64(True):
        yield


def plain(x, kernel, padding):
    return lax.conv_general_dilated(x, kernel, (1, 1), padding.upper(), dimension_numbers=LAYOUT)


def drawn(count, size, channels, filters, padding):
    """A picture, a kernel, and a slope of what they give."""
    rng = np.random.default_rng(0)
    less = 0 if padding == "same" else 2
    shapes = [
        (count, *size, channels),
        (3, 3, channels, filters),
        (count, size[0] - less, size[1] - less, filters),
    ]
    return [rng.normal(size=shape) for shape in shapes]


def passes(convolve, x, kernel, slope, padding):
    """The value and both slopes."""
    value, backward = jax.vjp(lambda x, k: convolve(x, k, padding), x, kernel)
    return value, *backward(slope)


# Groups of a picture, of a few with some left over, of all.
GROUPS = (1, 70, 10_000)
SIZES = [*itertools.product([3, 6, 7], [4, 5])]
# Whole tiles and cut ones both ways, groups of each kind; the rest is slow.
FEW = {(70, (6, 4)), (70, (7, 5)), (1, (7, 4)), (10_000, (6, 5))}
CASES = [
    pytest.param(group, size, marks=[] if (group, size) in FEW else [pytest.mark.slow])
    for group, size in itertools.product(GROUPS, SIZES)
]


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("group, size", CASES)
def test_value_and_slopes_are_those_of_the_plain_convolution(
    size, padding, group, double_precision, monkeypatch
):
    monkeypatch.setattr(winograd, "GROUP_PLACES", group)
    given = drawn(5, size, 3, 4, padding)
    for mine, theirs in zip(
        passes(convolve_winograd, *given, padding), passes(plain, *given, padding), strict=True
    ):
        np.testing.assert_allclose(mine, theirs, rtol=1e-11, atol=1e-11)


def test_in_single_precision_its_error_stays_within_a_few_times_the_plain_ones():
    """Of sums of 9 times 256 terms; both against double precision, by root mean squares."""
    given = drawn(4, (8, 8), 256, 128, "same")
    single = [array.astype(np.float32) for array in given]
    ours = jax.jit(passes, static_argnums=(0, 4))(convolve_winograd, *single, "same")
    theirs = jax.jit(passes, static_argnums=(0, 4))(plain, *single, "same")
    with jax.enable_x64(True):
        truth = [np.asarray(value) for value in passes(plain, *given, "same")]
    for mine, other, true in zip(ours, theirs, truth, strict=True):
        size = np.sqrt(np.square(true).mean())
        error, usual = (np.sqrt(np.square(np.asarray(v) - true).mean()) for v in (mine, other))
        assert error < 1e-6 * size
        assert error < 8 * max(usual, 1e-8 * size)


@pytest.mark.parametrize(
    "shape, strides, told",
    [
        ((3, 3, 64, 128), (1, 1), True),
        ((3, 3, 512, 512), (1, 1), True),
        ((3, 3, 64, 64), (1, 1), False),
        ((3, 3, 32, 4096), (1, 1), False),
        ((3, 3, 128, 128), (2, 2), False),
        ((3, 5, 128, 128), (1, 1), False),
    ],
)
def test_it_is_for_many_channels_and_its_own_kind_of_kernel(shape, strides, told):
    assert pays(np.zeros(shape), strides) is told
