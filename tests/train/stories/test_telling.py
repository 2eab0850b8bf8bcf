"""A story told for real, on digits: its runs, its rows, its verdicts."""

import dataclasses

import pytest

import saccade
from saccade.core.errors import BadUsage
from saccade.run.directory import Run
from saccade.run.durable import read_json
from saccade.run.events import Finished
from saccade.train.commands import Stop
from saccade.train.evaluate import evaluate
from saccade.train.prepare import with_watched
from saccade.train.recipe import Recipe
from saccade.train.restore import restore
from saccade.train.schedule import Constant
from saccade.train.stories.claim import gain, more_than
from saccade.train.stories.story import Lines, Row, Story
from saccade.train.stories.telling import Plan, tell


@pytest.fixture(scope="module")
def digits():
    return saccade.load("digits")


def done(plan, folder, **how):
    return [(each, list(each.events)[-1]) for each in tell(plan, folder, **how)]


def test_every_row_is_trained_with_every_seed(told):
    _, trainings, facts = told
    assert [(t.rung.model, t.seed) for t, _ in trainings] == [
        (name, seed) for name in ("one", "other") for seed in (0, 1)
    ]
    assert all(isinstance(last, Finished) for _, last in trainings)
    assert [row["rung"] for row in facts["rows"]] == ["one", "other"]
    assert (facts["story"], facts["data"]) == ("tiny", "digits")


def test_a_row_says_what_its_runs_say(told):
    _, trainings, facts = told
    runs = [Run(t.run.path) for t, _ in trainings[:2]]
    ends = [[e for e in run.events() if e["event"] == "Evaluated"][-1] for run in runs]
    validation = facts["rows"][0]["validation"]
    assert validation["n"] == sum(end["n"] for end in ends)
    assert validation["accuracy"] == pytest.approx(sum(end["accuracy"] for end in ends) / 2)
    assert validation["low"] < validation["accuracy"] < validation["high"]
    tests = [run.metrics["test"]["accuracy"] for run in runs]
    assert facts["rows"][0]["test"]["accuracy"] == pytest.approx(sum(tests) / 2)


def test_train_is_answered_by_the_last_weights(told, digits):
    """And not by the batches of the last epoch, each before its own update."""
    _, trainings, facts = told
    runs = [Run(t.run.path) for t, _ in trainings[2:]]
    right = 0
    for run in runs:
        trained = restore(run, "last")
        assert trained.step == 20
        train = with_watched(digits, trained.engine.recipe).train
        answers = trained.engine.logits(trained.weights, train.pixels).argmax(1)
        right += (answers == train.labels).sum()
    told_of = facts["rows"][1]["train"]
    assert told_of["n"] == 2 * len(train)
    assert told_of["accuracy"] == pytest.approx(right / told_of["n"])


def test_claims_and_a_chart_come_with_the_last_row(told):
    folder, _, facts = told
    assert [set(claim) for claim in facts["claims"]] == [{"says", "found", "holds", "margin"}]
    assert [chart["kind"] for chart in facts["charts"]] == ["lines"]
    assert (folder / "01-one-seed0" / "run.json").exists()


def test_a_run_of_a_story_can_be_asked_later(told):
    _, trainings, _ = told
    run = Run(trainings[0][0].run.path)
    again, _ = evaluate(run)
    assert again.accuracy == run.metrics["test"]["accuracy"]


@pytest.fixture(scope="module")
def tiny():
    """Two rows that hardly differ, and a claim of them."""
    one, other = (
        Row(name, name, "softmax", Recipe(steps=20, evaluate_every=10, pixel_scale=scale))
        for name, scale in (("one", 1 / 255), ("other", 1 / 256))
    )

    def claims(told):
        difference = gain(told["one"].measures, told["other"].measures)
        return [more_than("one is better", str(difference), difference)]

    def charts(told):
        return [Lines("accuracy", "steps", {name: row.line() for name, row in told.items()})]

    return Story("tiny", "a tiny one", (one, other), claims, charts)


@pytest.fixture(scope="module")
def told(digits, tiny, tmp_path_factory):
    """It, with two seeds."""
    folder = tmp_path_factory.mktemp("story") / "here"
    plan = Plan(tiny, digits, seeds=2)
    return folder, done(plan, folder), read_json(folder / "ladder.json")


def test_what_diverges_is_a_row_that_guesses(digits, tiny, tmp_path):
    wild = dataclasses.replace(tiny.rows[0].recipe, optimizer="sgd", schedule=Constant(1e38))
    rows = (dataclasses.replace(tiny.rows[0], recipe=wild), tiny.rows[1])
    done(Plan(dataclasses.replace(tiny, rows=rows), digits), tmp_path / "here")
    facts = read_json(tmp_path / "here" / "ladder.json")
    first, second = facts["rows"]
    assert (first["steered"], first["test"], first["seconds"]) == ("diverged", None, None)
    assert first["validation"]["accuracy"] == pytest.approx(0.1, abs=0.01)
    assert first["parameters"] == second["parameters"] == 650
    assert [claim["holds"] for claim in facts["claims"]] == [False]


def test_of_a_steered_training_nothing_is_said(digits, tiny, tmp_path):
    def commands(run):
        stopped = "01-" in run.path.name
        return lambda events: [Stop("enough")] if stopped and len(events) > 1 else []

    done(Plan(tiny, digits), tmp_path / "here", commands=commands)
    facts = read_json(tmp_path / "here" / "ladder.json")
    assert facts["rows"][0]["steered"].startswith("stopped at step")
    assert [claim["holds"] for claim in facts["claims"]] == [None]
    assert "a training was stopped" in facts["claims"][0]["found"]


def test_a_story_that_is_broken_off_keeps_its_rows(digits, tiny, tmp_path):
    trainings = tell(Plan(tiny, digits), tmp_path / "here")
    _ = list(next(trainings).events)
    second = next(trainings)
    second.events.close()
    trainings.close()
    facts = read_json(tmp_path / "here" / "ladder.json")
    assert [row["rung"] for row in facts["rows"]] == ["one"]
    assert "claims" not in facts


def test_no_seed_is_no_plan(digits, tiny):
    with pytest.raises(BadUsage, match="--seeds"):
        Plan(tiny, digits, seeds=0)
