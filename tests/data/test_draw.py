"""A few labelled pictures of every class: how many, which, and always the same."""

from itertools import pairwise

import numpy as np
import pytest

from saccade.core.records import Split
from saccade.data.draw import draw

COUNTS = (40, 25, 7)


@pytest.fixture(scope="module")
def split():
    labels = np.random.default_rng(1).permutation(np.repeat(np.arange(3), COUNTS))
    pixels = np.arange(len(labels), dtype=np.uint8).reshape(-1, 1, 1, 1)
    return Split(pixels, labels, [str(i) for i in range(len(labels))])


@pytest.mark.parametrize("seed", [0, 1])
def test_as_many_of_each_class_as_there_are(split, seed):
    for count in (1, 5, 10, 30):
        drawn = draw(split, count, 3, seed)
        assert np.bincount(drawn.labels).tolist() == [min(count, each) for each in COUNTS]
        assert drawn.names == sorted(drawn.names, key=int)
        assert [str(value) for value in drawn.pixels.ravel()] == drawn.names


@pytest.mark.parametrize("seed", [0, 1])
def test_more_hold_the_fewer(split, seed):
    sets = [set(draw(split, count, 3, seed).names) for count in (1, 2, 5, 10, 30)]
    assert all(small < large for small, large in pairwise(sets))


def test_each_seed_draws_others_and_the_same_again(split):
    first, other, again = (draw(split, 5, 3, seed).names for seed in (0, 1, 0))
    assert first == again != other


def test_all_are_all(split):
    assert draw(split, None, 3, 0) is split
