"""Means and intervals over seeds, and how many labels transfer needs."""

import math

import numpy as np
import pytest
from scipy import stats

from saccade.core.interval import wilson
from saccade.train.curve import curve, labels_needed


def row(model, per_class, accuracy, seed=0, start="scratch", classes=10):
    labels = 1000 if per_class is None else per_class * classes
    return {
        "model": model,
        "start": start,
        "per_class": per_class,
        "seed": seed,
        "labels": labels,
        "labels_per_class": labels / classes,
        "seconds": 2.0,
        "test": {"accuracy": accuracy, "n": 200},
    }


def test_a_point_is_the_mean_of_its_seeds_with_students_interval():
    shares = [0.70, 0.75, 0.80]
    first, second = curve(
        [row("conv", 5, share, seed) for seed, share in enumerate(shares)] + [row("conv", 10, 0.9)]
    )
    reach = stats.t.ppf(0.975, 2) * np.std(shares, ddof=1) / math.sqrt(3)
    assert (first["accuracy"], first["seeds"], first["interval"]) == (pytest.approx(0.75), 3, "t")
    assert (first["low"], first["high"]) == pytest.approx((0.75 - reach, 0.75 + reach))
    assert second["interval"] == "Wilson"
    assert (second["low"], second["high"]) == wilson(180, 200)


def needed(*transfer, scratch=((1, 0.3), (None, 0.8))):
    rows = [row("conv", *point) for point in scratch]
    rows += [row("base", *point, start="transfer") for point in transfer]
    [found] = labels_needed(curve(rows))
    return found


def test_it_is_the_fewest_measured_that_match_and_a_guess_between():
    found = needed((1, 0.5), (10, 0.7), (50, 0.9), (None, 0.95))
    assert (found["rival"], found["rival_accuracy"], found["rival_labels"]) == ("conv", 0.8, 100)
    assert (found["at_most"], found["share"]) == (50, 0.5)
    # Half way from 10 to 50 on the logarithmic axis.
    assert found["about"] == pytest.approx(math.sqrt(10 * 50))


def test_one_lucky_point_is_no_match():
    assert needed((1, 0.5), (10, 0.85), (50, 0.75), (None, 0.9))["at_most"] == 100


def test_the_first_point_may_do_and_no_guess_is_made_below_it():
    found = needed((1, 0.85), (10, 0.9))
    assert (found["at_most"], found["about"]) == (1, None)


def test_none_may_do():
    found = needed((1, 0.5), (None, 0.7))
    assert (found["at_most"], found["about"], found["share"]) == (None, None, None)
    assert (found["best"], found["best_labels"]) == (0.7, 100)


def test_the_rival_is_the_best_of_those_with_most_labels():
    rows = [row("conv", 10, 0.99), row("conv", None, 0.7), row("deep", None, 0.8)]
    [found] = labels_needed(curve([*rows, row("base", 5, 0.9, start="transfer")]))
    assert found["rival"] == "deep"


def test_without_both_kinds_nothing_follows():
    assert labels_needed(curve([row("conv", 5, 0.7)])) == []
    assert labels_needed(curve([row("base", 5, 0.7, start="transfer")])) == []
