"""Which pictures are set aside."""

import numpy as np

from saccade.core.records import Split

SEED = 0
"""Splits do not depend on a run's seed, so that runs with different seeds can be compared."""


def hold_out(split: Split, share: float, classes: int) -> tuple[Split, Split]:
    """(what stays, what is held out): `share` of every class, in the order they came.

    A class of one picture stays; a class of two or more gives at least one and keeps at least one.
    Where the pictures have groups, a group stays or goes as a whole: the shares are then as near as
    whole groups allow, and every class still keeps at least one picture.

    >>> pixels = np.zeros((10, 1, 1, 1), np.uint8)
    >>> labels = np.array([0] * 8 + [1] * 2, np.int32)
    >>> stays, held = hold_out(Split(pixels, labels, range(10)), 0.25, classes=2)
    >>> stays.labels.tolist(), held.labels.tolist()
    ([0, 0, 0, 0, 0, 0, 1], [0, 0, 1])
    """
    if split.groups is None:
        held = _single(split.labels, share, classes)
    else:
        held = _whole_groups(split.labels, split.groups, share, classes)
    return split.take(np.flatnonzero(~held)), split.take(np.flatnonzero(held))


def _single(labels: np.ndarray, share: float, classes: int) -> np.ndarray:
    rng = np.random.default_rng(SEED)
    held = np.zeros(len(labels), bool)
    for label in range(classes):
        ids = rng.permutation(np.flatnonzero(labels == label))
        count = min(max(round(share * len(ids)), 1), len(ids) - 1) if len(ids) > 1 else 0
        held[ids[:count]] = True
    return held


def _whole_groups(labels: np.ndarray, groups: np.ndarray, share: float, classes: int) -> np.ndarray:
    """Large groups first, in a random order: one is held out where that brings the shares nearer.

    If that holds out none, the smallest one that no class lives by is.
    """
    numbers, index = np.unique(groups, return_inverse=True)
    counts = np.zeros((len(numbers), classes), np.int64)
    np.add.at(counts, (index, labels), 1)
    left = counts.sum(axis=0)
    missing = share * left
    order = np.random.default_rng(SEED).permutation(len(numbers))
    order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
    held = np.zeros(len(numbers), bool)

    def spared(group: int) -> bool:
        return bool((left[counts[group] > 0] > counts[group][counts[group] > 0]).all())

    for group in order:
        nearer = ((missing - counts[group]) ** 2 - missing**2).sum() < 0
        if nearer and spared(group):
            held[group] = True
            left, missing = left - counts[group], missing - counts[group]
    if not held.any():
        held[[group for group in order[::-1] if spared(group)][:1]] = True
    whole: np.ndarray = held[index]
    return whole
