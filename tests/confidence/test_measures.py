"""Measures against scikit-learn's, plain loops and answers whose calibration is known."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from saccade.confidence.measures import BINS, bin_of, improvement, measure
from saccade.confidence.reliability import reliability
from saccade.core.errors import BadData
from saccade.core.interval import wilson


def values(probabilities, labels):
    return {n: m.value for n, m in measure(probabilities, labels, resamples=0).items()}


def plain_ece(said, right):
    total = 0.0
    for low in range(BINS):
        inside = (said > low / BINS) & (said <= (low + 1) / BINS) | ((said == 0) & (low == 0))
        if inside.any():
            total += inside.mean() * abs(said[inside].mean() - right[inside].mean())
    return total


def test_the_values_are_those_of_others(drawn):
    logits, labels = drawn(1000)
    shares = softmax(logits, axis=1)
    found = values(shares, labels)
    truth = np.eye(5)[labels]
    assert found["nll"] == pytest.approx(log_loss(labels, shares))
    assert found["brier"] == pytest.approx(((shares - truth) ** 2).sum(1).mean())
    top, right = shares.max(1), shares.argmax(1) == labels
    assert found["ece"] == pytest.approx(plain_ece(top, right))
    each = [plain_ece(shares[:, k], truth[:, k]) for k in range(5)]
    assert found["classwise_ece"] == pytest.approx(np.mean(each))


def test_briers_score_of_two_classes_is_twice_scikit_learns(drawn):
    logits, labels = drawn(500, classes=2)
    shares = softmax(logits, axis=1)
    assert values(shares, labels)["brier"] == pytest.approx(
        2 * brier_score_loss(labels, shares[:, 1])
    )


def test_the_diagram_is_scikit_learns_curve(drawn):
    logits, labels = drawn(2000)
    shares = softmax(logits, axis=1)
    top, right = shares.max(1), shares.argmax(1) == labels
    theirs = calibration_curve(right, top, n_bins=BINS)
    ours = reliability(shares, labels)
    assert [b.right for b in ours] == pytest.approx(theirs[0])
    assert [b.said for b in ours] == pytest.approx(theirs[1])
    assert sum(b.n for b in ours) == 2000
    for b in ours:
        assert (b.low, b.high) == wilson(round(b.right * b.n), b.n)
    gaps = sum(b.n * abs(b.said - b.right) for b in ours) / 2000
    assert gaps == pytest.approx(values(shares, labels)["ece"])


def test_answers_that_are_right_as_often_as_they_say_have_next_to_no_ece(drawn):
    logits, labels = drawn(50_000, scale=1.0)
    assert values(softmax(logits, axis=1), labels)["ece"] < 0.008
    assert values(softmax(3 * logits, axis=1), labels)["ece"] > 0.1


def test_what_is_always_right_and_sure_measures_nothing():
    certain = np.eye(3)[np.arange(9) % 3]
    found = measure(certain, np.arange(9) % 3, resamples=20)
    assert all(m.value == m.low == m.high == 0 for m in found.values())


def test_a_probability_of_zero_for_the_truth_is_a_finite_loss():
    found = values(np.array([[1.0, 0.0]]), np.array([1]))
    assert found["nll"] == pytest.approx(300 * np.log(10))
    assert found["brier"] == 2 and found["ece"] == 1


def test_intervals_hold_the_true_loss_as_often_as_they_say():
    """Forty sets of known loss: about 38 intervals hold it."""
    held = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        sure = rng.uniform(0.5, 1, 400)
        labels = (rng.uniform(size=400) > sure).astype(int)
        low_high = measure(np.stack([sure, 1 - sure], 1), labels, resamples=200)["brier"]
        held += low_high.low <= 1 / 3 <= low_high.high  # 2 p (1 - p), the mean over 0.5..1
    assert 34 <= held <= 40


def test_intervals_hold_the_value_and_are_drawn_by_the_seed(drawn):
    logits, labels = drawn(300)
    shares = softmax(logits, axis=1)
    one, two = (measure(shares, labels, resamples=100) for _ in range(2))
    other = measure(shares, labels, resamples=100, seed=1)
    assert one == two != other
    for m in one.values():
        assert 0 <= m.low <= m.value <= m.high
        assert m.high - m.low < 2 * m.value


def test_an_interval_shrinks_with_more_pictures(drawn):
    few, many = (
        measure(softmax(logits, axis=1), labels, resamples=200)["nll"]
        for logits, labels in (drawn(200), drawn(5000))
    )
    assert many.high - many.low < 0.5 * (few.high - few.low)


def test_edges_belong_to_the_bin_below():
    edges = np.linspace(0, 1, BINS + 1)
    assert bin_of(edges).tolist() == [0, *range(BINS)]
    assert bin_of(np.nextafter(edges[1:-1], 2)).tolist() == list(range(1, BINS))


def test_improvement_names_what_is_smaller(drawn):
    logits, labels = drawn(2000)
    before = measure(softmax(logits, axis=1), labels, resamples=0)
    after = measure(softmax(logits / 3, axis=1), labels, resamples=0)
    assert improvement(before, after) == ["nll", "ece", "classwise_ece", "brier"]
    assert improvement(before, before) == []


def test_what_does_not_fit_is_refused():
    for shares, labels in (
        (np.zeros((0, 2)), np.zeros(0, int)),
        (np.full((1, 2), np.nan), np.zeros(1, int)),
    ):
        for judge in (measure, reliability):
            with pytest.raises(BadData):
                judge(shares, labels)
