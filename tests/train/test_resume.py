"""A run that was stopped and resumed against the one that never was."""

import numpy as np
import pytest

import saccade
from saccade.core.errors import BadRun
from saccade.run.checkpoint import Checkpoint, read_checkpoint
from saccade.run.events import Evaluated, Saved, StepsDone
from saccade.train.commands import Save
from saccade.train.engine import Forms
from saccade.train.fit import Resume
from saccade.train.pace import Pace

FORMS = Forms("patches", "layers")


@pytest.fixture(scope="module")
def digits():
    return saccade.load("digits")


@pytest.mark.parametrize(
    "model, changes", [("softmax", {"ema": 0.9}), ("conv-bn", {"optimizer": "rmsprop"})]
)
def test_a_resumed_run_ends_in_the_same_bits(model, changes, digits, tmp_path, monkeypatch):
    recipe = saccade.recipe(model, steps=37, evaluate_every=10, batch_size=20, **changes)
    whole = saccade.create_run(tmp_path / "whole")
    events = list(saccade.record(saccade.fit(model, digits, recipe), whole))
    parted = saccade.create_run(tmp_path / "parted")
    monkeypatch.setattr(Pace, "steps", lambda self, left: min(3, left))  # 3, 6, 9, 10, 13
    stream = saccade.record(
        saccade.fit(model, digits, recipe, commands=lambda seen: [Save()]), parted
    )
    for event in stream:
        if isinstance(event, Saved) and event.step >= 13 and "last" in event.names:
            assert event.step % 10, "stopped at an evaluation, this proves little"
            stream.close()
    assert parted.state == "interrupted"
    assert parted.metrics == {}
    last = read_checkpoint(parted.checkpoints, "last")
    best = read_checkpoint(parted.checkpoints, "best")
    assert 13 <= last.step < 37
    forms = Forms(**parted.facts["forms"])
    resumed = saccade.fit(model, digits, recipe, resume=Resume(last, best, forms))
    rest = list(saccade.record(resumed, parted))
    assert rest[0].step == last.step
    for name in ("last", "best"):
        one, other = (read_checkpoint(run.checkpoints, name) for run in (whole, parted))
        assert one.step == other.step
        assert all((one.weights[key] == other.weights[key]).all() for key in one.weights)
        assert all((one.state[key] == other.state[key]).all() for key in one.state)
    assert rest[-1].test == events[-1].test
    assert steps_logged(parted) == steps_logged(whole)
    assert (parted.path / "metrics.csv").read_text() == (whole.path / "metrics.csv").read_text()


def steps_logged(run):
    """[(step, loss)] of every update in the log, in order."""
    return [
        (event["first"] + i, loss)
        for event in run.events()
        if event["event"] == "StepsDone"
        for i, loss in enumerate(event["losses"])
    ]


def test_a_checkpoint_of_another_network_is_refused(digits):
    weights = {"01-dense/kernel": np.zeros((9, 10), np.float32)}
    facts = {
        "best": {"accuracy": 0, "loss": None, "step": 0},
        "totals": {"seconds": 0, "timed_images": 0, "timed_seconds": 0},
    }
    resume = Resume(Checkpoint(3, weights, {}, facts), None, FORMS)
    with pytest.raises(BadRun, match="does not fit the network: 01-dense"):
        list(saccade.fit("softmax", digits, resume=resume))


def test_a_resumed_run_at_its_last_step_only_finishes(digits, tmp_path):
    recipe = saccade.recipe("softmax", steps=9)
    run = saccade.create_run(tmp_path / "run")
    list(saccade.record(saccade.fit("softmax", digits, recipe), run))
    last, best = (read_checkpoint(run.checkpoints, name) for name in ("last", "best"))
    events = list(saccade.fit("softmax", digits, recipe, resume=Resume(last, best, FORMS)))
    assert not [e for e in events if isinstance(e, StepsDone)]
    assert len([e for e in events if isinstance(e, Evaluated)]) == 1
