"""Temperature and vector scaling: they find what was done to logits, and never do harm."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, minimize_scalar
from scipy.special import log_softmax
from sklearn.metrics import log_loss

from saccade.confidence import scaling
from saccade.confidence.choosing import best_method, try_methods
from saccade.confidence.scaling import fit_scaling
from saccade.core.errors import BadData


def loss(fitted, logits, labels):
    return log_loss(labels, fitted.probabilities(logits), labels=range(fitted.classes))


def test_a_temperature_is_found_again(drawn):
    logits, labels = drawn(20_000, scale=3.0)
    fitted = fit_scaling(logits, labels, "temperature")
    assert fitted.scale == (fitted.scale[0],) * 5
    assert fitted.scale[0] == pytest.approx(1 / 3, rel=0.03)
    assert fitted.offset == (0.0,) * 5


def test_the_temperature_is_scikit_learns(drawn):
    """Its own, of a classifier that gives our logits; it fits without a prior."""
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    class Told(ClassifierMixin, BaseEstimator):
        classes_ = np.arange(5)

        def __init__(self):
            self.fitted_ = True

        def fit(self, x, y):
            return self

        def decision_function(self, x):
            return x

        def predict(self, x):
            return x.argmax(axis=1)

    logits, labels = drawn(5000, scale=2.5)
    theirs = CalibratedClassifierCV(FrozenEstimator(Told()), method="temperature")
    theirs.fit(logits, labels)
    new, _ = drawn(50, scale=2.5, seed=1)
    ours = fit_scaling(logits, labels, "temperature")
    assert np.abs(ours.probabilities(new) - theirs.predict_proba(new)).max() < 2e-3


def test_a_vector_is_found_again(drawn):
    scale, offset = [1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 0.0, -1.0, 0.5, -0.5]
    logits, labels = drawn(40_000, scale=scale, offset=offset)
    fitted = fit_scaling(logits, labels, "vector")
    assert np.allclose(fitted.scale, 1 / np.array(scale), rtol=0.08)
    assert np.allclose(fitted.offset, offset, atol=0.12)
    assert loss(fitted, logits, labels) < loss(
        fit_scaling(logits, labels, "temperature"), logits, labels
    )


def test_the_temperature_is_at_the_minimum(drawn):
    logits, labels = drawn(2000)
    n = len(labels)

    def objective(log_scale):
        shares = log_softmax(logits * np.exp(log_scale), axis=1)
        return -shares[np.arange(n), labels].mean() + log_scale**2 / (2 * n)

    expected = minimize_scalar(objective, bounds=(-4, 4), method="bounded").x
    assert np.log(fit_scaling(logits, labels, "temperature").scale[0]) == pytest.approx(
        expected, abs=1e-4
    )


def test_the_slopes_are_those_of_the_objectives(drawn, monkeypatch):
    """A wrong slope would still end somewhere; compared with finite differences it can't hide."""
    logits, labels = drawn(300, classes=3)
    seen = []

    def look(objective, start, bounds):
        point = start + np.linspace(-0.4, 0.6, len(start))
        numeric = approx_fprime(point, lambda x: objective(x)[0], 1e-6)
        seen.append(np.abs(objective(point)[1] - numeric).max())
        return start

    monkeypatch.setattr(scaling, "_minimum", look)
    fit_scaling(logits, labels, "vector")
    assert len(seen) == 2
    assert max(seen) < 1e-5


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, 40),
    classes=st.integers(2, 6),
    size=st.sampled_from([0.0, 1e-6, 1.0, 30.0, 1e4, 1e30]),
    right=st.sampled_from(["all", "none", "some"]),
    seed=st.integers(0, 9),
)
def test_no_set_is_too_small_or_too_easy(n, classes, size, right, seed):
    """Finite, within bounds, never worse than the network; vector never worse than temperature."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1, (n, classes)) * size
    labels = rng.integers(0, classes, n)
    if right != "some":
        labels = logits.argmax(axis=1) if right == "all" else logits.argmin(axis=1)
    losses = {}
    for method in ("none", "temperature", "vector"):
        fitted = fit_scaling(logits, labels, method)
        assert 0.019 < min(fitted.scale) <= max(fitted.scale) < 50.1
        calibrated = log_softmax(fitted.logits(logits), axis=1)
        losses[method] = -calibrated[np.arange(n), labels].mean()
    slack = 1e-9 * (1 + losses["none"])
    assert losses["vector"] <= losses["temperature"] + slack <= losses["none"] + 2 * slack


def test_a_few_right_answers_do_not_make_it_endlessly_sure():
    logits = np.eye(3)[np.arange(30) % 3] * 5.0
    fitted = fit_scaling(logits, np.arange(30) % 3, "temperature")
    assert 1 < fitted.scale[0] < 1.1


def test_many_pictures_do_make_it_surer(drawn):
    """A network that is not sure enough, as label smoothing makes one."""
    logits, labels = drawn(6000, scale=0.5)
    assert fit_scaling(logits, labels, "temperature").scale[0] == pytest.approx(2, rel=0.05)


def test_a_class_without_pictures_keeps_the_temperatures_numbers(drawn):
    logits, labels = drawn(2000)
    kept = labels != 4
    even = fit_scaling(logits[kept], labels[kept], "temperature")
    fitted = fit_scaling(logits[kept], labels[kept], "vector")
    assert np.isfinite(fitted.offset).all()
    assert 0.4 < fitted.scale[4] / even.scale[4] < 2.5


@pytest.mark.parametrize(
    "logits, labels",
    [
        (np.zeros((0, 3)), np.zeros(0, int)),
        (np.zeros((2, 3)), np.zeros(3, int)),
        (np.zeros((2, 1)), np.zeros(2, int)),
        (np.full((2, 3), np.nan), np.zeros(2, int)),
        (np.full((2, 3), np.inf), np.zeros(2, int)),
        (np.zeros((2, 3)), np.array([0, 3])),
        (np.zeros((2, 3)), np.array([0, -1])),
        (np.zeros((2, 3)), np.array([0.0, 1.0])),
        (np.zeros(3), np.zeros(3, int)),
    ],
)
def test_what_does_not_fit_is_refused(logits, labels):
    with pytest.raises(BadData):
        fit_scaling(logits, labels, "vector")


def test_trials_are_of_answers_that_were_not_fitted_on(drawn):
    """Labels at random: fitted on they help, held out they can't."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1, (60, 10))
    labels = rng.integers(0, 10, 60)
    trials = try_methods(logits, labels)
    for method in ("temperature", "vector"):
        fitted = fit_scaling(logits, labels, method)
        assert trials[method].loss > loss(fitted, logits, labels)
    assert np.array_equal(trials["none"].logits, logits)


