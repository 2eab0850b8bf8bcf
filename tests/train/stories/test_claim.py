"""Differences, their intervals, and what they decide."""

import math

import numpy as np
import pytest

from saccade.core.interval import wilson
from saccade.train.stories.claim import Difference, contrast, gain, more_than, steps_to


def test_one_seeds_difference_has_newcombes_interval(made_up):
    """Newcombe 1998, table II, method 10: 56 of 70 against 48 of 80."""
    first, second = made_up("a", 56 / 70, n=70), made_up("b", 48 / 80, n=80)
    difference = gain(first.measures, second.measures)
    assert difference.value == pytest.approx(0.2)
    assert (difference.low, difference.high) == pytest.approx((0.0524, 0.3339), abs=1e-4)


def test_several_seeds_are_compared_seed_by_seed(made_up):
    """A seed that is hard for both says nothing of their difference."""
    first, second = made_up("a", 0.91, 0.71, 0.81), made_up("b", 0.90, 0.70, 0.80)
    difference = gain(first.measures, second.measures)
    assert difference.value == pytest.approx(0.01)
    assert difference.high - difference.low < 1e-9
    uneven = gain(made_up("a", 0.91, 0.73, 0.80).measures, second.measures)
    values = [0.01, 0.03, 0.0]
    reach = 4.302653 * np.std(values, ddof=1) / math.sqrt(3)
    assert uneven.low == pytest.approx(np.mean(values) - reach, abs=1e-6)
    assert uneven.high == pytest.approx(np.mean(values) + reach, abs=1e-6)


def test_a_difference_of_gaps_is_as_wide_as_its_four_parts(made_up):
    plain = made_up("plain", 0.88, train=1.0, n=58_000)
    other = made_up("other", 0.90, train=0.99, n=58_000)
    narrower = contrast(
        (1, plain.measures, "train"),
        (-1, plain.measures, "validation"),
        (-1, other.measures, "train"),
        (1, other.measures, "validation"),
    )
    assert narrower.value == pytest.approx(0.03)
    low, _ = wilson(2_000, 2_000)
    assert narrower.value - narrower.low > 1.0 - low  # at least as much as the first part alone
    assert narrower.low < narrower.value < narrower.high


@pytest.mark.parametrize(
    "low, high, least, holds",
    [
        (0.01, 0.05, 0.0, True),
        (-0.01, 0.05, 0.0, None),
        (-0.05, -0.01, 0.0, False),
        (-0.005, 0.02, -0.01, True),
        (-0.02, 0.02, -0.01, None),
        (-0.05, -0.02, -0.01, False),
        (0.0, 0.05, 0.0, None),
    ],
)
def test_a_claim_holds_if_all_of_the_interval_does(low, high, least, holds):
    claim = more_than("a is better", "found", Difference((low + high) / 2, low, high), least)
    assert claim.holds is holds
    assert claim.margin == pytest.approx((low + high) / 2 - least)


def test_the_step_is_the_first_that_was_evaluated_there(made_up):
    [measure] = made_up("a", 0.9, curve=[(10, 0.5), (20, 0.92), (30, 0.91)]).measures
    assert [steps_to(measure, share) for share in (0.4, 0.9, 0.92, 0.93)] == [10, 20, 20, None]
