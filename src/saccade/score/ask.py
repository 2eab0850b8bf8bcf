"""A handful of pictures, answered at once."""

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from saccade.core.answerer import Answerer
from saccade.core.confident import Confidence, confidences
from saccade.core.preprocess import Preprocess
from saccade.core.room import reserve
from saccade.data.decoders import decoders
from saccade.data.listing import Found
from saccade.data.place import Directory

TOP = 5


@dataclass(frozen=True)
class Answer:
    """The network's answer for one file; `topk` are (class, probability), most likely first.

    One that was calibrated also says what to do with it (`confidence`).
    """

    path: str
    label: str
    probability: float
    topk: tuple[tuple[str, float], ...]
    confidence: Confidence | None = None


@dataclass(frozen=True)
class Unread:
    """A file that could not be read as a picture, and why."""

    path: str
    reason: str


def ask(answerer: Answerer, found: Sequence[Found]) -> list[Answer | Unread]:
    """One answer a picture, in order; all of them are held in memory."""
    read = read_all(found, answerer.preprocess)
    good = [pixels for pixels in read if isinstance(pixels, np.ndarray)]
    if not good:
        return [Unread(one.name, str(why)) for one, why in zip(found, read, strict=True)]
    logits = answerer.logits(np.stack(good))
    calibration = answerer.calibration
    told: Sequence[Confidence | None] = [None] * len(good)
    if calibration is not None:
        told = confidences(calibration, logits, answerer.classes)
    answered = zip(answerer.probabilities(logits), told, strict=True)
    return [
        Unread(one.name, pixels)
        if isinstance(pixels, str)
        else _answer(one.name, *next(answered), answerer.classes)
        for one, pixels in zip(found, read, strict=True)
    ]


def files(paths: Sequence[str | Path]) -> list[Found]:
    """Pictures that are named one by one."""
    here = Directory(Path())
    return [Found(here, str(path), "test", "", str(path)) for path in paths]


def read_all(found: Sequence[Found], rule: Preprocess) -> list[np.ndarray | str]:
    """Pixels, or why there are none: decoded as for training, where a file can do no harm."""
    shape = (len(found), rule.height, rule.width, rule.channels)
    with tempfile.TemporaryDirectory(prefix="saccade-", ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "pixels"
        with file.open("wb") as made:
            reserve(made, math.prod(shape))
        pixels = np.memmap(file, np.uint8, "r", shape=shape)
        with decoders(file, rule) as pool:
            verdicts = dict(pool.decode(enumerate(found)))
        return [
            ": ".join(refused) if (refused := verdicts[row].refused) else np.array(pixels[row])
            for row in range(len(found))
        ]


def _answer(
    path: str, probabilities: np.ndarray, told: Confidence | None, classes: Sequence[str]
) -> Answer:
    topk = top(probabilities, classes)
    return Answer(path, *topk[0], topk, told)


def top(probabilities: np.ndarray, classes: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """The `TOP` most likely classes with their probabilities, of float [classes].

    >>> top(np.array([0.1, 0.7, 0.2]), ("a", "b", "c"))[:2]
    (('b', 0.7), ('c', 0.2))
    """
    best = np.argsort(-probabilities, kind="stable")[:TOP]
    return tuple((classes[i], float(probabilities[i])) for i in best)
