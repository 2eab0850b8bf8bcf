"""What a calibrated network says beside its answer: whether to believe it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from saccade.core.calibration import Calibration, Decision


@dataclass(frozen=True)
class Confidence:
    """Of one picture: what to do with the answer, how strange it is, the classes it may be of.

    `unknown_score` is larger for stranger pictures; `possible`, most likely first, hold the true
    class as often as was asked for.
    """

    decision: Decision
    unknown_score: float
    possible: tuple[str, ...] | None


def confidences(
    calibration: Calibration, raw: np.ndarray, classes: Sequence[str]
) -> list[Confidence]:
    """One for each row of raw logits [n, classes]."""
    sets: list[list[int]] | list[None] = [None] * len(raw)
    if calibration.conformal is not None:
        sets = calibration.sets(raw)
    decisions, scores = calibration.decisions(raw), calibration.unknown_score(raw)
    return [
        Confidence(decision, float(score), None if one is None else tuple(classes[i] for i in one))
        for decision, score, one in zip(decisions, scores, sets, strict=True)
    ]
