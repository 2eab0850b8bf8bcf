"""Where a classifier is right and where it is wrong, in numbers."""

from dataclasses import dataclass

import numpy as np

from saccade.core.records import Predictions


@dataclass(frozen=True)
class ClassMetrics:
    """One class: shares 0..1 (None where there is nothing to divide by), `support` its pictures."""

    precision: float | None
    recall: float | None
    f1: float | None
    support: int


def confusion(predictions: Predictions, classes: int) -> np.ndarray:
    """int64 [classes, classes]: how often a picture of class (row) was answered (column).

    >>> confusion(Predictions(np.array([[2., 1.], [2., 1.]]), np.array([0, 1])), 2).tolist()
    [[1, 0], [1, 0]]
    """
    matrix = np.zeros((classes, classes), np.int64)
    np.add.at(matrix, (predictions.labels, predictions.answers), 1)
    return matrix


def per_class(matrix: np.ndarray) -> list[ClassMetrics]:
    """Precision, recall and F1 of every class of a confusion matrix.

    >>> per_class(np.array([[8, 2], [1, 9]]))[0]
    ClassMetrics(precision=0.8888888888888888, recall=0.8, f1=0.8421052631578947, support=10)
    """
    rows = []
    for label in range(len(matrix)):
        hits, answered, support = (
            int(matrix[label, label]),
            int(matrix[:, label].sum()),
            int(matrix[label].sum()),
        )
        rows.append(
            ClassMetrics(
                precision=hits / answered if answered else None,
                recall=hits / support if support else None,
                f1=2 * hits / (answered + support) if answered + support else None,
                support=support,
            )
        )
    return rows
