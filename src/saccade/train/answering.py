"""Answers about drawn pictures, line by line: `python -m saccade.train.answering`.

The page server loads no JAX, so it starts this beside itself. A line asks
`{"run": PATH, "step": STEP or null, "pixels": BASE64}`, the pixels being uint8 of the network's
input; a line answers `{"probabilities": [...], "step": N, "confidence": ..., "calibrated_step": M}`
or `{"error": words}`. Without a step the newest weights answer, else those of the nearest
checkpoint that there is. Where a calibration is of just these weights, probabilities are calibrated
and confidence is `{"decision", "unknown_score", "possible"}`, else null; M is the step it is of.
With `"printed": true` instead of pixels, it answers about the test pictures of `font-digits`:
`{"pixels": BASE64, "shape": [n, height, width, 1], "labels": [...], "answers": [...], "step": N}`.
"""

import base64
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from saccade.core.confident import confidences
from saccade.core.errors import BadUsage, SaccadeError
from saccade.core.records import Predictions
from saccade.data import font_digits
from saccade.run.calibration import read_calibration
from saccade.run.checkpoint import named, read_checkpoint
from saccade.run.directory import Run, open_run
from saccade.run.snapshots import LIVE, read_live
from saccade.train.checkpoint import check_weights
from saccade.train.engine import Engine
from saccade.train.restore import without_weights


def answer_lines(questions: Iterable[str], answers: TextIO) -> None:
    """Answers every line, in order; a bad one gets words and the next one is read."""
    for line in questions:
        try:
            answer = _answer(json.loads(line))
        except SaccadeError as error:
            answer = {"error": str(error)}
        except (ValueError, KeyError, TypeError) as error:
            answer = {"error": f"not a question: {error!r}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _answer(question: Mapping[str, Any]) -> dict[str, Any]:
    run, wanted = Path(question["run"]), question["step"]
    if question.get("printed"):
        return _printed(run, wanted)
    engine, classes = _network(run)
    shape = engine.graph.input_shape
    data = base64.b64decode(question["pixels"], validate=True)
    if len(data) != np.prod(shape):
        raise BadUsage(
            f"a picture here has {'x'.join(map(str, shape))} = {np.prod(shape):,} bytes, "
            f"got {len(data):,}"
        )
    step, weights = _weights(run, wanted)
    pixels = np.frombuffer(data, np.uint8).reshape(1, *shape)
    logits = engine.logits(weights, pixels)
    [probabilities] = Predictions(logits, np.zeros(1, np.int32)).probabilities
    answer = {"probabilities": probabilities.round(6).tolist(), "step": step}
    return {**answer, **_calibrated(Run(run), step, weights, logits, classes)}


def _calibrated(
    run: Run,
    step: int,
    weights: Mapping[str, np.ndarray],
    logits: np.ndarray,
    classes: tuple[str, ...],
) -> dict[str, Any]:
    """What a calibration says of one picture's logits, if it is of these weights."""
    kept = read_calibration(run)
    if kept is None:
        return {"confidence": None, "calibrated_step": None}
    if kept.step != step or kept.calibration.classes != len(classes) or not kept.is_of(weights):
        return {"confidence": None, "calibrated_step": kept.step}
    [probabilities] = kept.calibration.probabilities(logits)
    [told] = confidences(kept.calibration, logits, classes)
    return {
        "probabilities": probabilities.round(6).tolist(),
        "confidence": asdict(told),
        "calibrated_step": step,
    }


def _printed(run: Path, wanted: int | None) -> dict[str, Any]:
    """Digits that nobody has written, through the run's own preprocessing."""
    engine, classes = _network(run)
    if classes != font_digits.CLASSES or engine.graph.input_shape[2] != 1:
        raise BadUsage("printed digits are for networks of grey digits, and this is none")
    printed = font_digits.printed()
    pixels = np.stack([engine.preprocess.pixels(picture) for picture in printed.pixels])
    step, weights = _weights(run, wanted)
    answers = engine.logits(weights, pixels).argmax(1)
    return {
        "pixels": base64.b64encode(pixels.tobytes()).decode(),
        "shape": pixels.shape,
        "labels": printed.labels.tolist(),
        "answers": answers.tolist(),
        "step": step,
    }


@lru_cache(maxsize=4)
def _network(run: Path) -> tuple[Engine, tuple[str, ...]]:
    return without_weights(open_run(run))[1:]


def _weights(run: Path, wanted: int | None) -> tuple[int, Mapping[str, np.ndarray]]:
    return _newest(run) if wanted is None else _nearest(run, int(wanted))


def _newest(run: Path) -> tuple[int, Mapping[str, np.ndarray]]:
    try:
        written = (run / LIVE).stat()
    except FileNotFoundError:
        return _live(run, (0, 0))
    # Two may be written within one tick of the clock, but then as two files.
    return _live(run, (written.st_mtime_ns, written.st_ino))


@lru_cache(maxsize=4)
def _live(run: Path, version: tuple[int, int]) -> tuple[int, Mapping[str, np.ndarray]]:
    step, weights = read_live(run)
    check_weights(weights, _network(run)[0].graph)
    return step, weights


def _nearest(run: Path, step: int) -> tuple[int, Mapping[str, np.ndarray]]:
    """Of the checkpoints and the newest weights."""
    newest, weights = _newest(run)
    steps = named(Run(run).checkpoints)
    name = min(steps, key=lambda name: abs(steps[name] - step), default=None)
    if name is None or abs(newest - step) <= abs(steps[name] - step):
        return newest, weights
    return steps[name], _checkpoint(run, name, steps[name])


@lru_cache(maxsize=4)
def _checkpoint(run: Path, name: str, step: int) -> Mapping[str, np.ndarray]:
    saved = read_checkpoint(Run(run).checkpoints, name)
    check_weights(saved.weights, _network(run)[0].graph)
    return saved.weights


if __name__ == "__main__":
    answer_lines(sys.stdin, sys.stdout)
