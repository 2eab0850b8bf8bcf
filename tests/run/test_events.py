"""One line an event, and back; what was cut short is left out."""

import json
import weakref
from dataclasses import fields

import numpy as np
import pytest

from saccade.core.errors import BadUsage
from saccade.core.records import Predictions
from saccade.run.checkpoint import Checkpoint
from saccade.run.directory import Run
from saccade.run.events import (
    KINDS,
    Accuracy,
    Alarm,
    Evaluated,
    Event,
    Failed,
    Finished,
    Interrupted,
    Intervened,
    Saved,
    Snapshot,
    Started,
    StepsDone,
    finish,
    from_line,
    to_line,
)

PREDICTIONS = Predictions(np.array([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0]]), np.array([0, 1, 1]))
EVENTS: list[Event] = [
    Started({"secret": "in run.json"}, 0),
    StepsDone(1, 2, 0.5, (2.3, 1.25), (0.1, 0.5), (0.1, 0.05), 200),
    Evaluated(2, "validation", 0.5, 1.25, 10, True, 1.75, 0.3, 0.05, 0.01, PREDICTIONS),
    Evaluated(2, "test", 0.5, 1.25, 10, False, None, None, None, 0.01),
    Intervened(2, "learning_rate", 0.1 + 0.2, "page", 100),
    Intervened(2, "pause", None, "program", 100),
    Snapshot(20, {"x": np.zeros(3)}, {}),
    Saved(2, ("best", "last"), Checkpoint(2, {}, {}, {})),
    Finished(2, "all steps done", 0.5, None, None, Accuracy.of(PREDICTIONS), 2, 0.5, PREDICTIONS),
    Alarm(3, "no room"),
    Interrupted(3, "Strg-C «ü»\nline two"),
    Failed(3, "the loss is nan"),
]


def test_every_kind_of_event_was_tried():
    assert {type(event).__name__ for event in EVENTS} == set(KINDS)


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: type(e).__name__)
def test_a_line_holds_everything_but_what_is_heavy(event):
    line = to_line(event, 1234.56789)
    assert line.endswith("\n")
    assert line.count("\n") == 1
    values = from_line(line)
    assert values["event"] == type(event).__name__
    assert values["time"] == 1234.568
    light = {f.name for f in fields(event) if not f.metadata.get("heavy")} - {"facts"}
    assert set(values) == light | {"event", "time"}
    for name in light:
        value = getattr(event, name)
        if isinstance(value, tuple):
            value = list(value)
        elif isinstance(value, Accuracy):
            value = vars(value)
        assert values[name] == value


def test_numbers_that_are_none_become_null_and_long_ones_are_rounded():
    line = to_line(StepsDone(1, 1, 1 / 3, (float("nan"), float("inf")), (0.5,), (0.1,), 5), 0)
    values = json.loads(line, parse_constant=lambda text: pytest.fail(f"{text} is not JSON"))
    assert values["losses"] == [None, None]
    assert values["seconds"] == 0.3333333


@pytest.mark.parametrize(
    "line", ["", "\n", "{}", "[]", "null", "3", '{"event": "Exploded"}', '{"event": "Saved", "st']
)
def test_a_line_that_is_no_event_is_refused(line):
    with pytest.raises(ValueError):
        from_line(line)


@pytest.mark.parametrize("end", [b'{"event": "Saved", "st', b"\0" * 40, b"\xff\xfe\n", b"[]\n"])
def test_a_last_line_that_was_cut_or_spoilt_is_left_out(tmp_path, end):
    lines = [to_line(event, i) for i, event in enumerate(EVENTS[:3])]
    (tmp_path / "events.jsonl").write_bytes("".join(lines).encode() + end)
    assert [e["event"] for e in Run(tmp_path).events()] == ["Started", "StepsDone", "Evaluated"]


def test_a_run_without_a_log_has_no_events(tmp_path):
    assert list(Run(tmp_path).events()) == []


def test_accuracy_is_that_of_the_predictions():
    result = Accuracy.of(PREDICTIONS)
    assert (result.n, result.accuracy) == (3, pytest.approx(2 / 3))
    assert result.low < result.accuracy < result.high
    assert result.loss == pytest.approx(PREDICTIONS.loss)
    assert "66.67 %" in str(result)
    assert "n = 3" in str(result)


def test_going_through_a_training_keeps_nothing_but_its_end():
    end = Finished(9, "all steps done", 1.0, None, None, Accuracy.of(PREDICTIONS), 9, 0.9)
    alive, most = weakref.WeakSet(), 0

    def training():
        nonlocal most
        for step in range(9):
            event = Snapshot(step)
            alive.add(event)
            most = max(most, len(alive))
            yield event
            del event
        yield end

    assert finish(training()) is end
    assert most <= 2  # one that is kept, while the next is made


def test_a_training_without_an_end_is_refused():
    for events in ([], [Snapshot(1)]):
        with pytest.raises(BadUsage, match="gone through"):
            finish(iter(events))
