"""The learning rate of each step: plain functions of the position, printable and comparable."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from saccade.core.errors import unknown_name


@dataclass(frozen=True)
class Constant:
    """The same rate throughout.

    >>> Constant(0.5)(7, total=10)
    0.5
    """

    rate: float

    def __call__(self, step: int, total: int) -> float:
        return self.rate


@dataclass(frozen=True)
class Exponential:
    """The decks' decay: `floor + rate * exp(-step / decay_steps)`; `step` counts from 0.

    >>> [round(Exponential(0.003, 0.0001, 2000)(s, total=10_001), 6) for s in (0, 1000, 10_000)]
    [0.0031, 0.00192, 0.00012]
    """

    rate: float
    floor: float = 0.0
    decay_steps: float = 2000

    def __call__(self, step: int, total: int) -> float:
        return self.floor + self.rate * math.exp(-step / self.decay_steps)


@dataclass(frozen=True)
class Cosine:
    """Up in a line over the first `warmup` share of the steps, then down half a cosine to 0.

    Loshchilov and Hutter, "SGDR", 2016, without restarts.

    >>> [round(Cosine(1.0, warmup=0.2)(s, total=10), 3) for s in range(10)]
    [0.5, 1.0, 1.0, 0.962, 0.854, 0.691, 0.5, 0.309, 0.146, 0.038]
    """

    rate: float
    warmup: float = 0.1

    def __call__(self, step: int, total: int) -> float:
        rising = self.warmup * total
        if step < rising:
            return self.rate * min(1.0, (step + 1) / rising)
        share = (step - rising) / max(total - rising, 1)
        return self.rate * (1 + math.cos(math.pi * share)) / 2


@dataclass(frozen=True)
class OneCycle:
    """In a line from `start` of the rate up to it, then in a line down to `end` of it.

    Smith, "Super-convergence", 2017, with the highest rate after the first `warmup` share.

    >>> [round(OneCycle(1.0, warmup=0.25)(s, total=8), 2) for s in range(8)]
    [0.2, 0.6, 1.0, 0.83, 0.67, 0.5, 0.33, 0.17]
    """

    rate: float
    warmup: float = 0.25
    start: float = 0.2
    end: float = 0.0

    def __call__(self, step: int, total: int) -> float:
        rising = self.warmup * total
        if step < rising:
            return self.rate * (self.start + (1 - self.start) * step / rising)
        share = (step - rising) / max(total - rising, 1)
        return self.rate * (1 + (self.end - 1) * share)


@dataclass(frozen=True)
class Step:
    """Multiplied by `factor` after every `drop_every` steps.

    >>> [round(Step(0.01, drop_every=468, factor=0.6)(s, total=999), 4) for s in (0, 467, 468)]
    [0.01, 0.01, 0.006]
    """

    rate: float
    drop_every: int = 1000
    factor: float = 0.5

    def __call__(self, step: int, total: int) -> float:
        return self.rate * self.factor ** (step // self.drop_every)


Schedule = Constant | Exponential | Cosine | OneCycle | Step
SCHEDULES: dict[str, type[Schedule]] = {
    "constant": Constant,
    "exponential": Exponential,
    "cosine": Cosine,
    "one-cycle": OneCycle,
    "step": Step,
}


def to_json(schedule: Schedule) -> dict[str, Any]:
    """{"name": ..., and its numbers}."""
    name = next(name for name, kind in SCHEDULES.items() if isinstance(schedule, kind))
    return {"name": name, **asdict(schedule)}


def from_json(values: dict[str, Any]) -> Schedule:
    """The inverse of `to_json`.

    >>> from_json(to_json(Cosine(0.1)))
    Cosine(rate=0.1, warmup=0.1)
    """
    return named(values["name"])(**{k: v for k, v in values.items() if k != "name"})


def named(name: str) -> type[Schedule]:
    """The schedule of this name.

    Raises:
        BadUsage: there is none.
    """
    if name not in SCHEDULES:
        raise unknown_name("schedule", name, SCHEDULES)
    return SCHEDULES[name]
