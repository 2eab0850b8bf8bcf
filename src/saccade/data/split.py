"""Which pictures are set aside."""

import numpy as np

from saccade.core.records import Split

SEED = 0
"""Splits do not depend on a run's seed, so that runs with different seeds can be compared."""


def hold_out(split: Split, share: float, classes: int) -> tuple[Split, Split]:
    """(what stays, what is held out): `share` of every class, in the order they came.

    A class of one picture stays; a class of two or more gives at least one and keeps at least one.

    >>> pixels = np.zeros((10, 1, 1, 1), np.uint8)
    >>> labels = np.array([0] * 8 + [1] * 2, np.int32)
    >>> stays, held = hold_out(Split(pixels, labels, range(10)), 0.25, classes=2)
    >>> stays.labels.tolist(), held.labels.tolist()
    ([0, 0, 0, 0, 0, 0, 1], [0, 0, 1])
    """
    rng = np.random.default_rng(SEED)
    held = np.zeros(len(split), bool)
    for label in range(classes):
        ids = rng.permutation(np.flatnonzero(split.labels == label))
        count = min(max(round(share * len(ids)), 1), len(ids) - 1) if len(ids) > 1 else 0
        held[ids[:count]] = True
    return split.take(np.flatnonzero(~held)), split.take(np.flatnonzero(held))
