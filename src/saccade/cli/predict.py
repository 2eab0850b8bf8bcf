"""saccade predict"""

import json as json_format
import sys
from pathlib import Path


def predict(run: Path, /, *pictures: Path, model: str | None = None, json: bool = False) -> int:
    """Ask a run what pictures show.

    Every picture goes through the run's own preprocessing, whatever its size. A file that can't be
    read is named on stderr, and the exit code is then 1. Instead of a run, the name of a base
    answers as its authors left it: with classes of ImageNet.

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
            }
            for a in good
        ]
        print(json_format.dumps(values, allow_nan=False))
    else:
        for told in good:
            others = ", ".join(f"{label} {100 * p:.1f} %" for label, p in told.topk[1:3])
            print(f"{told.path}: {told.label} {100 * told.probability:.1f} % ({others})")
    return 1 if unread else 0
