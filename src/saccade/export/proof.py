"""The proof: what was written and the network it was made of, asked the same."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from saccade.bundle.bundle import TOLERANCE
from saccade.core.calibration import Calibration, identity
from saccade.core.errors import BadData, Disagrees, MissingFile
from saccade.run.directory import Run
from saccade.train.evaluate import unseen
from saccade.train.restore import Own, Trained, restore

ASKED = 256  # pictures


@dataclass(frozen=True, eq=False)
class Asked:
    """A run's network and what it answers for pictures that it has not learned from.

    `pixels` are uint8 [n, height, width, channels], of the splits that `kind` names.
    """

    trained: Trained
    calibration: Calibration
    kind: str
    pixels: np.ndarray

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        """The network's own, calibrated, float64 [n, classes]."""
        return self.calibration.probabilities(self._logits(pixels))

    def parity(self, probabilities: np.ndarray, logits: np.ndarray) -> "tuple[Parity, Parity]":
        """Beside somebody else's answers for `pixels`, float [n, classes] each.

        Decisions are made of logits, and of those a softmax hides what is common to all classes.
        They are compared as parts of the largest.
        """
        ours = self._logits(self.pixels)
        largest = max(1.0, float(np.abs(ours).max()))
        return (
            parity(self.kind, self.calibration.probabilities(ours), probabilities),
            parity(self.kind, ours / largest, logits / largest, "logits"),
        )

    def _logits(self, pixels: np.ndarray) -> np.ndarray:
        return self.trained.engine.logits(self.trained.weights, pixels)


def asked(run: str | Path | Run, checkpoint: str | None, model: Own) -> Asked:
    """The network of a run, and 256 unseen pictures, or all there are.

    Raises:
        BadRun: no such run, or it has no checkpoint yet.
        BadData: its data is gone or has changed.
    """
    trained = restore(run, checkpoint, model=model)
    calibration = trained.calibration or identity(len(trained.classes))
    return Asked(trained, calibration, *_unseen(trained))


def _unseen(trained: Trained) -> tuple[str, np.ndarray]:
    """Pictures that the network has not learned from, and what they are."""
    try:
        return unseen(trained, ASKED)
    except (BadData, MissingFile) as error:
        raise BadData(
            f"{error}. An export is proved on pictures of the run's data: put it back as it was, "
            "or train again"
        ) from None


@dataclass(frozen=True)
class Parity:
    """How near two are: the largest difference of a number (a probability, or a logit as part of
    the largest), and how often the first class is the same, on so many pictures of a kind
    (`validation and test`, `golden`)."""

    kind: str
    pictures: int
    difference: float
    same_class: int
    what: str = "probabilities"

    @property
    def agrees(self) -> bool:
        """Within the tolerance on every picture, and of one mind."""
        return self.difference <= TOLERANCE and self.same_class == self.pictures

    def __str__(self) -> str:
        """For a line on a screen."""
        return (
            f"{self.pictures:,} pictures ({self.kind}): {self.what} differ by at most "
            f"{self.difference:.1e}, same class on {self.same_class:,}"
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Exported:
    """What was written: where, how large in bytes, and how near it is to its run."""

    path: Path
    size: int
    checks: tuple[Parity, ...]


def parity(kind: str, ours: np.ndarray, theirs: np.ndarray, what: str = "probabilities") -> Parity:
    """Of two answers for the same pictures, float [n, classes] each.

    >>> print(parity("golden", np.array([[0.5, 0.5]]), np.array([[0.4, 0.6]])))
    1 pictures (golden): probabilities differ by at most 1.0e-01, same class on 0
    """
    difference = np.abs(ours - theirs).max() if len(ours) else 0.0
    same = int((ours.argmax(axis=1) == theirs.argmax(axis=1)).sum())
    # What is no number agrees with nothing.
    return Parity(kind, len(ours), float(np.nan_to_num(difference, nan=np.inf)), same, what)


def prove(checks: Sequence[Parity]) -> None:
    """Passes where all agree.

    Raises:
        Disagrees: one does not; says which and by how much, and what may be the cause.
    """
    wrong = [check for check in checks if not check.agrees]
    if wrong:
        raise Disagrees(
            "the exported network does not answer as the run does, so nothing was written:\n"
            + "\n".join(f"  {check}" for check in wrong)
            + f"\nAt most {TOLERANCE:g} is right. This is a fault of saccade or of the runtime: "
            "please report it with the run's run.json"
        )
