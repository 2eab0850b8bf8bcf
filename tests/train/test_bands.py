"""Bands of equal mass."""

import numpy as np
import pytest

from saccade.train.bands import SAMPLE, Spread


def test_each_of_the_seven_parts_holds_equally_many(rng):
    values = rng.normal(size=70_000)
    bands = Spread([values.size]).bands([values])
    counts, _ = np.histogram(values, bands.astype(np.float64))
    np.testing.assert_allclose(counts, 10_000, atol=2)
    assert bands[0] == np.float32(values.min())
    assert bands[-1] == np.float32(values.max())


def test_several_arrays_are_one_heap():
    bands = Spread([3, 4]).bands([np.array([7, 6, 0]), np.array([[1, 2], [3, 4]])])
    np.testing.assert_allclose(bands, np.quantile([0, 1, 2, 3, 4, 6, 7], np.linspace(0, 1, 8)))


def test_a_large_heap_is_judged_by_the_same_sample_of_every_part(rng):
    small, large = rng.uniform(10, 11, 100_000), rng.uniform(0, 1, (300, 1000))
    spread = Spread([small.size, large.size])
    assert spread.sampled
    bands = spread.bands([small, large])
    np.testing.assert_array_equal(bands, spread.bands([small, large]))
    # A quarter of the mass lies in the small one: the boundary at 6/7 within it, that at 5/7 not.
    assert bands[5] < 1
    assert 10 < bands[6] < 11
    exact = np.quantile(np.concatenate([small, large.ravel()]), np.linspace(0, 1, 8))
    np.testing.assert_allclose(bands, exact, atol=5 / np.sqrt(SAMPLE))


@pytest.mark.parametrize("size, sampled", [(100_000, False), (100_001, True)])
def test_up_to_100000_values_are_exact(size, sampled):
    spread = Spread([size])
    assert spread.sampled == sampled
    values = np.zeros(size)
    values[12_345] = 5
    assert sampled or spread.bands([values])[-1] == 5


def test_nothing_has_no_bands():
    assert np.isnan(Spread([]).bands([])).all()
