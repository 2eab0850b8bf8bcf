"""Answers averaged over views, beside the plain ones."""

import json

import numpy as np
import pytest

import saccade
from saccade.core.errors import BadUsage
from saccade.core.records import Split
from saccade.train import views
from saccade.train.evaluate import evaluate, evaluate_views
from saccade.train.views import VIEWS, averaged_answers, shifted, views_named


class Asked:
    """Answers with what stands in a picture's corner, and remembers what it was asked."""

    def __init__(self):
        self.seen = []

    def logits(self, weights, pixels):
        self.seen.append(np.array(pixels))
        corner = np.asarray(pixels)[:, 0, 0, 0].astype(float)
        return np.stack([corner, np.zeros(len(corner))], 1)


def split_of(count):
    pixels = np.zeros((count, 2, 2, 1), np.uint8)
    pixels[:, 0, 0, 0], pixels[:, 0, 1, 0] = 1, 200
    return Split(pixels, np.zeros(count, np.int32), range(count))


def test_probabilities_are_averaged_not_logits(monkeypatch):
    monkeypatch.setattr(views, "TOGETHER", 2)  # and what is a block at a time is put together
    asked = Asked()
    answers = averaged_answers(asked, {}, split_of(5), views_named("flip"))
    expected = (1 / (1 + np.exp(-1)) + 1) / 2  # of logits 1 and 200
    np.testing.assert_allclose(answers.probabilities[:, 0], np.full(5, expected))
    assert len(answers) == 5
    assert [len(pixels) for pixels in asked.seen] == [2, 2, 2, 2, 1, 1]


def test_certain_answers_stay_finite():
    answers = averaged_answers(Asked(), {}, split_of(1), [shifted(0, -1)] * 2)
    assert np.isfinite(answers.logits).all()
    assert answers.logits[0, 1] == pytest.approx(-200)


def test_views_are_different_pictures_and_the_first_is_the_picture():
    picture = np.arange(1, 10, dtype=np.uint8).reshape(1, 3, 3, 1)
    for name, count in (("flip", 2), ("shift", 5), ("flip-shift", 10)):
        seen = [view(picture) for view in VIEWS[name]]
        assert (seen[0] == picture).all()
        assert len({pixels.tobytes() for pixels in seen}) == count
    assert shifted(1, 0)(picture)[0, :, 0, 0].tolist() == [1, 1, 4]
    assert shifted(0, -1)(picture)[0, 0, :, 0].tolist() == [2, 3, 3]


def test_other_views_are_named():
    with pytest.raises(BadUsage, match="Did you mean `flip`"):
        views_named("flipp")


def test_they_stand_beside_the_runs_accuracy_and_change_nothing_of_it(tmp_path):
    run = saccade.create_run(tmp_path / "run")
    recipe = saccade.recipe("softmax", steps=50)
    _ = list(saccade.record(saccade.fit("softmax", saccade.load("digits"), recipe), run))
    metrics, reads = run.path / "eval" / "metrics.json", run.path / "eval" / "test_reads.jsonl"
    before = metrics.read_bytes()
    plain, predictions = evaluate(run)
    beside, same, averaged = evaluate_views(run, "flip")
    assert beside == plain
    assert (same.logits == predictions.logits).all()
    assert averaged.n == plain.n
    assert averaged.loss > plain.loss + 0.1  # digits in a mirror are none
    assert metrics.read_bytes() == before
    told = [json.loads(line) for line in reads.read_text().splitlines()]
    assert [one["why"] for one in told] == [
        "end of training",
        "saccade eval",
        "saccade eval",
        "saccade eval --tta flip",
    ]
    assert told[-1]["accuracy"] == averaged.accuracy
