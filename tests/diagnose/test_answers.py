"""What is reckoned from answers, against what it says."""

import numpy as np
import pytest

from saccade.diagnose.answers import Answers


def answers(right, confidence):
    right = np.array(right, bool)
    return Answers(1, np.zeros(len(right), int), np.where(right, 0, 1), np.array(confidence))


def test_pairs_are_counted_one_by_one(rng):
    for _ in range(20):
        right = rng.random(30) < 0.6
        sure = rng.integers(0, 6, 30) / 5  # many are equal
        pairs = [(a > b) + (a == b) / 2 for a in sure[right] for b in sure[~right]]
        assert answers(right, sure).surer_when_right == pytest.approx(np.mean(pairs))


def test_without_both_kinds_there_are_no_pairs():
    assert answers([1, 1], [0.5, 0.6]).surer_when_right is None
    assert answers([0, 0], [0.5, 0.6]).surer_when_right is None


def test_the_loss_of_few_pictures_may_be_off_by_one_error():
    perfect = [answers([1] * n, [1.0] * n).loss_error for n in (99, 9_999)]
    assert perfect[0] == pytest.approx(0.062, abs=0.001)  # 6.2 nats, a picture in a hundred
    assert perfect[1] < perfect[0] / 50


def test_the_standard_error_is_that_of_the_mean(rng):
    """Against many draws of as many pictures."""
    sure = rng.uniform(0.3, 1, 100_000)
    right = rng.random(100_000) < sure
    losses = -np.log(np.where(right, sure, 1 - sure))
    means = losses.reshape(250, 400).mean(1)
    errors = [answers(right[i : i + 400], sure[i : i + 400]).loss_error for i in (0, 400, 800)]
    assert np.mean(errors) == pytest.approx(means.std(), rel=0.25)
