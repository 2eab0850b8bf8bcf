"""A recipe: everything that decides a run's numbers besides the data, the model and the code."""

import math
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from saccade.core.errors import BadUsage, unknown_name
from saccade.models.initialize import Rule
from saccade.train import augment as augmentations
from saccade.train import schedule as schedules
from saccade.train.augment import Augmentation
from saccade.train.schedule import Cosine, Schedule

OptimizerName = Literal["sgd", "adam", "adamw", "rmsprop"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to train. Exactly one of `epochs` and `steps` is set.

    With `epochs`, a set so small that they would take fewer than `least_steps` is gone through more
    often. `evaluate_every` counts steps (None: once an epoch, as many times as there are epochs),
    `patience` evaluations without a better one (None or 0: never stop early). `watch` is the split
    evaluated during training; with `test`, nothing is ever selected by it. `source` and `reported`
    say where the recipe comes from and the accuracy its authors report. `shuffle="once"` keeps one
    order for all epochs, as the decks do.

    `l1` and `l2` are penalties on kernels, left out of the shown loss; `label_smoothing` is in the
    shown training loss; `clip_norm` limits the length of the whole slope. With `ema`, what is
    evaluated, kept and answers is an average of the weights that forgets at that rate. The first
    `warmup_steps` rise to the schedule's rate in a line.

    Raises:
        BadUsage: a number out of its range; says which.

    >>> Recipe(name="mine", epochs=2).total_steps(train_images=1000)
    20
    """

    name: str = "custom"
    source: str = ""
    reported: float | None = None
    epochs: float | None = None
    steps: int | None = None
    least_steps: int = 0
    batch_size: int = 100
    optimizer: OptimizerName = "adam"
    schedule: Schedule = Cosine(0.003)
    warmup_steps: int = 0
    momentum: float = 0.0
    nesterov: bool = False
    rho: float = 0.9
    epsilon: float = 1e-7
    weight_decay: float = 0.0
    l1: float = 0.0
    l2: float = 0.0
    label_smoothing: float = 0.0
    clip_norm: float | None = None
    ema: float | None = None
    initialization: Rule = "layers"
    batch_norm_warmup: bool = True
    augment: tuple[Augmentation, ...] = ()
    shuffle: Literal["every epoch", "once"] = "every epoch"
    pixel_scale: float = 1 / 255
    validation_share: float = 0.1
    watch: Literal["validation", "test"] = "validation"
    evaluate_every: int | None = None
    patience: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        _positive("--lr", self.schedule.rate)
        _positive("--batch-size", self.batch_size)
        _positive("--epsilon", self.epsilon)
        for what in ("weight_decay", "l1", "l2", "warmup_steps"):
            _not_negative("--" + what.replace("_", "-"), getattr(self, what))
        for what in ("momentum", "rho", "label_smoothing", "ema"):
            _share("--" + what.replace("_", "-"), getattr(self, what) or 0.0)
        if self.clip_norm is not None:
            _positive("--clip-norm", self.clip_norm)
        if not 0 <= self.seed < 1 << 32:
            raise BadUsage(f"--seed must be a number of at least 0 and below 2^32, got {self.seed}")
        _not_negative("--patience", self.patience or 0)
        if self.evaluate_every is not None:
            _positive("--eval-every", self.evaluate_every)
        if (self.epochs is None) == (self.steps is None):
            raise BadUsage("a recipe has either --epochs or --steps, not both and not neither")
        _positive("--epochs" if self.steps is None else "--steps", self.epochs or self.steps or 0)
        if self.optimizer not in get_args(OptimizerName):
            raise unknown_name("optimizer", self.optimizer, get_args(OptimizerName))
        _share("--val-split", self.validation_share)
        if self.watch == "test" and self.patience:
            raise BadUsage(
                f"recipe {self.name} watches the test set, as the deck does: stopping by it would "
                f"be choosing by test. Leave --patience out, or take --recipe default"
            )

    def rate(self, step: int, total: int) -> float:
        """The learning rate of a step, counted from 0."""
        rising = min(1.0, (step + 1) / self.warmup_steps) if self.warmup_steps else 1.0
        return self.schedule(step, total) * rising

    def total_steps(self, train_images: int) -> int:
        """How many updates on this many training images."""
        if self.steps is not None:
            return self.steps
        assert self.epochs is not None  # noqa: S101  (__post_init__)
        steps = math.ceil(self.epochs * train_images / self.batch_size - 1e-9)
        return max(1, steps, self.least_steps)

    def evaluation_interval(self, train_images: int) -> int:
        """Steps between evaluations."""
        if self.evaluate_every is not None:
            return self.evaluate_every
        if self.epochs is not None and self.epochs >= 1:
            return math.ceil(self.total_steps(train_images) / self.epochs)
        return math.ceil(train_images / self.batch_size)

    def to_json(self) -> dict[str, Any]:
        """Plain values, for run.json."""
        return {
            **asdict(self),
            "schedule": schedules.to_json(self.schedule),
            "augment": augmentations.to_json(self.augment),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Recipe":
        """The inverse of `to_json`."""
        schedule = schedules.from_json(values["schedule"])
        augment = augmentations.from_json(values["augment"])
        return cls(**{**values, "schedule": schedule, "augment": augment})

    def with_rate(self, rate: float) -> "Recipe":
        """The same with another (peak) learning rate."""
        return replace(self, schedule=replace(self.schedule, rate=rate))


def _positive(what: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise BadUsage(f"{what} must be a number above 0, got {value}")


def _share(what: str, value: float) -> None:
    if not 0 <= value < 1:
        raise BadUsage(f"{what} must be at least 0 and below 1, got {value}")


def _not_negative(what: str, value: float) -> None:
    if not (math.isfinite(value) and value >= 0):
        raise BadUsage(f"{what} must be a number of at least 0, got {value}")
