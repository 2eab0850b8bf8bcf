"""The unknown score's threshold and how it tells strangers."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from saccade.confidence.unknown import auroc, fit_known, fit_unknown
from saccade.core.calibration import Calibration
from saccade.core.errors import BadData, BadUsage
from saccade.core.scores import unknown_score


def test_the_area_is_scikit_learns(rng):
    known, strange = rng.normal(0, 1, 300).round(1), rng.normal(1, 1, 200).round(1)
    truth = np.r_[np.zeros(300), np.ones(200)]
    assert auroc(known, strange) == pytest.approx(roc_auc_score(truth, np.r_[known, strange]))
    assert auroc(np.zeros(3), np.zeros(4)) == 0.5
    assert auroc(np.zeros(3), np.ones(4)) == 1.0


def known_pictures(n, seed, classes=4):
    """Logits that point to their class, and labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    return 8 * np.eye(classes)[labels] + rng.normal(0, 2, (n, classes)), labels


def record(unknown, classes=4):
    return Calibration("none", (1.0,) * classes, (0.0,) * classes, unknown=unknown)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("score", ["energy", "energy or distance"])
def test_so_many_new_known_pictures_are_above_it(share, score):
    """On average over calibration sets; the distance's own fit is held out, which is careful."""
    found = []
    for seed in range(60):
        raw, labels = known_pictures(1400, seed)
        unknown = fit_unknown(raw[:400], labels[:400], share=share, score=score)
        found.append((record(unknown).unknown_score(raw[400:]) > unknown.threshold).mean())
    error = np.std(found) / np.sqrt(60)
    slack = 0.0 if score == "energy" else 0.003
    assert share - 1 / 401 - slack - 3 * error < np.mean(found) < share + slack + 3 * error


def test_the_told_share_is_that_of_the_pictures_it_was_fitted_on(rng):
    raw, labels = known_pictures(500, 0)
    unknown = fit_unknown(raw, labels, score="energy")
    assert record(unknown).decisions(raw).count("unknown") / 500 == unknown.share <= 0.05


@pytest.mark.parametrize(
    "stranger",
    [
        np.zeros(4),  # says nothing
        np.array([4.0, 4.0, -4.0, -4.0]),  # between two classes, as strong as any
        np.array([90.0, 0.0, 0.0, 0.0]),  # surer than any known picture
    ],
)
def test_weak_odd_and_far_too_sure_answers_are_all_strange(stranger):
    raw, labels = known_pictures(1000, 0)
    unknown = fit_unknown(raw, labels)
    assert unknown.score == "energy or distance"
    assert record(unknown).decisions(stranger[None]) == ["unknown"]
    by_energy = record(fit_unknown(raw, labels, score="energy"))
    weak = not stranger.any()
    assert (by_energy.decisions(stranger[None]) == ["unknown"]) == weak  # it sees no other


def test_the_distance_is_that_of_a_plain_loop():
    raw, labels = known_pictures(200, 0)
    known = fit_known(raw, labels)
    new, _ = known_pictures(20, 1)
    for row, told in zip(new - new.mean(1, keepdims=True), known.distances(new), strict=True):
        each = [np.sqrt((((row - m) / known.spread) ** 2).mean()) for m in np.array(known.means)]
        assert told == pytest.approx(min(each))


def test_an_offset_of_all_logits_changes_nothing():
    raw, labels = known_pictures(300, 0)
    unknown = fit_unknown(raw, labels)
    moved = record(unknown).unknown_score(raw + 1000)
    assert np.allclose(moved, record(unknown).unknown_score(raw), atol=1e-6)


def test_classes_of_a_few_pictures_have_no_means():
    raw, labels = known_pictures(36, 0)
    assert fit_unknown(raw, labels).score == "energy"
    raw, labels = known_pictures(40, 0)
    assert fit_unknown(raw, labels).score == "energy or distance"


def test_the_same_answer_for_every_picture_can_be_fitted():
    labels = np.arange(80) % 4
    unknown = fit_unknown(np.eye(4)[labels] * 5.0, labels)
    assert np.isfinite(record(unknown).unknown_score(np.eye(4))).all()


def test_of_a_few_pictures_none_is_called_unknown():
    raw, labels = known_pictures(9, 0)
    unknown = fit_unknown(raw, labels)
    assert unknown.share == 0
    assert unknown.threshold == unknown_score(raw, unknown.score).max()


@pytest.mark.parametrize("raw", [np.zeros((0, 3)), np.zeros(3), np.full((2, 3), np.nan)])
def test_what_are_no_logits_is_refused(raw):
    with pytest.raises(BadData):
        fit_unknown(raw, np.zeros(len(raw), int))


@pytest.mark.parametrize("share", [0, 1, -0.1])
def test_a_share_out_of_range_is_refused(share):
    with pytest.raises(BadUsage):
        fit_unknown(np.zeros((5, 3)), np.zeros(5, int), share=share)
