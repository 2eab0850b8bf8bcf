"""What steers a run: between chunks, `fit` asks for commands and is told all events so far.

Early stopping, time limits, signals, the page and `saccade control` are sources of the same
commands. A command's `source` is who asks: `page`, `control`, or `program` for everything else.
"""

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from saccade.core.errors import BadUsage
from saccade.run.control import Control, Request
from saccade.run.events import Evaluated, Event

PROGRAM = "program"


@dataclass(frozen=True)
class Stop:
    """End now, as if the last step were done: evaluate, save, read test."""

    reason: str
    source: str = PROGRAM


@dataclass(frozen=True)
class Save:
    """Yield a `Saved` now."""

    source: str = PROGRAM


@dataclass(frozen=True)
class Pause:
    """Take no step until `Resume` or `Stop`."""

    source: str = PROGRAM


@dataclass(frozen=True)
class Resume:
    """Go on."""

    source: str = PROGRAM


@dataclass(frozen=True)
class SetLearningRate:
    """The highest rate of the schedule, from the next step on."""

    rate: float
    source: str = PROGRAM


@dataclass(frozen=True)
class AddEpochs:
    """So many passes more; the schedule stretches."""

    epochs: float
    source: str = PROGRAM


Command = Stop | Save | Pause | Resume | SetLearningRate | AddEpochs
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
    >>> patience(2)(seen(True, False))
    []
    >>> [stop] = patience(2)(seen(True, False, False))
    >>> stop.reason
    'no better validation for 2 evaluations'
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
    """Stops once this many seconds have gone since now, but not before anything was done."""
    if not seconds > 0:
        raise BadUsage(f"a time limit must be above 0 seconds, got {seconds}")
    end = clock() + seconds
    stop = [Stop(f"time limit of {seconds:g} s")]
    return lambda events: stop if events and clock() >= end else []


def requests(run: Path) -> Source:
    """What is asked of a run by the page and by `saccade control`.

    The run's `control/` is opened when this is first asked: by then nobody else writes in it. One
    that can't be opened asks for nothing.
    """

    @cache
    def control() -> Control | None:
        try:
            return Control(run)
        except OSError as error:
            warnings.warn(f"this run can't be steered: {error}", stacklevel=3)
            return None

    def source(events: Sequence[Event]) -> Sequence[Command]:
        opened = control()
        taken, refused = opened.take() if opened else ([], [])
        for why in refused:
            warnings.warn(f"a request was refused: {why}", stacklevel=2)
        return [command_of(request) for request in taken]

    return source


def command_of(request: Request) -> Command:
    """The command behind a request."""
    value, source = request.value or 0.0, request.source
    kinds: dict[str, Command] = {
        "pause": Pause(source),
        "resume": Resume(source),
        "stop": Stop(f"stopped by the {source}", source),
        "save": Save(source),
        "learning_rate": SetLearningRate(value, source),
        "epochs": AddEpochs(value, source),
    }
    return kinds[request.request]
