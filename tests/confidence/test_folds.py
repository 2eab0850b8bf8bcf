"""Folds: every picture once, classes even, groups whole."""

import numpy as np
import pytest

from saccade.confidence.folds import folds
from saccade.core.errors import BadData


@pytest.mark.parametrize("count", [2, 3, 5])
def test_classes_are_even_in_every_fold(count, rng):
    labels = rng.integers(0, 7, 500)
    fold = folds(labels, count)
    for label in range(7):
        sizes = np.bincount(fold[labels == label], minlength=count)
        assert sizes.max() - sizes.min() <= 1
    assert np.ptp(np.bincount(fold)) <= 1


def test_the_seed_decides(rng):
    labels = rng.integers(0, 3, 60)
    assert np.array_equal(folds(labels, 3), folds(labels, 3))
    assert not np.array_equal(folds(labels, 3), folds(labels, 3, seed=1))


def test_groups_stay_whole_and_folds_nearly_even(rng):
    groups = rng.integers(0, 60, 900)
    labels = groups % 3
    fold = folds(labels, 3, groups=groups)
    for group in range(60):
        assert len(set(fold[groups == group])) <= 1
    for label in range(3):
        sizes = np.bincount(fold[labels == label], minlength=3)
        assert sizes.min() > 0.7 * sizes.max()


@pytest.mark.parametrize("count, groups", [(1, None), (11, None), (3, np.zeros(10, int))])
def test_folds_that_can_not_be_made_are_refused(count, groups):
    with pytest.raises(BadData, match="folds can be made"):
        folds(np.zeros(10, int), count, groups=groups)
