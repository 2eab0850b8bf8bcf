"""Answers for pictures nobody has labelled."""

import difflib
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np

from saccade.core.answerer import Answerer
from saccade.core.calibration import Calibration
from saccade.core.errors import BadRun, BadUsage
from saccade.models.bases import BASES
from saccade.run.directory import Run
from saccade.score.ask import Answer, Unread, ask, files
from saccade.train.engine import ANSWER_BATCH
from saccade.train.restore import Own, Trained, restore
from saccade.train.source import Source, source_network


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
    >>> _ = saccade.finish(saccade.record(events, run))
    >>> [answer] = saccade.predict(run, [run.path / "eval" / "mistakes" / "01.png"])
    >>> answer.label in "0123456789", 0 < answer.probability <= 1
    (True, True)
    """
    if not pictures:
        raise BadUsage("give at least one picture")
    return ask(answerer(run, model=model), files(pictures))


def answerer(run: str | Path | Run, *, model: Own = None) -> Answerer:
    """What answers for a run, or for a base by its name.

    Raises:
        BadRun, MissingFile: as `predict`.
    """
    found, reference = _network(run, model)
    calibration = found.calibration if isinstance(found, Trained) else None
    return Answerer(
        found.preprocess,
        found.classes,
        partial(found.engine.logits, found.weights),
        _fingerprint(found, reference, calibration),
        ANSWER_BATCH,
        calibration,
    )


def _network(run: str | Path | Run, model: Own) -> tuple[Trained | Source, Mapping[str, Any]]:
    """A network and what it is."""
    try:
        trained = restore(run, model=model)  # first, as a run may have a base's name, too
        return trained, trained.network.reference
    except BadRun as error:
        name = str(run)
        if name in BASES and not isinstance(run, Run):
            return source_network(name), {"base": name}
        near = difflib.get_close_matches(name.lower(), BASES, n=1, cutoff=0.8)
        if not near or isinstance(run, Run) or Path(name).exists():
            raise
        raise BadRun(f"{error}. Did you mean the base `{near[0]}`?") from None


def _fingerprint(
    found: Trained | Source, reference: Mapping[str, Any], calibration: Calibration | None
) -> str:
    """Of what it is, its weights, what rounds, and how sure it calls itself."""
    engine = found.engine
    # A file is told by its content (source_sha256), however its path was typed.
    what = {key: value for key, value in reference.items() if key != "file"}
    rounds = [jax.__version__, jax.default_backend(), engine.forms.answering]
    sure = calibration and calibration.to_json()
    asked = [what, rounds, engine.preprocess.to_json(), found.classes, sure]
    told = hashlib.blake2b(json.dumps(asked, default=str).encode(), digest_size=16)
    for name in sorted(found.weights):
        value = np.ascontiguousarray(found.weights[name])
        told.update(f"{name} {value.dtype} {value.shape}".encode())
        told.update(value.tobytes())
    return told.hexdigest()
