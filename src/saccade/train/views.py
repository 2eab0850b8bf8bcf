"""Test-time augmentation: a picture is answered about as several views of it, on average.

What is averaged are probabilities: their mean is one again, and a view that is sure of nonsense
weighs no more than any other; of logits, one that is far off would outvote the rest.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from saccade.core.errors import unknown_name
from saccade.core.records import Predictions, Split
from saccade.train.engine import Engine

TOGETHER = 1000  # pictures

# uint8 [n, height, width, channels] -> the same shape
View = Callable[[np.ndarray], np.ndarray]


def mirrored(pixels: np.ndarray) -> np.ndarray:
    """Left to right.

    >>> mirrored(np.arange(2, dtype=np.uint8).reshape(1, 1, 2, 1)).ravel().tolist()
    [1, 0]
    """
    return pixels[:, :, ::-1]


def shifted(down: int, right: int) -> View:
    """Moves pictures by a pixel or none along each axis; the gap repeats their edge.

    >>> shifted(0, 1)(np.arange(3, dtype=np.uint8).reshape(1, 1, 3, 1)).ravel().tolist()
    [0, 0, 1]
    """

    def moved(pixels: np.ndarray) -> np.ndarray:
        _, height, width, _ = pixels.shape
        around = np.pad(pixels, ((0, 0), (1, 1), (1, 1), (0, 0)), "edge")
        return around[:, 1 - down : 1 - down + height, 1 - right : 1 - right + width]

    return moved


_SHIFTS = tuple(shifted(*by) for by in ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)))


def _mirrored_after(view: View) -> View:
    return lambda pixels: mirrored(view(pixels))


VIEWS: Mapping[str, Sequence[View]] = {
    "flip": (shifted(0, 0), mirrored),
    "shift": _SHIFTS,
    "flip-shift": (*_SHIFTS, *(_mirrored_after(view) for view in _SHIFTS)),
}


def views_named(name: str) -> Sequence[View]:
    """The views of this name.

    Raises:
        BadUsage: there are none.

    >>> len(views_named("flip-shift"))
    10
    """
    if name not in VIEWS:
        raise unknown_name("views", name, VIEWS)
    return VIEWS[name]


def averaged_answers(
    engine: Engine, weights: Mapping[str, Any], split: Split, views: Sequence[View]
) -> Predictions:
    """Answers on every picture of a split; their logits are the logarithms of mean probabilities.

    A block of pictures at a time, since a split may be more than memory holds.
    """
    parts = []
    for start in range(0, len(split), TOGETHER):
        pixels = split.pixels[start : start + TOGETHER]
        each = [_log_probabilities(engine.logits(weights, view(pixels))) for view in views]
        parts.append(np.logaddexp.reduce(each) - np.log(len(views)))
    return Predictions(np.concatenate(parts), np.asarray(split.labels))


def _log_probabilities(logits: np.ndarray) -> np.ndarray:
    shares: np.ndarray = logits - np.logaddexp.reduce(logits, 1, keepdims=True)
    return shares
