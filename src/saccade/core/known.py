"""What the logits of known pictures look like, so that others can be told from them."""

from dataclasses import dataclass

import numpy as np

from saccade.core.errors import BadData
from saccade.core.scores import centred, unknown_score
from saccade.core.values import number, numbers, record_fields, short


@dataclass(frozen=True)
class Known:
    """Where centred logits of known pictures lie: `means` (a row a class), and their `spread`.

    A strange picture's logits are weak (its energy is high) or lie where those of no class do (its
    distance to the nearest mean, in spreads, is large). A network with batch norm may be surer of
    noise than of any picture it knows, which energy alone takes for familiar. `energy` and
    `distance` are the middle and the width of both on known pictures, to compare them by.
    """

    means: tuple[tuple[float, ...], ...]
    spread: tuple[float, ...]
    energy: tuple[float, float]
    distance: tuple[float, float]

    def __post_init__(self) -> None:
        classes = len(self.means)
        if classes < 2 or {len(row) for row in (*self.means, self.spread)} != {classes}:
            raise BadData("unknown.known has as many means as classes, each as long as the spread")
        if len(self.energy) != 2 or len(self.distance) != 2:
            raise BadData("unknown.known has a middle and a width of energy and of distance")
        for value in (*self.spread, self.energy[1], self.distance[1]):
            if number("unknown.known", value) < 1e-9:
                raise BadData(f"a spread or width of unknown.known is above 0, got {short(value)}")

    def strangeness(self, raw: np.ndarray) -> np.ndarray:
        """float64 [n] for raw logits [n, classes]; larger is stranger, known ones are around 0."""
        energy, distance = unknown_score(raw, "energy"), self.distances(raw)
        return np.maximum(
            (energy - self.energy[0]) / self.energy[1],
            (distance - self.distance[0]) / self.distance[1],
        )

    def distances(self, raw: np.ndarray) -> np.ndarray:
        """From the nearest class's mean, in spreads, float64 [n]."""
        scaled = centred(raw) / self.spread
        means = np.array(self.means) / self.spread
        squares = np.stack([((scaled - mean) ** 2).mean(axis=1) for mean in means], axis=1)
        nearest: np.ndarray = np.sqrt(squares.min(axis=1))
        return nearest

    @classmethod
    def from_json(cls, values: object) -> "Known":
        """The inverse of `dataclasses.asdict`; nothing in `values` is trusted.

        Raises:
            BadData: they are not that.
        """
        told = record_fields("unknown.known", cls, values)
        if not isinstance(told["means"], list | tuple):
            raise BadData(f"unknown.known.means is a list, got {short(told['means'])}")
        energy, distance, spread = (
            numbers(f"unknown.known.{name}", told[name])
            for name in ("energy", "distance", "spread")
        )
        means = tuple(numbers("unknown.known.means", row) for row in told["means"])
        return cls(means, spread, energy, distance)  # type: ignore[arg-type]  # it checks lengths
