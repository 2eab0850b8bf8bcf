"""What the page is told of a run beside its curves. Files are somebody's: types are checked."""

import csv
import math
from pathlib import Path
from typing import Any

from saccade.core.errors import BadRun
from saccade.run import lock
from saccade.view.live.files import from_json, read_object, read_tail
from saccade.view.live.snapshots import snapshot_steps

MOST_TEXT = 1000
MOST_NUMBER = 1 << 53
LOG_TAIL, TABLE_TAIL = 256 << 10, 4 << 10


def number(value: Any) -> float | None:
    """A finite number of a size that JavaScript can hold, else None.

    >>> number(3), number(True), number("3"), number(float("nan")), number(10**400)
    (3, None, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if -MOST_NUMBER <= value <= MOST_NUMBER else None


def text(value: Any) -> str | None:
    """A text, cut to a thousand letters, else None."""
    return value[:MOST_TEXT] if isinstance(value, str) else None


def state_of(path: Path, last: str, writing: bool) -> str:
    """The state of a run (`Run.state`) whose log ends with an event of this kind."""
    if not (path / "run.json").is_file():
        return "empty"
    if last == "Finished":
        return "finished"
    if writing:
        return "running"
    return {"Interrupted": "interrupted", "Failed": "failed"}.get(last, "died")


def state_now(path: Path) -> str:
    """The state of a run, from the end of its log."""
    return state_of(path, *_end(path))


def row(path: Path) -> dict[str, Any]:
    """A line of the list of runs; what is not known is None."""
    facts, metrics = _object(path, "run.json"), _object(path, "eval/metrics.json")
    last, writing = _end(path)
    step, watched = _last_evaluation(path)
    logged = _last_step(path)
    return {
        "state": state_of(path, last, writing),
        "data": text(_inner(facts, "data").get("name")),
        "model": text(_inner(facts, "model").get("name")),
        "parameters": number(_inner(facts, "model").get("parameters")),
        "step": max((s for s in (logged, step) if s is not None), default=None),
        "total_steps": number(facts.get("total_steps")),
        "created": text(facts.get("created")),
        "watched_accuracy": watched,
        "test_accuracy": number(_inner(metrics, "test").get("accuracy")),
    }


def record(path: Path) -> dict[str, Any]:
    """Everything of a run that does not change while it is looked at.

    Raises:
        BadRun: run.json is damaged.
    """
    try:
        facts = read_object(path, "run.json")
    except FileNotFoundError:
        facts = {}  # it has not begun
    data = {name: value for name, value in _inner(facts, "data").items() if name != "excluded"}
    classes = data.get("classes")
    return {
        "state": state_now(path),
        "facts": {**facts, "data": data},
        "classes": [str(name)[:MOST_TEXT] for name in classes] if isinstance(classes, list) else [],
        "metrics": _object(path, "eval/metrics.json") or None,
        "snapshots": snapshot_steps(path),
        "images": (path / "images.bin").is_file(),
        "confusion": (path / "eval" / "confusion.csv").is_file(),
    }


def _object(path: Path, name: str) -> dict[str, Any]:
    try:
        return read_object(path, name)
    except (OSError, BadRun):
        return {}


def _inner(facts: dict[str, Any], name: str) -> dict[str, Any]:
    inner = facts.get(name)
    return inner if isinstance(inner, dict) else {}


def _events(path: Path) -> list[dict[str, Any]]:
    """The last events, newest first."""
    found = []
    for line in reversed(read_tail(path, "events.jsonl", LOG_TAIL)[-20:]):
        try:
            event = from_json(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            found.append(event)
    return found


def _end(path: Path) -> tuple[str, bool]:
    """The kind of the last event, and whether somebody writes; he is asked first: he may end."""
    writing = lock.is_writing(path)
    events = _events(path)
    return str(events[0].get("event")) if events else "", writing


def _last_step(path: Path) -> float | None:
    steps = [number(event.get("step", event.get("last"))) for event in _events(path)]
    return max((step for step in steps if step is not None), default=None)


def _last_evaluation(path: Path) -> tuple[float | None, float | None]:
    """Step and watched accuracy in the last line of metrics.csv."""
    lines = read_tail(path, "metrics.csv", TABLE_TAIL)
    cells = next(csv.reader([lines[-1].decode("utf-8", "replace")])) if lines else []
    try:
        step, accuracy = int(cells[0]), float(cells[4])
    except (IndexError, ValueError):
        return None, None
    return number(step), accuracy if math.isfinite(accuracy) else None
