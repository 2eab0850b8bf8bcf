"""How a run stands: the best evaluation so far, and what has been counted. Kept in checkpoints."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from saccade.core.records import Predictions
from saccade.run.events import StepsDone


@dataclass(eq=False)
class Best:
    """The best watched evaluation so far; the weights are kept only where they may be chosen."""

    accuracy: float = -1.0
    loss: float = np.inf
    step: int = 0
    weights: dict[str, np.ndarray] | None = None

    def beaten_by(self, predictions: Predictions) -> bool:
        return (predictions.accuracy, -predictions.loss) > (self.accuracy, -self.loss)

    @classmethod
    def of(cls, facts: Mapping[str, Any], weights: Mapping[str, np.ndarray] | None) -> "Best":
        """That of a checkpoint."""
        loss = np.inf if facts["loss"] is None else facts["loss"]
        kept = None if weights is None else dict(weights)
        return cls(facts["accuracy"], loss, facts["step"], kept)

    def facts(self) -> dict[str, Any]:
        loss = self.loss if np.isfinite(self.loss) else None
        return {"accuracy": self.accuracy, "loss": loss, "step": self.step}


@dataclass
class Totals:
    """Counts over the whole run, resumed parts included.

    The last three are of the steps since the last evaluation, added up step by step: neither the
    length of chunks nor a resume in between changes a bit of their means.
    """

    seconds: float = 0.0
    timed_images: int = 0
    timed_seconds: float = 0.0
    steps: int = 0
    losses: float = 0.0
    accuracies: float = 0.0

    def add(self, done: StepsDone, *, timed: bool) -> None:
        """Counts a chunk; `timed` leaves out the first one, which compiles."""
        self.seconds += done.seconds
        if timed:
            self.timed_images += done.images
            self.timed_seconds += done.seconds
        for loss, accuracy in zip(done.losses, done.accuracies, strict=True):
            self.steps += 1
            self.losses += loss
            self.accuracies += accuracy

    def take_means(self) -> tuple[float | None, float | None]:
        """(mean loss, mean accuracy) of training since the last time this was asked."""
        steps, losses, accuracies = self.steps, self.losses, self.accuracies
        self.steps, self.losses, self.accuracies = 0, 0.0, 0.0
        return (losses / steps, accuracies / steps) if steps else (None, None)
