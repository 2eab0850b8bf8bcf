"""The intervals against values worked out elsewhere."""

import math

import numpy as np
import pytest
from scipy import stats

from saccade.core.interval import (
    combined,
    student,
    student_of_mean,
    student_quantile,
    wilson,
)


@pytest.mark.parametrize(
    ("correct", "n", "low", "high"),
    [
        # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I,
        # method 3 (score without continuity correction).
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_that_of_the_literature(correct, n, low, high):
    assert wilson(correct, n) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("n", [1, 2, 10, 359, 10_000])
def test_it_holds_the_share_and_stays_between_0_and_1(n):
    for correct in {0, 1, n // 2, n - 1, n}:
        low, high = wilson(correct, n)
        assert 0 <= low <= correct / n + 1e-15
        assert correct / n - 1e-15 <= high <= 1
        assert high > low


def test_wrong_and_right_answers_mirror_each_other():
    low, high = wilson(30, 100)
    mirrored = wilson(70, 100)
    assert (1 - high, 1 - low) == pytest.approx(mirrored, abs=1e-12)


def test_more_pictures_or_less_confidence_make_it_narrower():
    def width(*values: float) -> float:
        low, high = wilson(*values)
        return high - low

    assert width(9000, 10_000) < width(900, 1000) < width(90, 100)
    assert width(90, 100, 0.5) < width(90, 100, 0.95) < width(90, 100, 0.99)
    assert math.isclose(width(900_000, 1_000_000) * 1000, 2 * 1.96 * 0.3, rel_tol=1e-3)


@pytest.mark.parametrize(("correct", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_a_share_that_is_none_is_refused(correct, n):
    with pytest.raises(ValueError, match=f"got {correct} of {n}"):
        wilson(correct, n)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 10, 99])
@pytest.mark.parametrize("probability", [0.5, 0.6, 0.975, 0.995])
def test_students_quantiles_are_those_of_scipy(freedom, probability):
    expected = stats.t.ppf(probability, freedom)
    assert student_quantile(probability, freedom) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_students_interval_is_the_formula():
    shares = [0.71, 0.74, 0.69, 0.75, 0.70]
    reach = stats.t.ppf(0.975, 4) * np.std(shares, ddof=1) / np.sqrt(5)
    expected = (np.mean(shares) - reach, np.mean(shares) + reach)
    assert student(shares) == pytest.approx(expected, rel=1e-9)
    assert student([0.1, 0.9]) == (0.0, 1.0)
    with pytest.raises(ValueError, match="two values"):
        student([0.5])


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        # Newcombe 1998, "Interval estimation for the difference between independent proportions",
        # table II, method 10 (score without continuity correction).
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((0, 10), (0, 10), -0.2775, 0.2775),
    ],
)
def test_a_difference_of_shares_is_that_of_the_literature(first, second, low, high):
    terms = [
        (sign, correct / n, wilson(correct, n)) for sign, (correct, n) in ((1, first), (-1, second))
    ]
    value, *ends = combined(terms)
    assert value == pytest.approx(first[0] / first[1] - second[0] / second[1])
    assert ends == pytest.approx([low, high], abs=1e-4)


def test_a_sum_is_as_sure_as_its_parts_together():
    share = (1, 0.9, (0.88, 0.91))
    assert combined([share]) == pytest.approx((0.9, 0.88, 0.91))
    assert combined([(-2, 0.9, (0.88, 0.91))]) == pytest.approx((-1.8, -1.82, -1.76))
    value, low, high = combined([share] * 4)
    assert (value, low, high) == pytest.approx((3.6, 3.6 - 2 * 0.02, 3.6 + 2 * 0.01))


def test_a_mean_of_differences_may_be_below_zero():
    values = [-0.05, -0.01, -0.03]
    low, high = student_of_mean(values)
    assert (low, high) == pytest.approx(
        stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
    )
    assert low < 0 and student([0.001, 0.002, 0.05])[0] == 0.0
    with pytest.raises(ValueError, match="two values"):
        student_of_mean([0.1])
