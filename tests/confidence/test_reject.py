"""Reject: the promised precision is kept, and what can't be promised is not."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from saccade.confidence.reject import (
    coverage_curve,
    fit_reject,
    highest_promise,
    promised,
)
from saccade.core.calibration import Calibration
from saccade.core.errors import BadData, BadUsage


def sample(n, seed, low=0.5):
    rng = np.random.default_rng(seed)
    sure = rng.uniform(low, 1, n)
    return np.stack([sure, 1 - sure], 1), (rng.uniform(size=n) > sure).astype(int)


def test_the_curve_is_that_of_plain_counting():
    shares, labels = sample(300, 0)
    shares = shares.round(2)  # many equal ones
    curve = coverage_curve(shares, labels)
    top, right = shares.max(1), shares.argmax(1) == labels
    assert len(curve.threshold) == len(set(top))
    for threshold, coverage, precision in zip(
        curve.threshold, curve.coverage, curve.precision, strict=True
    ):
        kept = top >= threshold
        assert (coverage, precision) == (kept.mean(), right[kept].mean())


def test_the_threshold_is_what_the_record_decides_by():
    shares, labels = sample(2000, 0)
    reject = fit_reject(shares, labels, 0.85)
    decide = Calibration("none", (1.0, 1.0), (0.0, 0.0), reject)
    accepted = np.array(decide.decisions(np.log(shares))) == "accept"
    assert accepted.mean() == pytest.approx(reject.coverage, abs=1e-3)
    right = shares.argmax(1) == labels
    assert right[accepted].mean() > 0.85


def test_the_promise_is_kept_on_new_pictures():
    """Of 200 thresholds at most one in twenty may break it; here the precision is known exactly."""
    broken = 0
    for seed in range(200):
        reject = fit_reject(*sample(500, seed), 0.8)
        if reject.threshold is not None:
            broken += (reject.threshold + 1) / 2 < 0.8  # the mean of what is above it
    assert broken <= 10


def test_the_plain_share_would_break_the_promise():
    """What the bound is for: without it, about every second threshold is too low."""
    broken = 0
    for seed in range(200):
        curve = coverage_curve(*sample(500, seed))
        lowest = curve.threshold[np.flatnonzero(curve.precision >= 0.8)[-1]]
        broken += (lowest + 1) / 2 < 0.8
    assert broken > 60


def test_more_pictures_keep_more():
    few, many = (fit_reject(*sample(n, 0), 0.8).coverage for n in (200, 20_000))
    assert few < many < 0.8
    assert many > 0.7  # all above 0.6: four fifths


@pytest.mark.parametrize("precision", [0.95, 0.9999])
def test_what_can_not_be_promised_is_not(precision):
    rng = np.random.default_rng(0)
    sure = rng.uniform(0.5, 1, 300)
    labels = rng.integers(0, 2, 300)  # right every second time
    reject = fit_reject(np.stack([sure, 1 - sure], 1), labels, precision)
    assert reject.threshold is None and reject.coverage == 0
    assert highest_promise(coverage_curve(np.stack([sure, 1 - sure], 1), labels)) < precision


def test_all_right_is_all_kept_if_there_are_enough():
    certain = np.eye(4)[np.arange(400) % 4]
    assert fit_reject(certain, np.arange(400) % 4, 0.95).coverage == 1
    assert fit_reject(certain[:20], np.arange(20) % 4, 0.95).threshold is None


def test_the_bound_is_scipys_exact_one():
    for right, n in ((90, 100), (1, 1), (3, 70)):
        exact = binomtest(right, n).proportion_ci(0.9, method="exact").low
        assert promised(right, n, 0.05) == pytest.approx(exact)
    assert binom.sf(89, 100, promised(90, 100, 0.05)) == pytest.approx(0.05)


@pytest.mark.parametrize("precision", [0, 1, 1.5, -1, float("nan")])
def test_a_precision_out_of_range_is_refused(precision):
    with pytest.raises(BadUsage, match="--precision"):
        fit_reject(*sample(10, 0), precision)


def test_no_answers_are_refused():
    with pytest.raises(BadData):
        fit_reject(np.zeros((0, 2)), np.zeros(0, int), 0.9)
