"""saccade predict"""

import json as json_format
import sys
from pathlib import Path
from typing import Any


def predict(run: Path, /, *pictures: Path, model: str | None = None, json: bool = False) -> int:
    """Ask a run what pictures show.

    Every picture goes through the run's own preprocessing, whatever its size. A file that can't be
    read is named on stderr, and the exit code is then 1. Instead of a run, the name of a base
    answers as its authors left it: with classes of ImageNet.

    After `saccade calibrate`, probabilities are calibrated, and each answer says whether to accept
    it, to reject it, or that the picture is unlike all that is known (unknown), and which classes
    are possible.

    Examples:

        saccade predict runs/2026-11-21-digits-conv-bn one.png two.jpg
        saccade predict runs/flowers photos/*.jpg --json
        saccade predict squeezenet1.1 photo.jpg

    Parameters
    ----------
    run: Path
        A run directory, a run's name, or that of a base (see `saccade models --bases`).
    pictures: Path
        Picture files.
    model: str
        FILE.py:FUNCTION again, if the run's network is your own.
    json: bool
        The last line of stdout is one JSON value.
    """
    from saccade.train import predict as asking

    answers = asking.predict(run, pictures, model=model)
    unread = [a for a in answers if isinstance(a, asking.Unread)]
    good = [a for a in answers if isinstance(a, asking.Answer)]
    for answer in unread:
        print(f"can't read {answer.path}: {answer.reason}", file=sys.stderr)
    if json:
        values = [
            {
                "path": a.path,
                "label": a.label,
                "probability": a.probability,
                "topk": [{"label": label, "probability": p} for label, p in a.topk],
                **_confidence(a.confidence),
            }
            for a in good
        ]
        print(json_format.dumps(values, allow_nan=False))
    else:
        for told in good:
            others = ", ".join(f"{label} {100 * p:.1f} %" for label, p in told.topk[1:3])
            line = f"{told.path}: {told.label} {100 * told.probability:.1f} % ({others})"
            print(line + _in_words(told.confidence))
    if any(answer.confidence is not None for answer in good):
        print("probabilities are calibrated: saccade calibrate", file=sys.stderr)
    return 1 if unread else 0


def _confidence(told: Any) -> dict[str, Any]:
    """The same keys whether or not the run is calibrated."""
    return {
        "decision": None if told is None else told.decision,
        "unknown_score": None if told is None else told.unknown_score,
        "set": None if told is None or told.possible is None else list(told.possible),
    }


def _in_words(told: Any) -> str:
    if told is None:
        return ""
    possible = "" if told.possible is None else f", {{{', '.join(told.possible)}}}"
    return f"  {told.decision}, unknown score {told.unknown_score:.2f}{possible}"
