"""Made-up rows: what a story says of numbers that are known."""

from collections.abc import Callable, Sequence

import pytest

from saccade.core.interval import wilson
from saccade.run.events import Accuracy
from saccade.train.recipe import Recipe
from saccade.train.stories.claim import Measure
from saccade.train.stories.story import Evidence, Row


def accuracy(share: float, n: int) -> Accuracy:
    return Accuracy(share, *wilson(round(share * n), n), 0.5, n)


@pytest.fixture(scope="session")
def made_up() -> Callable[..., Evidence]:
    """A row that came to these accuracies on validation, one a seed; `curve` leads to them all."""

    def make(
        name: str,
        *validation: float,
        train: float = 1.0,
        n: int = 5_000,
        curve: Sequence[tuple[int, float]] = (),
        slopes: Sequence[float] = (1.0, 0.1),
    ) -> Evidence:
        row = Row(name, f"what is other about {name}", "softmax", Recipe(steps=100))
        before = tuple((step, accuracy(share, n)) for step, share in curve)
        ends = [accuracy(share, n) for share in validation]
        seen = accuracy(train, 2_000)
        measures = [Measure(end, seen, (*before, (100, end))) for end in ends]
        return Evidence(row, measures, list(slopes))

    return make
