"""Numbers that run away: noticed at once, never saved, gone back from once."""

from dataclasses import replace

import numpy as np
import pytest

import saccade
from saccade.core.errors import Diverged
from saccade.run.events import Intervened, Saved, Started, StepsDone
from saccade.train.commands import Save
from saccade.train.engine import Engine
from saccade.train.schedule import Constant
from saccade.train.steering import DIVERGENCE

SAVED_AT, BAD_AT = 40, 53


@pytest.fixture(scope="module")
def digits():
    return saccade.load("digits")


@pytest.fixture
def recipe():
    return saccade.recipe("mlp-relu", steps=80, batch_size=50, evaluate_every=10, seed=2)


def save_once(history):
    """Asks for a save at one step: when timed ones come is not a test's to know."""
    seen = [event for event in history if isinstance(event, Saved | StepsDone)]
    return [Save("control")] if seen and getattr(seen[-1], "last", 0) == SAVED_AT else []


@pytest.fixture
def poisoned(monkeypatch):
    """Losses, or slopes alone, turn to NaN when step `BAD_AT` is made, so many times."""

    def poison(times, what="losses"):
        run_chunk, left = Engine.run_chunk, [times]

        def bad(engine, state, train, ids, rates, first):
            chunk = run_chunk(engine, state, train, ids, rates, first)
            if left[0] and first < BAD_AT <= first + len(ids):
                left[0] -= 1
                spoilt = getattr(chunk, what).copy()
                spoilt[BAD_AT - first - 1 if what == "losses" else 0] = np.nan
                chunk = replace(chunk, **{what: spoilt})
            return chunk

        monkeypatch.setattr(Engine, "run_chunk", bad)

    return poison


def trained(folder, digits, recipe, **how):
    run = saccade.create_run(folder)
    return run, list(saccade.record(saccade.fit("mlp-relu", digits, recipe, **how), run))


def last_weights(events):
    *_, saved = (event.checkpoint for event in events if isinstance(event, Saved))
    return {name: value.tobytes() for name, value in saved.weights.items()}


@pytest.mark.parametrize("what", ["losses", "slopes"])
def test_once_it_goes_back_to_what_was_saved_with_half_the_rate(
    tmp_path, digits, recipe, poisoned, what
):
    poisoned(1, what)
    run, events = trained(tmp_path / "r", digits, recipe, commands=save_once)
    first, again = (event for event in events if isinstance(event, Started))
    assert first.because is None
    assert again.step == SAVED_AT
    assert f"back to step {SAVED_AT}, and on with half the learning rate" in again.because
    halved = Intervened(
        SAVED_AT, "learning_rate", recipe.schedule.rate / 2, DIVERGENCE, recipe.steps
    )
    assert halved in events

    log = list(run.events())
    steps = [s for e in log if e["event"] == "StepsDone" for s in range(e["first"], e["last"] + 1)]
    assert steps == list(range(1, 81))
    evaluated = [event["step"] for event in log if event["event"] == "Evaluated"]
    assert evaluated == list(range(10, 81, 10))
    rows = (run.path / "metrics.csv").read_text().splitlines()[1:]
    assert [int(row.split(",")[0]) for row in rows] == evaluated
    assert run.state == "finished"

    _, told = trained(tmp_path / "told", digits, recipe, replay=[halved])
    assert last_weights(events) == last_weights(told)


def test_the_second_time_it_ends_and_names_step_and_pictures(tmp_path, digits, recipe, poisoned):
    poisoned(2)
    run = saccade.create_run(tmp_path / "r")
    seen = []
    with pytest.raises(Diverged, match=rf"at step {BAD_AT} of 80.*digits/\d+.*and 42 more.*--lr"):
        for event in saccade.record(
            saccade.fit("mlp-relu", digits, recipe, commands=save_once), run
        ):
            seen.append(event)
    assert run.state == "failed"
    for event in seen:
        if isinstance(event, Saved):
            assert all(np.isfinite(value).all() for value in event.checkpoint.weights.values())


def test_before_the_first_save_it_goes_back_to_the_first_step(tmp_path, digits, recipe):
    wild = replace(recipe, optimizer="sgd", schedule=Constant(4.0), batch_size=100, seed=0)
    _, events = trained(tmp_path / "r", digits, wild)
    _, again = (event for event in events if isinstance(event, Started))
    assert (again.step, again.told) == (0, ())
    assert any(isinstance(e, Intervened) and e.value == 2.0 for e in events)
