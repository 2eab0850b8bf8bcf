"""Which pictures make up which batch: a pure function of the seed and the step."""

from functools import lru_cache
from typing import Literal

import numpy as np

from saccade.train.recipe import Recipe

Shuffle = Literal["every epoch", "once"]


def batches(recipe: Recipe, labels: np.ndarray, first: int, count: int) -> np.ndarray:
    """int32 [count, batch_size]: `batch_ids` as a recipe has it, for train's labels."""
    return batch_ids(
        len(labels),
        recipe.batch_size,
        first,
        count,
        seed=recipe.seed,
        shuffle=recipe.shuffle,
        even=labels if recipe.balance == "sampling" else None,
    )


def batch_ids(
    images: int,
    batch_size: int,
    first: int,
    count: int,
    *,
    seed: int,
    shuffle: Shuffle,
    even: np.ndarray | None = None,
) -> np.ndarray:
    """int32 [count, batch_size]: positions in train of the batches of steps first .. first+count-1.

    The stream is one permutation of all images after the other, cut into batches: every image comes
    exactly once an epoch, no batch is short, and a batch may reach over the end of an epoch. With
    the labels as `even`, int [images], every class comes as often as the others.

    >>> batch_ids(5, 2, 0, 5, seed=0, shuffle="once").tolist()
    [[2, 4], [3, 0], [1, 2], [4, 3], [0, 1]]
    """

    def order(epoch: int) -> np.ndarray:
        epoch = epoch if shuffle == "every epoch" else 0
        if even is None:
            return permutation(images, seed, epoch)
        return _kept_evenly(even.astype(np.int64).tobytes(), seed, epoch)

    start, stop = first * batch_size, (first + count) * batch_size
    epochs = range(start // images, (stop - 1) // images + 1)
    stream = np.concatenate([order(epoch) for epoch in epochs])
    begin = start - epochs[0] * images
    return stream[begin : begin + stop - start].reshape(count, batch_size)


@lru_cache(maxsize=4)
def permutation(images: int, seed: int, epoch: int) -> np.ndarray:
    """int32 [images]: the order of one epoch."""
    order = np.random.default_rng((seed, epoch)).permutation(images).astype(np.int32)
    order.flags.writeable = False
    return order


def evenly(labels: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """int32 [images]: an epoch in which each class comes equally often, to within one picture.

    A small class's pictures come again and again, each as often as the others of it to within one;
    of a large one others are left out in every epoch.

    >>> labels = np.array([0, 0, 0, 0, 0, 1])
    >>> labels[evenly(labels, seed=0, epoch=0)].tolist().count(1)
    3
    """
    rng = np.random.default_rng((seed, epoch, 1))
    classes = np.unique(labels)
    picked = []
    for place, label in enumerate(classes):
        ids = np.flatnonzero(labels == label)
        share = len(labels) // len(classes) + (place < len(labels) % len(classes))
        rounds = [rng.permutation(ids) for _ in range(-(-share // len(ids)))]
        picked.append(np.concatenate([ids[:0], *rounds])[:share])
    return rng.permutation(np.concatenate(picked)).astype(np.int32)


@lru_cache(maxsize=4)
def _kept_evenly(labels: bytes, seed: int, epoch: int) -> np.ndarray:
    """The same, made once for all chunks of an epoch."""
    order = evenly(np.frombuffer(labels, np.int64), seed, epoch)
    order.flags.writeable = False
    return order
