"""What happens in a run, as frozen records; a run's `events.jsonl` has one a line.

`fit` yields Started, Prepared, StepsDone, Evaluated, Snapshot, Intervened, Saved and Finished; of
Prepared the log has nothing. `record` adds Alarm where it can't write, Interrupted and Failed when
the stream ends early. Fields marked `heavy` go to files of their own, not the log.
"""

import json
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

import numpy as np

from saccade.core.errors import BadUsage
from saccade.core.interval import wilson
from saccade.core.records import Predictions, Split
from saccade.run.checkpoint import Checkpoint


def heavy(default: Any = None) -> Any:
    """A field that is not written to the log, shown or compared."""
    return field(default=default, repr=False, compare=False, metadata={"heavy": True})


@dataclass(frozen=True)
class Accuracy:
    """A measured accuracy: shares 0..1, mean cross-entropy in nats, 95 % Wilson interval."""

    accuracy: float
    low: float
    high: float
    loss: float
    n: int

    @classmethod
    def of(cls, predictions: Predictions) -> "Accuracy":
        low, high = wilson(predictions.correct, len(predictions))
        return cls(predictions.accuracy, low, high, predictions.loss, len(predictions))

    def __str__(self) -> str:
        return (
            f"{100 * self.accuracy:.2f} % "
            f"(95 % interval {100 * self.low:.2f} to {100 * self.high:.2f}, n = {self.n:,})"
        )


@dataclass(frozen=True)
class Intervened:
    """Something was asked of the run after `step` updates; `total_steps` are those it then has.

    `request` is one of run/control.py, `source` who asked: `page`, `control`, or `program` for a
    command given from Python. `value`, its number, stands in the log to the last bit: the run can
    be repeated from it.
    """

    step: int
    request: str
    value: float | None = field(metadata={"exact": True})
    source: str
    total_steps: int


@dataclass(frozen=True)
class Started:
    """Everything that decides the numbers: `facts` is what run.json holds.

    `pictures` are the header and the arrays of images.bin. What a resumed run has behind it: `told`
    are its interventions, `evaluated` its last evaluated step (None: not known). It comes a second
    time where training went back to a good state: `because` says why.
    """

    facts: dict[str, Any]
    step: int
    pictures: tuple[dict[str, Any], dict[str, np.ndarray]] | None = heavy()
    told: tuple[Intervened, ...] = heavy(())
    evaluated: int | None = heavy()
    because: str | None = None

    @property
    def total_steps(self) -> int:
        """How many updates there are to be, after what was asked on the way."""
        total: int = self.told[-1].total_steps if self.told else self.facts["total_steps"]
        return total


@dataclass(frozen=True)
class Prepared:
    """Of a split's `total` pictures, `done` have gone through the layers that stay as they are."""

    split: str
    done: int
    total: int


@dataclass(frozen=True)
class StepsDone:
    """A chunk of updates: `first` .. `last` (1-based), `seconds` on the clock.

    Per update: mean loss in nats, share of the batch that was right, learning rate.
    """

    first: int
    last: int
    seconds: float
    losses: tuple[float, ...]
    accuracies: tuple[float, ...]
    learning_rates: tuple[float, ...]
    images: int


@dataclass(frozen=True)
class Evaluated:
    """The watched split, all of it, after `step` updates. `best` says it is the best so far."""

    step: int
    split: Literal["validation", "test", "train"]
    accuracy: float
    loss: float
    n: int
    best: bool
    train_loss: float | None
    train_accuracy: float | None
    learning_rate: float | None
    seconds: float
    predictions: Predictions | None = heavy()


@dataclass(frozen=True)
class Snapshot:
    """What a person sees of the network after `step` updates, and the weights that answer."""

    step: int
    arrays: Mapping[str, np.ndarray] | None = heavy()
    weights: Mapping[str, np.ndarray] | None = heavy()


@dataclass(frozen=True)
class Saved:
    """A state to keep; `names` says what its weights are: `last`, and `best` if they are."""

    step: int
    names: tuple[str, ...]
    checkpoint: Checkpoint | None = heavy()


@dataclass(frozen=True)
class Finished:
    """The end: why it stopped, and the one reading of test.

    `predictions` and `names` are test's. `seconds` is time in updates; `images_per_second` leaves
    out the first chunk (compilation). `saving_share` of the time since the start, 0..1, went into
    saving, if that was dear. `step_read` is the step whose weights test was read with.
    `worst` are the test pictures that were most surely wrong, worst first, `worst_ids` their
    positions in the test split.
    """

    step: int
    reason: str
    seconds: float
    images_per_second: float | None
    validation: Accuracy | None
    test: Accuracy
    step_read: int
    best_watched: float
    predictions: Predictions | None = heavy()
    names: tuple[str, ...] | None = heavy()
    worst_ids: tuple[int, ...] = heavy(())
    worst: Split | None = heavy()
    saving_share: float | None = None


@dataclass(frozen=True)
class Alarm:
    """Something of the run can't be written, or can be again; training goes on."""

    step: int
    message: str


@dataclass(frozen=True)
class Interrupted:
    """The stream was closed before its end; the run can be resumed."""

    step: int
    reason: str


@dataclass(frozen=True)
class Failed:
    """Training raised an error."""

    step: int
    reason: str


Event = (
    Started
    | Prepared
    | StepsDone
    | Evaluated
    | Snapshot
    | Intervened
    | Saved
    | Finished
    | Alarm
    | Interrupted
    | Failed
)
KINDS = {
    kind.__name__: kind
    for kind in (
        Started,
        StepsDone,
        Evaluated,
        Snapshot,
        Intervened,
        Saved,
        Finished,
        Alarm,
        Interrupted,
        Failed,
    )
}


def finish(events: Iterable[Event]) -> Finished:
    """Goes through a training to its end, and gives its last event.

    It keeps none of the others. A list of them would: some hold all the weights of their moment,
    which of a large network comes to gigabytes in minutes.

    Raises:
        BadUsage: there is no end; these events have been gone through before.

    >>> import saccade
    >>> recipe = saccade.recipe("softmax", steps=9)
    >>> finish(saccade.fit("softmax", saccade.load("digits"), recipe)).reason
    'all steps done'
    """
    last = deque(events, maxlen=1)
    if not last or not isinstance(last[0], Finished):
        raise BadUsage("these are no events up to an end; were they gone through before?")
    return last[0]


def to_line(event: Event, time: float) -> str:
    """One line of events.jsonl; `time` is seconds since 1970."""
    light = [f for f in fields(event) if not f.metadata.get("heavy")]
    values = {f.name: getattr(event, f.name) for f in light}
    values |= {f.name: _plain(values[f.name]) for f in light if not f.metadata.get("exact")}
    if isinstance(event, Started):
        del values["facts"]  # they are run.json
    return json.dumps({"event": type(event).__name__, "time": round(time, 3), **values}) + "\n"


def from_line(line: str) -> dict[str, Any]:
    """The values of a line; `event` says its kind.

    Raises:
        ValueError: the line is cut short or not an event.
    """
    values: dict[str, Any] = json.loads(line)
    if not isinstance(values, dict) or values.get("event") not in KINDS:
        raise ValueError(f"not an event: {line[:80]!r}")
    return values


def _plain(value: Any) -> Any:
    if isinstance(value, Accuracy):
        return vars(value)
    if isinstance(value, float):
        return float(f"{value:.7g}") if np.isfinite(value) else None
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return value
