"""What is written of each picture."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from saccade.core.calibration import Calibration
from saccade.score.scoring import Block

CLASS = "probability_"


@dataclass(frozen=True)
class Column:
    """One more column: a value for each picture, of float logits [n, classes].

    `number` is whether they are numbers, else text.
    """

    name: str
    values: Callable[[np.ndarray], Sequence[float | str]] = field(compare=False)
    number: bool = False


def confidence_columns(
    calibration: Calibration | None, classes: Sequence[str]
) -> tuple[Column, ...]:
    """What a calibrated network says beside its answer: decision, unknown_score, and the classes
    that are possible, a JSON list, if sets were asked for. Nothing of one that is not calibrated.
    """
    if calibration is None:
        return ()
    columns = [
        Column("decision", calibration.decisions),
        Column(
            "unknown_score",
            lambda raw: [f"{score:.6f}" for score in calibration.unknown_score(raw)],
            number=True,
        ),
    ]
    if calibration.conformal is not None:
        columns.append(
            Column(
                "possible",
                lambda raw: [
                    json.dumps([classes[i] for i in one], ensure_ascii=False)
                    for one in calibration.sets(raw)
                ],
            )
        )
    return tuple(columns)


class Row(NamedTuple):
    """What a row says; without a `problem` there is an answer. A label may be ""."""

    label: str
    predicted: str
    probability: float
    problem: str


@dataclass(frozen=True)
class Table:
    """The columns: path, label where some are known, predicted, probability, `more`, problem.

    With `probabilities` there is a column for each class as well.
    """

    classes: tuple[str, ...]
    labelled: bool
    probabilities: bool = False
    more: tuple[Column, ...] = ()

    @property
    def header(self) -> list[str]:
        """The columns' names, in order."""
        label = ["label"] if self.labelled else []
        each = [CLASS + name for name in self.classes] if self.probabilities else []
        more = [column.name for column in self.more]
        return ["path", *label, "predicted", "probability", *more, "problem", *each]

    @property
    def numbers(self) -> set[str]:
        """Columns that hold numbers."""
        more = {column.name for column in self.more if column.number}
        return {"probability", *more, *(name for name in self.header if name.startswith(CLASS))}

    def rows(self, block: Block) -> list[list[Any]]:
        """One for each picture."""
        more = [column.values(block.logits) for column in self.more]
        return [
            [
                one.name,
                *([one.label] if self.labelled else []),
                *self._answer(block.probabilities[i], problem, [values[i] for values in more]),
            ]
            for i, (one, problem) in enumerate(zip(block.found, block.problems, strict=True))
        ]

    def _answer(self, probabilities: np.ndarray, problem: str, more: list[Any]) -> list[Any]:
        """What stands behind path and label."""
        each = probabilities.tolist() if self.probabilities else []
        if problem:
            return ["", "", *("" for _ in more), problem, *("" for _ in each)]
        best = int(probabilities.argmax())
        answer = self.classes[best], f"{probabilities[best]:.6f}"
        return [*answer, *more, "", *(f"{p:.6f}" for p in each)]

    def read(self, cells: Sequence[object]) -> Row:
        """What a row says, one just made or one that was written before."""
        at = 1 + self.labelled
        label = str(cells[1]) if self.labelled else ""
        problem = str(cells[at + 2 + len(self.more)])
        probability = 0.0 if problem else float(str(cells[at + 1]))
        return Row(label, str(cells[at]), probability, problem)
