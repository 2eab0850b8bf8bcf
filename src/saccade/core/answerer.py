"""Whatever answers for pictures: a run, a base, a bundle."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from saccade.core.calibration import Calibration, identity
from saccade.core.preprocess import Preprocess

BATCH = 100


@dataclass(frozen=True, eq=False)
class Answerer:
    """A network with all that it takes to ask it.

    `preprocess` makes its input of any picture: uint8 [height, width, channels]. `logits` takes
    many of those, uint8 [n, height, width, channels], and gives float [n, classes], one for each of
    `classes`. It is quickest with `batch` pictures at a time. Of two that answer differently the
    `fingerprint` differs: of other weights, other roundings, or another `calibration`. That is None
    where nobody has found out how sure it may be (`saccade calibrate`).

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
    calibration: Calibration | None = None

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """float64 [n, classes] of its logits [n, classes], calibrated if it is."""
        return (self.calibration or identity(len(self.classes))).probabilities(logits)
