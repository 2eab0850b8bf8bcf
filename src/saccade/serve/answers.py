"""What is said of a picture."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from saccade.bundle.bundle import Bundle
from saccade.core.calibration import identity
from saccade.core.decode import Note

TOP = 5
DIGITS = 6  # of a probability


class Answers:
    """Puts a bundle's numbers into words: label, decision, the likeliest classes."""

    def __init__(self, bundle: Bundle, name: str):
        self.classes, self.name = bundle.classes, name
        self.calibration = bundle.calibration
        self.decides = bundle.calibration != identity(len(bundle.classes))
        self.top = min(TOP, len(bundle.classes))

    def of(
        self,
        probabilities: np.ndarray,
        logits: np.ndarray,
        notes: Sequence[Sequence[Note]],
        seconds: float,
    ) -> list[dict[str, Any]]:
        """One for each row of [n, classes]; `notes` are of its file, `seconds` what it took."""
        order = np.argsort(-probabilities, axis=1, kind="stable")[:, : self.top].tolist()
        decisions: Sequence[str | None] = [None] * len(order)
        scores: Sequence[float | None] = decisions  # type: ignore[assignment]
        if self.decides:
            decisions = self.calibration.decisions(logits)
            scores = self.calibration.unknown_score(logits).tolist()
        rows = probabilities.tolist()
        told = []
        for i, best in enumerate(order):
            topk = [
                {"label": self.classes[k], "probability": round(rows[i][k], DIGITS)} for k in best
            ]
            one: dict[str, Any] = {
                **topk[0],
                "topk": topk,
                "unknown_score": scores[i],
                "decision": decisions[i],
                "model": self.name,
                "ms": round(1000 * seconds, 3),
            }
            if notes[i]:
                one["notes"] = [f"{note.verdict} {note.code}" for note in notes[i]]
            told.append(one)
        return told
