"""A recipe: everything that decides a run's numbers besides the data, the model and the code."""

import math
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from saccade.core.errors import BadUsage, unknown_name
from saccade.models.initialize import Rule
from saccade.models.precision import Precision
from saccade.train import augment as augmentations
from saccade.train import schedule as schedules
from saccade.train.augment import Augmentation
from saccade.train.schedule import Cosine, Schedule

OptimizerName = Literal["sgd", "adam", "adamw", "rmsprop", "muon"]
Balance = Literal["none", "sampling", "weights"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to train. Exactly one of `epochs` and `steps` is set.

    With `epochs`, a set so small that they would take fewer than `least_steps` is gone through more
    often. `evaluate_every` counts steps (None: once an epoch, as many times as there are epochs),
    `patience` evaluations without a better one (None or 0: never stop early). `watch` is the split
    evaluated during training; with `test`, nothing is ever selected by it, and with `train` nothing
    is held out: both end with the last weights. `source` and `reported`
    say where the recipe comes from and the accuracy its authors report. `shuffle="once"` keeps one
    order for all epochs, as the decks do.

    `l1` and `l2` are penalties on kernels, left out of the shown loss; `label_smoothing` is in the
    shown training loss; `clip_norm` limits the length of the whole slope. With `ema`, what is
    evaluated, kept and answers is an average of the weights that forgets at that rate. The first
    `warmup_steps` rise to the schedule's rate in a line. `balance` makes all classes count alike:
    by `sampling` each as often, or by `weights` of the loss. With `layer_decay`, a layer learns at
    that share of the rate of the one above it: the earlier, the less of it is changed.

    Updates compute in `precision`; answers always in float32. With `accumulate`, a batch is gone
    through in so many parts, one after the other. With `grow_from`, pictures begin at that share of
    their sides and grow to all of it.

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
    layer_decay: float = 1.0
    augment: tuple[Augmentation, ...] = ()
    shuffle: Literal["every epoch", "once"] = "every epoch"
    balance: Balance = "none"
    precision: Precision = "float32"
    accumulate: int = 1
    grow_from: float = 1.0
    pixel_scale: float = 1 / 255
    validation_share: float = 0.1
    watch: Literal["validation", "test", "train"] = "validation"
    evaluate_every: int | None = None
    patience: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        augmentations.check(self.augment)
        _positive("--lr", self.schedule.rate)
        _positive("--batch-size", self.batch_size)
        _positive("--epsilon", self.epsilon)
        for what in ("weight_decay", "l1", "l2", "warmup_steps"):
            _not_negative("--" + what.replace("_", "-"), getattr(self, what))
        for what in ("momentum", "rho", "label_smoothing", "ema"):
            _share("--" + what.replace("_", "-"), getattr(self, what) or 0.0)
        if not 0 < self.layer_decay <= 1:
            raise BadUsage(f"--layer-decay must be above 0 and at most 1, got {self.layer_decay}")
        if not 0 < self.grow_from <= 1:
            raise BadUsage(f"--grow-from must be above 0 and at most 1, got {self.grow_from}")
        _positive("--accumulate", self.accumulate)
        if self.batch_size % self.accumulate:
            raise BadUsage(
                f"--accumulate divides a batch into equal parts: {self.batch_size} pictures are "
                f"not to be divided by {self.accumulate}"
            )
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
        for what, names in (
            ("balance", Balance),
            ("optimizer", OptimizerName),
            ("precision", Precision),
        ):
            if getattr(self, what) not in get_args(names):
                raise unknown_name(what, getattr(self, what), get_args(names))
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

    def in_steps(self, train_images: int, share: float = 1.0) -> "Recipe":
        """The same for this many training images, counted in steps: a share of them.

        >>> Recipe(name="mine", epochs=2).in_steps(1000, share=0.1).steps
        2
        """
        steps = max(1, round(self.total_steps(train_images) * share))
        every = max(1, round(self.evaluation_interval(train_images) * share))
        return replace(self, steps=steps, epochs=None, evaluate_every=every)

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
