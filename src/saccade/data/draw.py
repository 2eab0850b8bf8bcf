"""A few labelled pictures of every class."""

import numpy as np

from saccade.core.records import Split


def draw(split: Split, per_class: int | None, classes: int, seed: int) -> Split:
    """`per_class` pictures of every class, or all there are of one that has fewer; None: all.

    They keep the order they came in. What is drawn with one seed is nested: 5 of a class hold the 1
    drawn before, so that two points of a curve differ in how many, and less in which.

    >>> split = Split(np.zeros((6, 1, 1, 1), np.uint8), np.array([0, 1, 0, 1, 0, 1]), range(6))
    >>> one, two = (draw(split, count, classes=2, seed=0) for count in (1, 2))
    >>> len(one), len(two), set(one.names) < set(two.names)
    (2, 4, True)
    """
    if per_class is None:
        return split
    chosen = [
        np.random.default_rng([seed, label]).permutation(np.flatnonzero(split.labels == label))
        for label in range(classes)
    ]
    return split.take(np.sort(np.concatenate([ids[:per_class] for ids in chosen])))
