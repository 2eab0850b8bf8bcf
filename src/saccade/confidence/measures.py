"""How far probabilities are from what happens: NLL, ECE, class-wise ECE and Brier's score.

All four are sums over the pictures, in absolute value and added up, divided by how many pictures
there are: that one form makes a bootstrap a matrix product.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy.sparse import csr_array, hstack

from saccade.confidence.answers import checked

Name = Literal["nll", "ece", "classwise_ece", "brier"]
BINS = 15  # as wide as one another, over 0..1 (Guo et al. 2017)
RESAMPLES = 1000
TOGETHER = 50  # resamples at a time
FLOOR = 1e-300  # of a probability whose logarithm is taken


@dataclass(frozen=True)
class Measured:
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float


def measure(
    probabilities: np.ndarray, labels: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[Name, Measured]:
    """All measures of probabilities [n, classes] with true labels [n]; smaller is better.

    `nll` is the mean cross entropy in nats. `ece`, 0..1, is how far the top probability is from the
    share of right answers, mean over 15 equal bins by how many pictures are in each (Naeini et al.
    2015, Guo et al. 2017). `classwise_ece` is the same of each class's probability, the mean over
    classes (Kull et al. 2019). `brier`, 0..2, is the squared distance of all probabilities from the
    truth (Brier 1950). Intervals are bootstrap's, basic form: resampled pictures add the noise that
    the measured ones already have, so that it is taken off, not on. The same `seed` resamples the
    same pictures.

    Raises:
        BadData: the probabilities are not finite, or do not fit the labels.

    >>> said = np.array([[0.9, 0.1]] * 10)
    >>> measure(said, np.array([0] * 9 + [1]))["ece"].value.__round__(6)  # 90 % sure, 90 % right
    0.0
    >>> measure(said, np.array([0] * 5 + [1] * 5))["ece"].value.__round__(6)
    0.4
    """
    probabilities, labels = checked(probabilities, labels)
    names: tuple[Name, ...] = get_args(Name)
    sums = [_sums(name, probabilities, labels) for name in names]
    ends = np.cumsum([columns.shape[1] for columns in sums])[:-1]
    columns, n = hstack(sums, format="csr"), len(labels)
    rng, found = np.random.default_rng(seed), []
    for start in range(0, resamples, TOGETHER):
        count = min(TOGETHER, resamples - start)
        drawn = rng.multinomial(n, np.full(n, 1 / n), count).astype(np.float64)
        found.append(_measured(drawn @ columns, ends) / n)
    [values] = _measured(columns.sum(axis=0)[None], ends) / n
    resampled = np.concatenate(found) if found else np.empty((0, len(names)))
    return {
        name: _with_interval(float(value), each)
        for name, value, each in zip(names, values, resampled.T, strict=True)
    }


def _measured(totals: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """[resamples, measures] of the totals of all columns, [resamples, columns]."""
    parts = np.split(np.abs(totals), ends, axis=1)
    return np.stack([part.sum(axis=1) for part in parts], axis=1)


def _with_interval(value: float, resampled: np.ndarray) -> Measured:
    """The basic bootstrap's (Davison and Hinkley 1997, 5.2), never without the value itself."""
    if not len(resampled):
        return Measured(value, value, value)
    low, high = np.quantile(resampled, [0.025, 0.975])
    return Measured(
        value, float(max(0.0, min(value, 2 * value - high))), float(max(value, 2 * value - low))
    )


def _sums(name: Name, probabilities: np.ndarray, labels: np.ndarray) -> csr_array:
    """[n, columns]: a measure is the sum of what its columns sum up to, absolute, over n."""
    n, classes = probabilities.shape
    rows = np.arange(n)
    if name == "nll":
        return csr_array(-np.log(np.maximum(probabilities[rows, labels], FLOOR))[:, None])
    truth = np.zeros((n, classes))
    truth[rows, labels] = 1
    if name == "brier":
        return csr_array(((probabilities - truth) ** 2).sum(axis=1)[:, None])
    if name == "ece":
        top = probabilities.argmax(axis=1)
        said, right, share = probabilities[rows, top], (top == labels).astype(float), 1
        column = bin_of(said)
    else:
        said, right, share = probabilities.ravel(), truth.ravel(), classes
        rows = np.repeat(rows, classes)
        column = bin_of(said) + BINS * np.tile(np.arange(classes), n)
    shape = (n, BINS * share)
    return csr_array(((said - right) / share, (rows, column)), shape=shape)


def bin_of(shares: np.ndarray) -> np.ndarray:
    """Which of the bins each share 0..1 is in, int64 [n]; an edge belongs to the bin below it.

    >>> bin_of(np.array([0.0, 1 / 15, 0.5, 1.0])).tolist()
    [0, 0, 7, 14]
    """
    edges = np.linspace(0, 1, BINS + 1)[1:-1]
    return np.searchsorted(edges, shares, side="left").astype(np.int64)


def improvement(before: Mapping[Name, Measured], after: Mapping[Name, Measured]) -> list[Name]:
    """The measures that are smaller after."""
    return [name for name in before if after[name].value < before[name].value]
