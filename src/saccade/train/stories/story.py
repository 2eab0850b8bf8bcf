"""A story: a few short trainings that differ in one thing, and what they are to show."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from saccade.core.interval import wilson
from saccade.train.recipe import Recipe
from saccade.train.stories.claim import Claim, Measure

MOST_POINTS = 16  # of a line
Point = tuple[float, float]
# An accuracy with its interval over some number: (x, accuracy, low, high).
Banded = tuple[float, float, float, float]


@dataclass(frozen=True)
class Row:
    """One way to train; `other` says what is other about it than about the rest.

    `reported` is the accuracy that the course's authors report of it.
    """

    name: str
    other: str
    model: str
    recipe: Recipe
    normalisation: str | None = None
    reported: float | None = None


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the trainings of one row came to, seed by seed.

    `slopes` are the lengths of the first seed's slopes after its last step, kernel by kernel, from
    the picture to the answer.
    """

    row: Row
    measures: Sequence[Measure]
    slopes: Sequence[float] = ()

    def pooled(self, at: int = -1) -> tuple[float, float, float]:
        """(accuracy, low, high) on validation at the evaluation `at`: of all seeds' answers."""
        told = [measure.curve[at][1] for measure in self.measures]
        n = sum(each.n for each in told)
        correct = sum(round(each.accuracy * each.n) for each in told)
        return correct / n, *wilson(correct, n)

    def line(self) -> list[Banded]:
        """The accuracy on validation over the steps, as far as all seeds came.

        Of many evaluations some, early ones closer together: a chart's axis is logarithmic.
        """
        common = min(len(measure.curve) for measure in self.measures)
        chosen = np.geomspace(1, common, MOST_POINTS).round().astype(int) - 1
        return [(self.measures[0].curve[at][0], *self.pooled(at)) for at in np.unique(chosen)]


@dataclass(frozen=True)
class Lines:
    """A chart of lines with their bands; up are shares, across is logarithmic."""

    title: str
    across: str
    lines: Mapping[str, Sequence[Banded]]


@dataclass(frozen=True)
class Curves:
    """A chart of at most four curves of plain numbers; `unit` stands in the corner."""

    title: str
    unit: str
    across: str
    curves: Mapping[str, Sequence[Point]]


@dataclass(frozen=True)
class Gaps:
    """A chart of dots with intervals, (share, low, high), each with a second share beside it."""

    title: str
    dots: Mapping[str, tuple[float, float, float]]
    beside: Mapping[str, float]


Chart = Lines | Curves | Gaps
Told = Mapping[str, Evidence]


@dataclass(frozen=True, eq=False)
class Story:
    """`claims` and `charts` are made of what the rows came to, by their names."""

    name: str
    title: str
    rows: Sequence[Row]
    claims: Callable[[Told], list[Claim]]
    charts: Callable[[Told], list[Chart]]


def chart_to_json(chart: Chart) -> dict[str, Any]:
    """{"kind": "lines", ...}: plain values."""
    return {"kind": type(chart).__name__.lower(), **asdict(chart)}
