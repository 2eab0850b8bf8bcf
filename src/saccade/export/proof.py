"""The proof: a bundle and the network it was made of, asked the same."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from saccade.bundle.bundle import TOLERANCE
from saccade.core.errors import Disagrees


@dataclass(frozen=True)
class Parity:
    """How near two are: the largest difference of a probability, and how often the first class is
    the same, on so many pictures of a kind (`held out of train`, `golden`)."""

    kind: str
    pictures: int
    difference: float
    same_class: int

    @property
    def agrees(self) -> bool:
        """Within the tolerance on every picture, and of one mind."""
        return self.difference <= TOLERANCE and self.same_class == self.pictures

    def __str__(self) -> str:
        """For a line on a screen."""
        return (
            f"{self.pictures:,} pictures ({self.kind}): probabilities differ by at most "
            f"{self.difference:.1e}, same class on {self.same_class:,}"
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def parity(kind: str, ours: np.ndarray, theirs: np.ndarray) -> Parity:
    """Of two answers for the same pictures, probabilities [n, classes] each.

    >>> print(parity("golden", np.array([[0.5, 0.5]]), np.array([[0.4, 0.6]])))
    1 pictures (golden): probabilities differ by at most 1.0e-01, same class on 0
    """
    difference = np.abs(ours - theirs).max() if len(ours) else 0.0
    same = int((ours.argmax(axis=1) == theirs.argmax(axis=1)).sum())
    # What is no number agrees with nothing.
    return Parity(kind, len(ours), float(np.nan_to_num(difference, nan=np.inf)), same)


def prove(checks: list[Parity]) -> None:
    """Passes where all agree.

    Raises:
        Disagrees: one does not; says which and by how much, and what may be the cause.
    """
    wrong = [check for check in checks if not check.agrees]
    if wrong:
        raise Disagrees(
            "the exported network does not answer as the run does, so no bundle was written:\n"
            + "\n".join(f"  {check}" for check in wrong)
            + f"\nAt most {TOLERANCE:g} is right. This is a fault of saccade or of the runtime: "
            "please report it with the run's run.json"
        )
