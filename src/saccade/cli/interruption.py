"""Ctrl-C and SIGTERM: the first lets the chunk finish and saves, the second ends at once."""

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from saccade.run.events import Event
from saccade.train.commands import Command, Save

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass
class Interruption:
    """Which signal came, if any; a source of commands that asks to save once one has."""

    signal: int | None = None

    @property
    def exit_code(self) -> int:
        """130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + (self.signal or 0)

    def commands(self, events: Sequence[Event]) -> Sequence[Command]:
        """`Save` as soon as a signal has come."""
        return [Save()] if self.signal is not None else []


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Takes the signals over while training; a second one does what it always does."""
    caught = Interruption()
    before: dict[int, Any] = {}

    def handle(number: int, frame: FrameType | None) -> None:
        caught.signal = number
        print("stopping after this chunk; once more ends at once", file=sys.stderr)
        for each, handler in before.items():
            signal.signal(each, handler)

    for number in SIGNALS:
        before[number] = signal.signal(number, handle)
    try:
        yield caught
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
