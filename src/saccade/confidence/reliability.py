"""The reliability diagram: of pictures that are called 80 % sure, how many are right?"""

from dataclasses import dataclass

import numpy as np

from saccade.confidence.answers import checked
from saccade.confidence.measures import BINS, bin_of
from saccade.core.interval import wilson


@dataclass(frozen=True)
class Bin:
    """Pictures whose top probability is about the same.

    `said` is its mean, `right` the share of right answers and `low` to `high` the 95 % Wilson
    interval of that, all 0..1; `n` is how many pictures.
    """

    said: float
    right: float
    low: float
    high: float
    n: int


def reliability(probabilities: np.ndarray, labels: np.ndarray) -> list[Bin]:
    """The bins that have pictures, from unsure to sure.

    Raises:
        BadData: the probabilities are not finite, or do not fit the labels.

    >>> [only] = reliability(np.array([[0.9, 0.1]] * 10), np.array([0] * 9 + [1]))
    >>> round(only.said, 3), only.right, only.n
    (0.9, 0.9, 10)
    """
    probabilities, labels = checked(probabilities, labels)
    top = probabilities.argmax(axis=1)
    said, right = probabilities.max(axis=1), top == labels
    where, bins = bin_of(said), []
    for number in range(BINS):
        inside = where == number
        if n := int(inside.sum()):
            hits = int(right[inside].sum())
            bins.append(Bin(float(said[inside].mean()), hits / n, *wilson(hits, n), n))
    return bins
