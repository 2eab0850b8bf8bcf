"""Conformal sets: MAPIE's, and the coverage they promise."""

import numpy as np
import pytest
from scipy.special import softmax

from saccade.confidence.conformal import fit_conformal, sets_on
from saccade.core.calibration import Calibration
from saccade.core.errors import BadData, BadUsage
from saccade.core.scores import nonconformity


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95])
def test_lac_is_mapies(drawn, coverage):
    from mapie.classification import SplitConformalClassifier
    from sklearn.base import BaseEstimator, ClassifierMixin

    class Told(ClassifierMixin, BaseEstimator):
        classes_ = np.arange(5)
        fitted_ = True

        def fit(self, x, y):
            return self

        def predict_proba(self, x):
            return softmax(x, axis=1)

        def predict(self, x):
            return x.argmax(axis=1)

    logits, labels = drawn(733)
    new, _ = drawn(400, seed=1)
    theirs = SplitConformalClassifier(
        Told(), confidence_level=coverage, conformity_score="lac", prefit=True
    ).conformalize(logits, labels)
    _, inside = theirs.predict_set(new)
    fitted = fit_conformal(softmax(logits, axis=1), labels, coverage)
    ours = Calibration("none", (1.0,) * 5, (0.0,) * 5, conformal=fitted).sets(new)
    expected = [set(np.flatnonzero(row)) for row in inside[:, :, 0]]
    assert [set(one) for one in ours] == expected


@pytest.mark.parametrize("kind", ["LAC", "APS"])
@pytest.mark.parametrize("n", [19, 60, 500])
def test_the_coverage_is_kept_on_average(drawn, kind, n):
    """The promise is on average over calibration sets, and at most 1 / (n + 1) above for LAC."""
    found = []
    for seed in range(40):
        logits, labels = drawn(n + 500, seed=seed)
        shares = softmax(logits, axis=1)
        fitted = fit_conformal(shares[:n], labels[:n], 0.9, kind)
        found.append(sets_on(fitted, shares[n:], labels[n:]).coverage)
    error = np.std(found) / np.sqrt(40)
    assert np.mean(found) > 0.9 - 3 * error
    if kind == "LAC":
        assert np.mean(found) < 0.9 + 1 / (n + 1) + 3 * error


@pytest.mark.parametrize("seed", range(5))
def test_the_plain_quantile_would_promise_too_much(seed):
    """Of n + 1 exchangeable scores the last is among the lowest k with probability k / (n + 1)."""
    scores = np.random.default_rng(seed).permutation(9) / 10
    shares = np.stack([1 - scores, scores], 1)
    fitted = fit_conformal(shares, np.zeros(9, int), 0.8)
    assert fitted.quantile == pytest.approx(0.7)  # the 8th of 9, not the 7.2th
    assert (scores <= fitted.quantile + 1e-12).sum() == 8


def test_too_few_pictures_make_sets_of_everything(drawn):
    logits, labels = drawn(8)
    shares = softmax(logits, axis=1)
    for kind in ("LAC", "APS"):
        told = sets_on(fit_conformal(shares, labels, 0.9, kind), shares, labels)
        assert (told.coverage, told.mean_size, told.empty) == (1.0, 5.0, 0.0)


def test_aps_always_holds_the_likeliest_and_lac_may_hold_none(drawn):
    """A network that is right far more often than asked for."""
    logits, labels = drawn(2000, scale=1.0)
    logits[np.arange(2000), labels] += 9
    shares = softmax(logits, axis=1)
    lac = sets_on(fit_conformal(shares, labels, 0.8), shares, labels)
    aps = sets_on(fit_conformal(shares, labels, 0.8, "APS"), shares, labels)
    assert lac.coverage == pytest.approx(0.8, abs=0.01) and lac.empty > 0.15
    assert aps.empty == 0 and aps.coverage > 0.98 and aps.mean_size < 1.05
    for told in (lac, aps):
        assert told.empty + told.single <= 1


def test_sets_are_told_as_they_are(drawn):
    logits, labels = drawn(300)
    shares = softmax(logits, axis=1)
    fitted = fit_conformal(shares, labels, 0.85)
    told = sets_on(fitted, shares, labels)
    sets = Calibration("none", (1.0,) * 5, (0.0,) * 5, conformal=fitted).sets(logits)
    sizes = [len(one) for one in sets]
    assert told.mean_size == pytest.approx(np.mean(sizes))
    assert told.coverage == np.mean([label in one for label, one in zip(labels, sets, strict=True)])
    assert told.single == sizes.count(1) / 300 and told.n == 300


def test_scores_of_certain_answers_stay_within_0_and_1():
    shares = np.array([[1.0, 0.0, 0.0], [1 / 3] * 3])
    for kind in ("LAC", "APS"):
        scores = nonconformity(shares, kind)
        assert scores.min() >= 0 and scores.max() <= 1


@pytest.mark.parametrize("coverage", [0, 1, 2, -1, float("nan")])
def test_a_coverage_out_of_range_is_refused(coverage):
    with pytest.raises(BadUsage, match="--coverage"):
        fit_conformal(np.full((5, 2), 0.5), np.zeros(5, int), coverage)


def test_no_answers_are_refused():
    with pytest.raises(BadData):
        fit_conformal(np.zeros((0, 2)), np.zeros(0, int), 0.9)
