"""Which pictures make up which batch: a pure function of the seed and the step."""

from functools import lru_cache
from typing import Literal

import numpy as np

Shuffle = Literal["every epoch", "once"]


def batch_ids(
    images: int, batch_size: int, first: int, count: int, *, seed: int, shuffle: Shuffle
) -> np.ndarray:
    """int32 [count, batch_size]: positions in train of the batches of steps first .. first+count-1.

    The stream is one permutation of all images after the other, cut into batches: every image comes
    exactly once an epoch, no batch is short, and a batch may reach over the end of an epoch.

    >>> batch_ids(5, 2, 0, 5, seed=0, shuffle="once").tolist()
    [[2, 4], [3, 0], [1, 2], [4, 3], [0, 1]]
    """
    start, stop = first * batch_size, (first + count) * batch_size
    epochs = range(start // images, (stop - 1) // images + 1)
    stream = np.concatenate(
        [permutation(images, seed, epoch if shuffle == "every epoch" else 0) for epoch in epochs]
    )
    begin = start - epochs[0] * images
    return stream[begin : begin + stop - start].reshape(count, batch_size)


@lru_cache(maxsize=4)
def permutation(images: int, seed: int, epoch: int) -> np.ndarray:
    """int32 [images]: the order of one epoch."""
    order = np.random.default_rng((seed, epoch)).permutation(images).astype(np.int32)
    order.flags.writeable = False
    return order
