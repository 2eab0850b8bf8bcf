"""What many answers come to: counts, the accuracy, and which pictures to look at."""

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from saccade.core.interval import wilson
from saccade.score.table import Row

MOST_SHOWN = 150  # of each kind
MOST_PROBLEMS = 20


@dataclass
class Tally:
    """Counts as rows are added, in memory that does not grow with them.

    `answered` is by predicted class; `labelled` and `found` (rightly answered) by label, of classes
    that the network knows; `confused` by (label, predicted); `unknown` by labels it does not know.
    """

    classes: Sequence[str]
    pictures: int = 0
    problems: int = 0
    answered: Counter[str] = field(default_factory=Counter)
    labelled: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    confused: Counter[tuple[str, str]] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[int, str]] = field(default_factory=list)
    _surest: list[tuple[float, int]] = field(default_factory=list)
    _doubtful: list[tuple[float, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._known = frozenset(self.classes)

    def add(self, row: Row) -> None:
        """The next picture."""
        position = self.pictures
        self.pictures += 1
        if row.problem:
            self.problems += 1
            if len(self.refused) < MOST_PROBLEMS:
                self.refused.append((position, row.problem))
            return
        self.answered[row.predicted] += 1
        _keep(self._doubtful, (-row.probability, -position))
        if row.label in self._known:
            self.labelled[row.label] += 1
            if row.label == row.predicted:
                self.found[row.label] += 1
            else:
                self.confused[row.label, row.predicted] += 1
                _keep(self._surest, (row.probability, -position))
        elif row.label:
            self.unknown[row.label] += 1

    @property
    def read(self) -> int:
        """How many pictures have an answer."""
        return self.pictures - self.problems

    @property
    def mistakes(self) -> int:
        """How many answers are another class than the label."""
        return self.labelled.total() - self.found.total()

    @property
    def accuracy(self) -> dict[str, float] | None:
        """`accuracy`, `low`, `high` (95 % Wilson interval) and `n`; None without known labels."""
        n, right = self.labelled.total(), self.found.total()
        if not n:
            return None
        low, high = wilson(right, n)
        return {"accuracy": right / n, "low": low, "high": high, "n": n}

    @property
    def surest_mistakes(self) -> list[int]:
        """Positions of at most `MOST_SHOWN` wrong answers, the surest first."""
        return [-position for _, position in sorted(self._surest, reverse=True)]

    @property
    def least_sure(self) -> list[int]:
        """Positions of at most `MOST_SHOWN` answers, the least sure first."""
        return [-position for _, position in sorted(self._doubtful, reverse=True)]


def _keep(heap: list[tuple[float, int]], entry: tuple[float, int]) -> None:
    """Of all entries the largest."""
    if len(heap) < MOST_SHOWN:
        heapq.heappush(heap, entry)
    else:
        heapq.heappushpop(heap, entry)
