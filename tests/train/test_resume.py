"""A run that was stopped and resumed against the one that never was."""

import numpy as np
import pytest

import saccade
from saccade.core.errors import BadRun
from saccade.run.checkpoint import Checkpoint, read_checkpoint
from saccade.run.directory import Run
from saccade.run.events import Evaluated, Finished, Intervened, Saved, StepsDone, to_line
from saccade.train.checkpoint import ResumeFrom
from saccade.train.commands import (
    AddEpochs,
    Pause,
    Resume,
    Save,
    SetLearningRate,
    Stop,
    nothing,
)
from saccade.train.forms import Forms
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
    assert 13 <= last.step < 37
    forms = Forms(**parted.facts["forms"])
    resumed = saccade.fit(model, digits, recipe, resume=ResumeFrom(last, forms))
    rest = list(saccade.record(resumed, parted))
    assert rest[0].step == last.step
    assert rest[-1].test == events[-1].test
    same_bits(whole, parted)


def same_bits(one, other):
    """The weights and all beside them, every step, every evaluation, everything that was asked."""
    for name in ("last", "best"):
        first, second = (read_checkpoint(run.checkpoints, name) for run in (one, other))
        assert first.step == second.step
        assert all((first.weights[key] == second.weights[key]).all() for key in first.weights)
        assert all((first.state[key] == second.state[key]).all() for key in first.state)
    assert steps_logged(one) == steps_logged(other)
    assert told_in(one) == told_in(other)
    assert (one.path / "metrics.csv").read_text() == (other.path / "metrics.csv").read_text()


def told_in(run):
    """Every intervention in the log, but for its time."""
    return [{**e, "time": 0} for e in run.events() if e["event"] == "Intervened"]


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
    resume = ResumeFrom(Checkpoint(3, weights, {}, facts), FORMS)
    with pytest.raises(BadRun, match="does not fit the network: 01-dense"):
        list(saccade.fit("softmax", digits, resume=resume))


def test_a_resumed_run_at_its_last_step_only_finishes(digits, tmp_path):
    recipe = saccade.recipe("softmax", steps=9)
    run = saccade.create_run(tmp_path / "run")
    list(saccade.record(saccade.fit("softmax", digits, recipe), run))
    last = read_checkpoint(run.checkpoints, "last")
    resumed = saccade.fit("softmax", digits, recipe, resume=ResumeFrom(last, FORMS))
    table = (run.path / "metrics.csv").read_text()
    events = list(saccade.record(resumed, run))
    assert [type(e).__name__ for e in events] == ["Started", "Saved", "Finished"]
    assert (run.path / "metrics.csv").read_text() == table


def asked_at(steps):
    """A source of these commands, `{step: commands}`, each once as soon as its step is done."""
    left = dict(steps)

    def source(events):
        done = next((e.last for e in reversed(events) if isinstance(e, StepsDone)), 0)
        return left.pop(done, ())

    return source


def copy_of(source, last_step):
    """Nothing of what was asked up to this step is asked again after a kill."""
    return asked_at({step: commands for step, commands in source.items() if step > last_step})


def killed(run, model, digits, recipe, commands, where):
    """Trains until `where(event)`; what was written stays as it lies there, as after a SIGKILL."""
    stream = saccade.record(saccade.fit(model, digits, recipe, commands=commands), run)
    log = run.path / "events.jsonl"
    for event in stream:
        if where(event):
            written = log.read_bytes()
            stream.close()
            log.write_bytes(written)
            return
    pytest.fail("it was never killed")


def resume_of(run):
    return ResumeFrom(read_checkpoint(run.checkpoints, "last"), Forms(**run.facts["forms"]))


def go_on(run, model, digits, recipe, commands=nothing):
    """Goes on with a run as `saccade train --resume` does."""
    fitting = saccade.fit(model, digits, recipe, commands=commands, resume=resume_of(run))
    return list(saccade.record(fitting, run))


STEERED = {
    6: (SetLearningRate(0.02, "page"), Pause("page"), Resume("control")),
    23: (AddEpochs(0.3, "control"), SetLearningRate(0.001 / 3)),
    30: (Save("page"),),
}


