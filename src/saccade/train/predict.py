"""Answers for pictures nobody has labelled."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from saccade.core.decode import read_file
from saccade.core.errors import BadData, BadUsage
from saccade.core.preprocess import Preprocess
from saccade.core.records import Predictions
from saccade.run.directory import Run
from saccade.train.restore import Own, restore

TOP = 5


@dataclass(frozen=True)
class Answer:
    """The network's answer for one file; `topk` are (class, probability), most likely first."""

    path: str
    label: str
    probability: float
    topk: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Unread:
    """A file that could not be read as a picture, and why."""

    path: str
    reason: str


def predict(
    run: str | Path | Run, pictures: Sequence[str | Path], *, model: Own = None
) -> list[Answer | Unread]:
    """One answer a file, in order; every picture goes through the run's own preprocessing.

    A run of a network of a person's own takes it again as `model`.

    Raises:
        BadRun: no such run, or it has no checkpoint yet.
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
    trained = restore(run, model=model)
    read = [_read(Path(picture), trained.preprocess) for picture in pictures]
    good = [pixels for pixels in read if isinstance(pixels, np.ndarray)]
    if not good:
        return [Unread(str(p), str(r)) for p, r in zip(pictures, read, strict=True)]
    logits = trained.engine.logits(trained.weights, np.stack(good))
    probabilities = iter(Predictions(logits, np.zeros(len(good), np.int32)).probabilities)
    return [
        Unread(str(picture), pixels)
        if isinstance(pixels, str)
        else _answer(str(picture), next(probabilities), trained.classes)
        for picture, pixels in zip(pictures, read, strict=True)
    ]


def _read(path: Path, preprocess: Preprocess) -> np.ndarray | str:
    try:
        return preprocess.read(read_file(path))
    except BadData as error:
        return str(error)


def _answer(path: str, probabilities: np.ndarray, classes: Sequence[str]) -> Answer:
    best = np.argsort(-probabilities, kind="stable")[:TOP]
    topk = tuple((classes[i], float(probabilities[i])) for i in best)
    return Answer(path, *topk[0], topk)
