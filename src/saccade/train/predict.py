"""Answers for pictures nobody has labelled."""

import difflib
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from saccade.core.errors import BadRun, BadUsage
from saccade.core.preprocess import Preprocess
from saccade.core.records import Predictions
from saccade.core.room import reserve
from saccade.data.decoders import decoders
from saccade.data.listing import Found
from saccade.data.place import Directory
from saccade.models.bases import BASES
from saccade.run.directory import Run
from saccade.train.confident import Confidence, calibration_of, confidences
from saccade.train.restore import Own, Trained, restore
from saccade.train.source import Source, source_network

TOP = 5


@dataclass(frozen=True)
class Answer:
    """The network's answer for one file; `topk` are (class, probability), most likely first.

    A run that was calibrated also says what to do with it (`confidence`).
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


def predict(
    run: str | Path | Run, pictures: Sequence[str | Path], *, model: Own = None
) -> list[Answer | Unread]:
    """One answer a file, in order; every picture goes through the run's own preprocessing.

    A run of a network of a person's own takes it again as `model`. Instead of a run, the name of a
    base is asked as its authors left it, and answers with classes of ImageNet. The probabilities of
    a run with a calibration of these weights (`saccade calibrate`) are calibrated.

    Raises:
        BadRun: no such run, or it has no checkpoint yet.
        MissingFile: the base's weights are not here and could not be had.
        BadUsage: no file is given.

    >>> import saccade, tempfile, pathlib
    >>> run = saccade.create_run(pathlib.Path(tempfile.mkdtemp()) / "run")
    >>> events = saccade.fit("softmax", saccade.load("digits"), saccade.recipe("softmax", steps=99))
    >>> _ = list(saccade.record(events, run))
    >>> [answer] = saccade.predict(run, [run.path / "eval" / "mistakes" / "01.png"])
    >>> answer.label in "0123456789", 0 < answer.probability <= 1
    (True, True)
    """
    if not pictures:
        raise BadUsage("give at least one picture")
    trained = _answerer(run, model)
    read = _read(pictures, trained.preprocess)
    good = [pixels for pixels in read if isinstance(pixels, np.ndarray)]
    if not good:
        return [Unread(str(p), str(r)) for p, r in zip(pictures, read, strict=True)]
    logits = trained.engine.logits(trained.weights, np.stack(good))
    calibration = calibration_of(trained) if isinstance(trained, Trained) else None
    if calibration is None:
        probabilities = Predictions(logits, np.zeros(len(good), np.int32)).probabilities
        told: list[Confidence | None] = [None] * len(good)
    else:
        probabilities = calibration.probabilities(logits)
        told = [*confidences(calibration, logits, trained.classes)]
    answered = zip(probabilities, told, strict=True)
    return [
        Unread(str(picture), pixels)
        if isinstance(pixels, str)
        else _answer(str(picture), *next(answered), trained.classes)
        for picture, pixels in zip(pictures, read, strict=True)
    ]


def _answerer(run: str | Path | Run, model: Own) -> Trained | Source:
    try:
        return restore(run, model=model)  # first, as a run may have a base's name, too
    except BadRun as error:
        name = str(run)
        if name in BASES and not isinstance(run, Run):
            return source_network(name)
        near = difflib.get_close_matches(name.lower(), BASES, n=1, cutoff=0.8)
        if not near or isinstance(run, Run) or Path(name).exists():
            raise
        raise BadRun(f"{error}. Did you mean the base `{near[0]}`?") from None


def _read(pictures: Sequence[str | Path], rule: Preprocess) -> list[np.ndarray | str]:
    """Pixels, or why there are none: decoded as for training, where a file can do no harm."""
    here = Directory(Path())
    found = [Found(here, str(picture), "test", "", str(picture)) for picture in pictures]
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
    best = np.argsort(-probabilities, kind="stable")[:TOP]
    topk = tuple((classes[i], float(probabilities[i])) for i in best)
    return Answer(path, *topk[0], topk, told)
