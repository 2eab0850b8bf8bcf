"""Whatever answers for pictures: a run, a base, a bundle."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from saccade.core.preprocess import Preprocess

BATCH = 100


@dataclass(frozen=True, eq=False)
class Answerer:
    """A network with all that it takes to ask it.

    `preprocess` makes its input of any picture: uint8 [height, width, channels]. `logits` takes
    many of those, uint8 [n, height, width, channels], and gives float [n, classes], one for each of
    `classes`. It is quickest with `batch` pictures at a time. Of two that answer differently the
    `fingerprint` differs: of other weights, or with other roundings.

    >>> rule = Preprocess(2, 2, 1)
    >>> grey = Answerer(rule, ("dark", "light"), lambda x: np.stack(
    ...     [255 - x.mean((1, 2, 3)), x.mean((1, 2, 3))], axis=1), "mean grey")
    >>> grey.logits(np.full((1, 2, 2, 1), 200, np.uint8)).tolist()
    [[55.0, 200.0]]
    """

    preprocess: Preprocess
    classes: tuple[str, ...]
    logits: Callable[[np.ndarray], np.ndarray]
    fingerprint: str
    batch: int = BATCH