@pytest.mark.parametrize("after", [6, 15, 24, 32, 40])
def test_a_steered_run_killed_and_resumed_ends_in_the_same_bits(
    after, digits, tmp_path, monkeypatch
):
    recipe = saccade.recipe("mlp-relu", steps=40, evaluate_every=10, batch_size=20)
    monkeypatch.setattr(Pace, "steps", lambda self, left: min(3, left))
    whole, parted = (saccade.create_run(tmp_path / name) for name in ("whole", "parted"))
    commands = asked_at(STEERED)
    list(saccade.record(saccade.fit("mlp-relu", digits, recipe, commands=commands), whole))
    killed(
        parted, "mlp-relu", digits, recipe, asked_at(STEERED),
        lambda event: isinstance(event, StepsDone) and event.last > after,
    )  # fmt: skip
    last = read_checkpoint(parted.checkpoints, "last")
    rest = go_on(parted, "mlp-relu", digits, recipe, copy_of(STEERED, last.step))
    assert rest[0].total_steps == (40 if after < 23 else 59)
    assert rest[-1].step == 59
    assert len(told_in(whole)) == 6
    same_bits(whole, parted)


@pytest.mark.parametrize("doubled", [False, True])
def test_the_log_keeps_what_the_checkpoint_knows_and_no_more(digits, tmp_path, doubled):
    """A kill may come after an intervention was logged and before it was saved, or right after."""
    recipe = saccade.recipe("softmax", steps=20, evaluate_every=5)
    run = saccade.create_run(tmp_path / "run")
    asked = {10: (SetLearningRate(0.1 + 0.2, "page"),)}
    killed(
        run, "softmax", digits, recipe, asked_at(asked),
        lambda event: isinstance(event, Saved) and "last" in event.names,
    )  # fmt: skip
    log = run.path / "events.jsonl"
    lines = log.read_text().splitlines(keepends=True)
    if doubled:
        with log.open("a") as file:
            file.write(to_line(Intervened(10, "epochs", 9.0, "page", 999), 0.0))
    else:  # the line of the save is lost, not what it saved
        assert '"Saved"' in lines[-1]
        log.write_text("".join(lines[:-1]))
    assert go_on(run, "softmax", digits, recipe)[-1].step == 20
    assert [(e["request"], e["value"]) for e in told_in(run)] == [("learning_rate", 0.1 + 0.2)]


@pytest.mark.parametrize("kind", [Intervened, Evaluated, Saved, Finished])
def test_a_run_killed_on_its_way_to_a_stop_is_stopped_there(digits, tmp_path, monkeypatch, kind):
    recipe = saccade.recipe("softmax", steps=500, evaluate_every=10)
    monkeypatch.setattr(Pace, "steps", lambda self, left: min(3, left))
    asked = {
        9: (SetLearningRate(0.5, "page"),),
        13: (AddEpochs(1, "page"), Stop("stopped by the page", "page")),
    }
    whole, parted = (saccade.create_run(tmp_path / name) for name in ("whole", "parted"))
    fitting = saccade.fit("softmax", digits, recipe, commands=asked_at(asked))
    list(saccade.record(fitting, whole))
    killed(
        parted, "softmax", digits, recipe, asked_at(asked),
        lambda event: isinstance(event, kind) and event.step == 13,
    )  # fmt: skip
    last = read_checkpoint(parted.checkpoints, "last").step
    rest = go_on(parted, "softmax", digits, recipe, copy_of(asked, last))
    assert (rest[-1].step, rest[-1].reason) == (13, "stopped by the page")
    same_bits(whole, parted)


def test_a_run_killed_while_it_is_paused_goes_on_unpaused_with_what_was_asked(digits, tmp_path):
    recipe = saccade.recipe("softmax", steps=20, evaluate_every=10)
    run = saccade.create_run(tmp_path / "run")
    asked = {0: (SetLearningRate(0.5, "page"), Pause("page"))}
    killed(run, "softmax", digits, recipe, asked_at(asked), lambda event: isinstance(event, Saved))
    rest = go_on(run, "softmax", digits, recipe)
    assert rest[-1].step == 20
    assert [e["request"] for e in told_in(run)] == ["learning_rate", "pause"]
    plain = saccade.create_run(tmp_path / "plain")
    list(saccade.record(saccade.fit("softmax", digits, recipe.with_rate(0.5)), plain))
    assert steps_logged(run) == steps_logged(plain)


def test_a_run_ended_before_its_first_step_goes_on_from_there(digits, tmp_path):
    """As by a signal that comes while the data is brought to the device."""
    recipe = saccade.recipe("softmax", steps=20, evaluate_every=10)
    whole, parted = (saccade.create_run(tmp_path / name) for name in ("whole", "parted"))
    list(saccade.record(saccade.fit("softmax", digits, recipe), whole))
    fitting = saccade.fit("softmax", digits, recipe, commands=lambda events: [Save()])
    stream = saccade.record(fitting, parted)
    assert [type(next(stream)).__name__ for _ in range(2)] == ["Started", "Saved"]
    stream.close()
    assert Run(parted.path).state == "interrupted"
    go_on(parted, "softmax", digits, recipe)
    same_bits(whole, parted)
