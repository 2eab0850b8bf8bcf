"""The record of a run, read for diagnosis; nothing in it is changed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from saccade.core.errors import BadRun
from saccade.core.interval import wilson
from saccade.diagnose.answers import Answers
from saccade.run.directory import Run, State
from saccade.run.pack import from_pack
from saccade.run.snapshots import read_snapshot, snapshot_steps

MOST_SNAPSHOTS = 20
FEWEST_STEPS = 100  # before that hardly anything can be said of a rate
WINDOW = 100  # pictures: fewer make a mean loss too noisy to be judged
ADAPTIVE = ("adam", "adamw", "rmsprop")

Evaluation = Mapping[str, Any]
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Trace:
    """How a training went.

    `losses` (nats), `accuracies` and `rates` are of every update, float [steps], NaN where the log
    has no number; `evaluations` are the log's lines, oldest first; `reason` is why it ended.
    """

    run: Run
    facts: Mapping[str, Any]
    state: State
    reason: str
    losses: np.ndarray
    accuracies: np.ndarray
    rates: np.ndarray
    evaluations: Sequence[Evaluation]

    @property
    def steps(self) -> int:
        """How many updates there have been."""
        return len(self.losses)

    @property
    def length(self) -> int:
        """The updates that there were to be, or have been where it is finished."""
        if self.state == "finished":
            return self.steps
        return max(self.steps, int(self.facts["total_steps"]))

    @property
    def recipe(self) -> Mapping[str, Any]:
        """How it was trained."""
        recipe: Mapping[str, Any] = self.facts["recipe"]
        return recipe

    @property
    def layers(self) -> Sequence[Mapping[str, Any]]:
        """run.json's layers; none in a run of before they were written."""
        layers: Sequence[Mapping[str, Any]] = self.facts["model"].get("layers", ())
        return layers

    @property
    def classes(self) -> Sequence[str]:
        """The names of the classes."""
        classes: Sequence[str] = self.facts["data"]["classes"]
        return classes

    @property
    def watched(self) -> str:
        """The name of the split that was evaluated during training."""
        return str(self.recipe["watch"])

    @property
    def rate(self) -> float:
        """The highest learning rate so far."""
        return float(self.rates.max())

    def epoch(self, step: float) -> float:
        """How many times the training pictures had been gone through."""
        return float(step * self.recipe["batch_size"] / self.facts["data"]["train"])

    @cached_property
    def smooth(self) -> np.ndarray:
        """Mean losses of as many updates as hold a hundred pictures; [i] begins with update i."""
        width = max(1, math.ceil(WINDOW / self.recipe["batch_size"]))
        return means(self.losses, min(width, self.steps))

    @cached_property
    def labels(self) -> np.ndarray | None:
        """The labels of the watched pictures in images.bin."""
        try:
            return from_pack((self.run.path / "images.bin").read_bytes())[1]["watched_labels"]
        except (OSError, BadRun, KeyError):
            return None

    @cached_property
    def shares(self) -> np.ndarray:
        """How the watched pictures are shared out among the classes, float [classes], sum 1."""
        count = len(self.classes)
        if self.labels is None or not len(self.labels):
            return np.full(count, 1 / count)
        return np.bincount(self.labels, minlength=count) / len(self.labels)

    @property
    def chance_loss(self) -> float:
        """The loss in nats of who knows the shares of the classes and nothing else."""
        shares = self.shares[self.shares > 0]
        return float(-(shares * np.log(shares)).sum())

    @property
    def chance_share(self) -> float:
        """The accuracy of who always answers the commonest class."""
        return float(self.shares.max())

    def beats_chance(self, evaluation: Evaluation, of: int = 1) -> bool:
        """Whether its accuracy is above guessing, by the 95 % interval.

        `of` is how many evaluations it was picked from (Bonferroni): the best of twenty is above
        guessing by luck.
        """
        n = evaluation["n"]
        interval = wilson(round(evaluation["accuracy"] * n), n, 1 - 0.05 / of)
        return interval[0] > self.chance_share

    @property
    def learned(self) -> bool:
        """Whether the last evaluation is above guessing."""
        return bool(self.evaluations) and self.beats_chance(self.evaluations[-1])

    @cached_property
    def first(self) -> Arrays:
        """The first snapshot there is, {} without one."""
        return next(iter(self._snapshots(self._steps[:1])), {})

    @cached_property
    def settled(self) -> Sequence[Arrays]:
        """Snapshots of the second half of the run, at most the last twenty."""
        half = [step for step in self._steps if step > self.steps / 2]
        return self._snapshots(half[-MOST_SNAPSHOTS:])

    @cached_property
    def answers(self) -> Answers | None:
        """What was answered at the last evaluation that a snapshot knows."""
        for step in self._steps[:-4:-1]:
            for arrays in self._snapshots([step]):
                if "watched_answers" in arrays and self.labels is not None:
                    given = arrays["watched_answers"]
                    if len(given) != len(self.labels):
                        return None
                    sure = arrays["watched_confidence"] / 255
                    return Answers(int(arrays["watched_step"]), self.labels, given, sure)
        return None

    @cached_property
    def weight_scale(self) -> float | None:
        """How large a weight is at first: the median over the kernels of half the width of the
        middle five sevenths. None for a single kernel, which may have begun with zeros."""
        names = self.first.get("variables", np.array([]))
        kernels = [i for i, name in enumerate(names) if str(name).endswith("kernel")]
        if len(kernels) < 2:
            return None
        bands = self.first["bands"][kernels]
        return float(np.median(bands[:, 6] - bands[:, 1]) / 2)

    @cached_property
    def _steps(self) -> list[int]:
        return snapshot_steps(self.run.path / "snapshots")

    def _snapshots(self, steps: Sequence[int]) -> list[Arrays]:
        """Those that can be read: a running trainer may drop one at any time."""
        found: list[Arrays] = []
        for step in steps:
            try:
                found.append(read_snapshot(self.run.path / "snapshots", step))
            except BadRun:
                continue
        return found


def means(values: np.ndarray, width: int) -> np.ndarray:
    """Means of `width` neighbours.

    >>> means(np.array([1.0, 3.0, 5.0]), 2).tolist()
    [2.0, 4.0]
    """
    return np.convolve(values, np.full(width, 1 / width), "valid")


def read_trace(run: Run) -> Trace:
    """Reads what is needed of a run.

    Raises:
        BadRun: run.json is missing or damaged.
    """
    events = list(run.events())
    chunks = [event for event in events if event["event"] == "StepsDone"]

    def column(name: str) -> np.ndarray:
        return np.array([value for chunk in chunks for value in chunk[name]], float)

    try:
        facts = run.facts
        for part, name in (("data", "train"), ("recipe", "watch"), ("model", "name")):
            facts[part][name]
        evaluations = [event for event in events if event["event"] == "Evaluated"]
        return Trace(
            run=run,
            facts=facts,
            state=run.state,
            reason=str(events[-1].get("reason", "")) if events else "",
            losses=column("losses"),
            accuracies=column("accuracies"),
            rates=column("learning_rates"),
            evaluations=[event for event in evaluations if event["loss"] is not None],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadRun(f"the record of {run.path} is damaged: {error!r}") from None
