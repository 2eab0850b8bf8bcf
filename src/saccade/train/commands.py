"""What steers a run: between chunks, `fit` asks for commands and is told all events so far.

Early stopping, time limits, signals and later the page are sources of the same commands.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from saccade.core.errors import BadUsage
from saccade.run.events import Evaluated, Event


@dataclass(frozen=True)
class Stop:
    """End now, as if the last step were done: evaluate, save, read test."""

    reason: str


@dataclass(frozen=True)
class Save:
    """Yield a `Saved` now."""


Command = Stop | Save
Source = Callable[[Sequence[Event]], Sequence[Command]]


def nothing(events: Sequence[Event]) -> Sequence[Command]:
    """Never a command."""
    return ()


def all_of(*sources: Source) -> Source:
    """The commands of every source, in order."""
    return lambda events: [command for source in sources for command in source(events)]


def patience(evaluations: int) -> Source:
    """Stops after this many evaluations without a better one.

    >>> from functools import partial
    >>> def seen(*best):
    ...     evaluated = partial(Evaluated, split="validation", accuracy=0.5, loss=1.0, n=10)
    ...     rest = {"train_loss": 1.0, "train_accuracy": 0.5, "learning_rate": 0.1, "seconds": 0.0}
    ...     return [evaluated(step=i, best=b, **rest) for i, b in enumerate(best)]
    >>> patience(2)(seen(True, False)), patience(2)(seen(True, False, False))
    ([], [Stop(reason='no better validation for 2 evaluations')])
    """
    if evaluations < 1:
        raise BadUsage(f"patience counts evaluations, at least 1, got {evaluations}")

    def source(events: Sequence[Event]) -> Sequence[Command]:
        recent = [e for e in events if isinstance(e, Evaluated)][-evaluations:]
        if len(recent) < evaluations or any(e.best for e in recent):
            return []
        return [Stop(f"no better {recent[-1].split} for {evaluations} evaluations")]

    return source


def time_limit(seconds: float, clock: Callable[[], float] = time.monotonic) -> Source:
    """Stops once this many seconds have gone since now."""
    if not seconds > 0:
        raise BadUsage(f"a time limit must be above 0 seconds, got {seconds}")
    end = clock() + seconds
    return lambda events: [Stop(f"time limit of {seconds:g} s")] if clock() >= end else []
