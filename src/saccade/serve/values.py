"""Numbers of a request become uint8 pixels: is white 1 or 255?"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from saccade.serve.refusal import Refusal

UNIT, BYTES = "0..1", "0..255"


def value_range(arrays: Sequence[np.ndarray], asked: Any) -> str:
    """`0..1` or `0..255`, for all pictures of a request.

    What was asked for decides; else a value above 1, else one that is no whole number.

    Raises:
        Refusal: nothing decides, or values are outside.

    >>> value_range([np.array([0, 200])], None), value_range([np.array([0.5, 1])], None)
    ('0..255', '0..1')
    """
    least = min((float(one.min()) for one in arrays if one.size), default=0.0)
    most = max((float(one.max()) for one in arrays if one.size), default=0.0)
    if asked is not None:
        if asked not in (UNIT, BYTES):
            raise Refusal(422, "bad_range", f'parameters.range is "{UNIT}" or "{BYTES}"')
        found = str(asked)
    elif most > 1:
        found = BYTES
    elif least < 0 or any((one != np.floor(one)).any() for one in arrays):
        found = UNIT
    else:
        raise Refusal(
            422,
            "range_unknown",
            "all values are 0 or 1, which is black and white of 0..1 or almost black of 0..255: "
            f'say "parameters": {{"range": "{UNIT}"}} or "{BYTES}"',
        )
    top = 1 if found == UNIT else 255
    if not (0 <= least and most <= top):
        raise Refusal(422, "bad_values", f"values are {least:g} to {most:g}, expected {found}")
    return found


def to_pixels(array: np.ndarray, found: str) -> np.ndarray:
    """uint8, rounded.

    >>> to_pixels(np.array([0.0, 0.5, 1.0]), "0..1").tolist()
    [0, 128, 255]
    """
    scaled = array * 255 if found == UNIT else array
    pixels: np.ndarray = np.floor(scaled + 0.5).astype(np.uint8)
    return pixels


def as_array(value: Any, shape: tuple[int, int, int]) -> np.ndarray:
    """A picture in nested lists, [height][width] or with channels -> float64 of this shape.

    Raises:
        Refusal: it is another shape, or no numbers.
    """
    try:
        array = np.array(value)
        # Text and truth values are no numbers; None is none either.
        if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
            raise ValueError
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise Refusal(422, "bad_values", "a picture is nested lists of numbers") from None
    if array.shape != shape and (*array.shape, 1) != shape:
        raise Refusal(
            422,
            "wrong_shape",
            f"a picture of shape {list(array.shape)[:4]}, expected {list(shape)}"
            + (f" or {list(shape[:2])}" if shape[2] == 1 else ""),
        )
    return array.reshape(shape).astype(np.float64)