def test_a_group_is_never_on_both_sides(drawn):
    """Forty times the same five pictures: with groups known, only five can tell anything."""
    logits, labels = drawn(5, seed=3)
    logits, labels = np.tile(logits, (40, 1)), np.tile(labels, 40)
    apart = try_methods(logits, labels, groups=np.tile(np.arange(5), 40))
    together = try_methods(logits, labels)
    assert apart["vector"].loss > together["vector"].loss


def test_the_vector_is_taken_where_it_is_clearly_better_only(drawn):
    even = try_methods(*drawn(3000, scale=3.0))
    assert best_method(even) == "temperature"
    uneven = try_methods(*drawn(3000, scale=[1.0, 2.0, 3.0, 4.0, 9.0], offset=[2.0, 0, 0, 0, -2]))
    assert best_method(uneven) == "vector"


def test_nothing_is_changed_where_that_is_no_better(drawn):
    """Calibrated answers: a temperature can't help, and once it does not it is not taken."""
    chosen = {best_method(try_methods(*drawn(400, scale=1.0, seed=seed))) for seed in range(8)}
    assert "none" in chosen


def test_one_picture_is_too_few_to_try():
    with pytest.raises(BadData, match="at least two pictures"):
        try_methods(np.zeros((1, 3)), np.zeros(1, int))
    with pytest.raises(BadData, match="two groups"):
        try_methods(np.zeros((4, 3)), np.zeros(4, int), groups=np.zeros(4, int))
