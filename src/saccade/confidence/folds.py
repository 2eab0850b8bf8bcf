"""Parts of a set that are held out in turn."""

import numpy as np

from saccade.core.errors import BadData


def folds(
    labels: np.ndarray, count: int, *, groups: np.ndarray | None = None, seed: int = 0
) -> np.ndarray:
    """Which of `count` folds each picture is held out in, int64 [n].

    Every class is spread evenly over the folds. Pictures of one group are in one fold; the folds
    are then as even as whole groups allow.

    Raises:
        BadData: fewer than two folds, or fewer pictures or groups than folds.

    >>> folds(np.array([0] * 4 + [1] * 4), 2).tolist()
    [0, 1, 0, 1, 0, 0, 1, 1]
    """
    units = len(labels) if groups is None else len(np.unique(groups))
    if not 2 <= count <= units:
        raise BadData(f"2 to {units} folds can be made of {units} parts, got {count}")
    rng = np.random.default_rng(seed)
    if groups is not None:
        return _of_groups(labels, groups, count, rng)
    order = rng.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]  # class by class, shuffled in each
    fold = np.empty(len(labels), np.int64)
    fold[order] = np.arange(len(labels)) % count
    return fold


def _of_groups(
    labels: np.ndarray, groups: np.ndarray, count: int, rng: np.random.Generator
) -> np.ndarray:
    """The largest groups first, each into the fold that has least of what the group brings."""
    _, classes = np.unique(labels, return_inverse=True)
    numbers, index = np.unique(groups, return_inverse=True)
    brings = np.zeros((len(numbers), classes.max() + 1))
    np.add.at(brings, (index, classes), 1)
    has = np.zeros((count, brings.shape[1]))
    fold_of = np.empty(len(numbers), np.int64)
    order = rng.permutation(len(numbers))
    for group in order[np.argsort(-brings[order].sum(axis=1), kind="stable")]:
        fullness = has @ brings[group] / brings[group].sum() + 1e-6 * has.sum(axis=1)
        fold_of[group] = fullness.argmin()
        has[fold_of[group]] += brings[group]
    folded: np.ndarray = fold_of[index]
    return folded
