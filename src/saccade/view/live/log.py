"""Reading events.jsonl on from where it was left."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from saccade.core.errors import BadRun
from saccade.view.live.files import from_json, open_inside
from saccade.view.live.records import number, text

BLOCK = 4 << 20  # also the longest line: a chunk of steps is some hundred kilobytes
MOST_STEP = 1 << 53
MOST_MARKS = 1000
TRAIN, WATCHED = 4, 3  # rows: step, loss, accuracy (, rate)


@dataclass
class News:
    """What a piece of the log says. `last` is its last event's kind, `whole` that all is here."""

    restart: bool = False
    train: list[np.ndarray] = field(default_factory=list)
    watched: list[np.ndarray] = field(default_factory=list)
    marks: list[dict[str, Any]] = field(default_factory=list)
    pace: list[tuple[float, float]] = field(default_factory=list)
    added: list[int] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    last: str = ""
    steps: int = 0
    whole: bool = True

    def columns(self) -> tuple[np.ndarray, np.ndarray]:
        """float64 [4, steps] of the train curve and [3, evaluations] of the watched one."""
        return (
            np.concatenate([np.zeros((TRAIN, 0)), *self.train], axis=1),
            np.concatenate([np.zeros((WATCHED, 0)), *self.watched], axis=1),
        )

    def add(self, later: "News", most: int) -> None:
        """Joins what comes after; beyond `most` steps nothing but that it was too much is kept."""
        self.whole = self.whole and later.whole and self.steps + later.steps <= most
        if not self.whole:
            self.train, self.watched, self.marks, self.steps = [], [], [], 0
            return
        self.steps += later.steps
        self.train += later.train
        self.watched += later.watched
        self.marks += later.marks
        self.added += later.added
        self.dropped += later.dropped

    def take(self, line: bytes) -> None:
        """Adds what a line says; one that is no event says nothing."""
        try:
            event = from_json(line)
            kind = event["event"] if isinstance(event, dict) else None
            if kind == "StepsDone":
                self._steps_done(event)
            elif kind == "Evaluated":
                row = [event["step"], event["loss"], event["accuracy"]]
                self.watched.append(_row(row))
                self.steps += 1
            elif kind == "Intervened" and len(self.marks) < MOST_MARKS:
                self.marks.append(_mark(event))
        except (ValueError, KeyError, TypeError, OverflowError):
            return
        self.last = kind if isinstance(kind, str) else self.last

    def _steps_done(self, event: dict[str, Any]) -> None:
        columns = [event[name] for name in ("losses", "accuracies", "learning_rates")]
        values = np.array(columns, np.float64)
        first = event["first"]
        if values.ndim != 2 or type(first) is not int or not 0 <= first < MOST_STEP:
            raise ValueError("these are no steps")
        steps = np.arange(first, first + values.shape[1], dtype=np.float64)
        self.train.append(np.concatenate([steps[None], values]))
        self.steps += values.shape[1]
        images, seconds = number(event.get("images")), number(event.get("seconds"))
        if images and seconds:
            self.pace.append((images, seconds))


class Reader:
    """A place in the log of a run, and how to go on from it."""

    def __init__(self, run: Path):
        self.run = run
        self.place = 0
        self._signature: tuple[int, ...] = ()
        self._before = b""  # what stood before the place: another log will differ in it
        self._skipping = False  # in a line that is longer than any of ours

    def parts(self) -> Iterator[News]:
        """What was added, a block at a time; a line cut short is left for next time.

        Where the log is not the one that was read (cut back, or another), the first part says
        `restart`, and the parts are those of the whole log.
        """
        try:
            found = os.stat(self.run / "events.jsonl")
        except OSError:
            found = None
        signature = (found.st_ino, found.st_size, found.st_mtime_ns) if found else ()
        if signature == self._signature:
            return
        self._signature = signature
        try:
            with open_inside(self.run, "events.jsonl") as file:
                restart = not self._goes_on(file)
                if restart:
                    self._again()
                    yield News(restart=True)
                file.seek(self.place)
                while data := file.read(BLOCK):
                    part = self._block(data)
                    if part is None:
                        return
                    yield part
                    file.seek(self.place)
        except (OSError, BadRun):
            if self.place:
                self._again()
                yield News(restart=True)

    def _goes_on(self, file: Any) -> bool:
        file.seek(self.place - len(self._before))
        same: bool = file.read(len(self._before)) == self._before
        return same

    def _again(self) -> None:
        self.place, self._before, self._skipping = 0, b"", False

    def _block(self, data: bytes) -> News | None:
        """The whole lines of a block, or None where there is none yet."""
        end = data.rfind(b"\n") + 1
        if not end and len(data) < BLOCK:
            return None
        part = News()
        if not end:
            self._skipping = True
            end = len(data)
        else:
            lines = data[: end - 1].split(b"\n")
            for line in lines[1:] if self._skipping else lines:
                part.take(line)
            self._skipping = False
        self.place += end
        self._before = (self._before + data[:end])[-64:]
        return part


def _row(values: list[Any]) -> np.ndarray:
    row = np.array(values, np.float64)
    if not 0 <= row[0] < MOST_STEP:
        raise ValueError("this is no step")
    return row[:, None]


def _mark(event: dict[str, Any]) -> dict[str, Any]:
    return {
        "step": number(event.get("step")),
        "request": text(event.get("request")),
        "value": number(event.get("value")),
        "source": text(event.get("source")),
        "total_steps": number(event.get("total_steps")),
    }
