"""Sets of classes that hold the true one as often as is wanted: split conformal prediction.

Vovk, Gammerman and Shafer, "Algorithmic learning in a random world", 2005. It holds for any network
and any finite number of pictures, if new pictures are like those that were held out.
"""

import math
from dataclasses import dataclass

import numpy as np

from saccade.confidence.answers import checked
from saccade.core.calibration import Conformal
from saccade.core.errors import BadUsage
from saccade.core.scores import Kind, nonconformity


@dataclass(frozen=True)
class Sets:
    """How sets turned out on `n` pictures: the share with the true class, and their sizes.

    `empty` is the share of sets without any class, `single` that of sets with just one.
    """

    coverage: float
    mean_size: float
    empty: float
    single: float
    n: int


def fit_conformal(
    probabilities: np.ndarray, labels: np.ndarray, coverage: float, kind: Kind = "LAC"
) -> Conformal:
    """The quantile with which sets of new pictures hold their class with at least `coverage`.

    It is the ceil((n + 1) coverage)-th smallest score of the true classes, where a plain quantile
    would promise a little too much; with so few pictures that there is none, every class is in.
    `LAC` gives the smallest sets on average and just the coverage, and some sets empty where the
    network is right more often than that; `APS` always holds the likeliest class.

    Raises:
        BadData: the probabilities are not finite, or do not fit the labels.
        BadUsage: a coverage that is not between 0 and 1.

    >>> nine = np.array([[p, 1 - p] for p in np.linspace(0.9, 0.1, 9)])
    >>> round(fit_conformal(nine, np.zeros(9, int), 0.8).quantile, 6)
    0.8
    >>> fit_conformal(nine, np.zeros(9, int), 0.95).quantile  # nine can't say that much
    1.0
    """
    if not 0 < coverage < 1:
        raise BadUsage(f"--coverage is above 0 and below 1, got {coverage}")
    probabilities, labels = checked(probabilities, labels)
    n = len(labels)
    scores = np.sort(nonconformity(probabilities, kind)[np.arange(n), labels])
    place = math.ceil((n + 1) * coverage - 1e-9)
    quantile = min(1.0, max(0.0, float(scores[place - 1]))) if place <= n else 1.0
    return Conformal(coverage, kind, quantile)


def sets_on(fitted: Conformal, probabilities: np.ndarray, labels: np.ndarray) -> Sets:
    """How these sets turn out.

    Raises:
        BadData: the probabilities are not finite, or do not fit the labels.
    """
    probabilities, labels = checked(probabilities, labels)
    inside = nonconformity(probabilities, fitted.kind) <= fitted.quantile
    sizes = inside.sum(axis=1)
    return Sets(
        coverage=float(inside[np.arange(len(labels)), labels].mean()),
        mean_size=float(sizes.mean()),
        empty=float((sizes == 0).mean()),
        single=float((sizes == 1).mean()),
        n=len(labels),
    )
