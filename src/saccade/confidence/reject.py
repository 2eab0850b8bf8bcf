"""From which probability on an answer is right as often as is wanted."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import beta

from saccade.confidence.answers import checked
from saccade.core.calibration import Reject
from saccade.core.errors import BadUsage

DOUBT = 0.05  # the promise is broken for at most so many of many calibration sets
LEVELS = 40  # coverages that are looked at


@dataclass(frozen=True, eq=False)
class Coverage:
    """What is kept and how much of it is right, for every threshold: the surest picture first.

    `threshold`, `coverage` and `precision` are float64 [m], 0..1: one value for each different top
    probability, falling, with coverage rising. `kept` and `right` count pictures.
    """

    threshold: np.ndarray
    coverage: np.ndarray
    precision: np.ndarray
    kept: np.ndarray
    right: np.ndarray


def coverage_curve(probabilities: np.ndarray, labels: np.ndarray) -> Coverage:
    """Precision against coverage (risk-coverage curve, El-Yaniv and Wiener 2010).

    Raises:
        BadData: the probabilities are not finite, or do not fit the labels.

    >>> curve = coverage_curve(np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([0, 1]))
    >>> curve.coverage.tolist(), curve.precision.tolist()
    ([0.5, 1.0], [1.0, 0.5])
    """
    probabilities, labels = checked(probabilities, labels)
    top, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    order = np.argsort(-top, kind="stable")
    last = np.flatnonzero(np.append(np.diff(top[order]) != 0, True))  # equal ones go together
    kept, hits = last + 1, np.cumsum(right[order])[last]
    return Coverage(top[order][last], kept / len(labels), hits / kept, kept, hits)


def fit_reject(probabilities: np.ndarray, labels: np.ndarray, precision: float) -> Reject:
    """The threshold that keeps most, of those at which the wanted precision can be promised.

    The precision that is seen at a threshold may be high by chance. So it is its lower
    Clopper-Pearson bound that must reach the wanted one, and each of the forty coverages that are
    looked at, 2.5 % apart, gets a fortieth of the doubt: on new pictures of the same kind the
    precision is reached with probability 0.95 (Geifman and El-Yaniv, "Selective classification for
    deep neural networks", 2017; Angelopoulos et al., "Learn then test", 2021). Where it can't be
    promised for any threshold, `threshold` is None: nothing is accepted.

    Raises:
        BadData: the probabilities are not finite, or do not fit the labels.
        BadUsage: a precision that is not between 0 and 1.

    >>> rng = np.random.default_rng(0)
    >>> sure = rng.uniform(0.5, 1, 2000)
    >>> labels = (rng.uniform(size=2000) > sure).astype(int)  # right as often as they say
    >>> found = fit_reject(np.stack([sure, 1 - sure], 1), labels, 0.8)
    >>> 0.58 < found.threshold < 0.72, 0.55 < found.coverage < 0.85
    (True, True)
    """
    if not 0 < precision < 1:
        raise BadUsage(f"--precision is above 0 and below 1, got {precision}")
    curve = coverage_curve(probabilities, labels)
    n = len(labels)
    reached = [place for place, bound in _promises(curve) if bound >= precision]
    if not reached:
        return Reject(precision, None, 0.0, n)
    place = reached[-1]
    return Reject(precision, float(curve.threshold[place]), float(curve.coverage[place]), n)


def highest_promise(curve: Coverage) -> float:
    """The highest precision that `fit_reject` can promise with these pictures."""
    return max((bound for _, bound in _promises(curve)), default=0.0)


def _promises(curve: Coverage) -> list[tuple[int, float]]:
    """(place in the curve, precision that can be promised there), by rising coverage."""
    levels = np.arange(1, LEVELS + 1) / LEVELS
    places = np.unique(np.searchsorted(curve.coverage, levels + 1e-9, side="right") - 1)
    return [
        (int(i), promised(int(curve.right[i]), int(curve.kept[i]), DOUBT / LEVELS))
        for i in places
        if i >= 0
    ]


def promised(right: int, n: int, doubt: float) -> float:
    """The precision, 0..1, that is reached with probability 1 - doubt: Clopper and Pearson's bound.

    >>> round(promised(100, 100, 0.05), 4), promised(0, 5, 0.05)
    (0.9705, 0.0)
    """
    return float(beta.ppf(doubt, right, n - right + 1)) if right else 0.0
