"""What everything here is fitted on and judged by: logits and true labels that fit together."""

import numpy as np

from saccade.core.errors import BadData


def checked(values: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float64 [n, classes] and int64 [n], n and classes at least 1 and 2, all finite.

    Raises:
        BadData: they are not that; says what came.

    >>> checked(np.zeros((3, 2)), np.array([0, 1, 2]))
    Traceback (most recent call last):
    saccade.core.errors.BadData: labels are 0 to 1, got 0 to 2
    """
    values, labels = np.asarray(values, np.float64), np.asarray(labels)
    if values.ndim != 2 or values.shape[1] < 2 or labels.shape != values.shape[:1]:
        raise BadData(
            f"answers are [n, classes] and labels [n], got {list(values.shape)} and "
            f"{list(labels.shape)}"
        )
    if not len(labels):
        raise BadData("there are no answers: at least one picture with its label is needed")
    if not np.isfinite(values).all():
        raise BadData("an answer is no finite number")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= values.shape[1]:
        raise BadData(
            f"labels are 0 to {values.shape[1] - 1}, got {labels.min()} to {labels.max()}"
        )
    return values, labels.astype(np.int64)
