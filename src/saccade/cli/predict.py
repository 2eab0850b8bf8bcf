"""saccade predict"""

import json as json_format
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from saccade.core.errors import BadUsage

if TYPE_CHECKING:
    from saccade.core.answerer import Answerer
    from saccade.score.ask import Answer


def predict(
    run: Path,
    /,
    *pictures: Path,
    output: Annotated[Path | None, Parameter(name=("--output", "-o"))] = None,
    force: bool = False,
    probabilities: bool = False,
    html: Path | None = None,
    image_root: Path | None = None,
    model: str | None = None,
    json: bool = False,
) -> int:
    """Ask a run what pictures show: a few files, or every picture of folders, CSVs and archives.

    Every picture goes through the run's own preprocessing, whatever its size. A file that can't be
    read is named on stderr, and the exit code is then 1. Instead of a run, the name of a base
    answers as its authors left it: with classes of ImageNet.

    Where labels are known (class folders, a column of a CSV) the accuracy is said, too. Nothing is
    held out. What was stopped goes on where it was, if the same is typed again.

    After `saccade calibrate`, probabilities are calibrated, and each answer says whether to accept
    it, to reject it, or that the picture is unlike all that is known (unknown), and which classes
    are possible.

    Examples:

        saccade predict runs/2026-11-21-digits-conv-bn one.png two.jpg
        saccade predict runs/flowers photos/*.jpg --json
        saccade predict squeezenet1.1 photo.jpg
        saccade predict runs/flowers ./photos -o answers.csv --html page.html
        saccade predict runs/flowers photos.tar rows.csv -o all.parquet

    Parameters
    ----------
    run: Path
        A run directory, a run's name, a bundle (`saccade export`), or the name of a base (`saccade
        models --bases`).
    pictures: Path
        Picture files, folders, archives, CSVs.
    output: Path
        Write every answer to this .csv or .parquet.
    force: bool
        Write anew what is there already.
    probabilities: bool
        With --output: a column for each class.
    html: Path
        Write a page with the surest mistakes and the least sure answers as pictures.
    image_root: Path
        Where the paths of a CSV begin (default: its folder).
    model: str
        FILE.py:FUNCTION again, if the run's network is your own.
    json: bool
        The last line of stdout is one JSON value.
    """
    from saccade.cli.scoring import Wanted, check_wanted, score_all
    from saccade.score.ask import Answer, ask, files

    if not pictures:
        raise BadUsage("give at least one picture")
    wanted = Wanted(output, html, force, probabilities, image_root, json)
    check_wanted(wanted, pictures)
    if not wanted.is_anything and not any(map(_holds_many, pictures)):
        answers = ask(_answerer(run, model), files(pictures))
        good = [answer for answer in answers if isinstance(answer, Answer)]
        for answer in answers:
            if not isinstance(answer, Answer):
                print(f"can't read {answer.path}: {answer.reason}", file=sys.stderr)
        print_answers(good, json)
        return int(len(good) < len(answers))
    return score_all(_answerer(run, model), str(run), pictures, wanted)


def print_answers(good: "Sequence[Answer]", json: bool) -> None:
    """A line each, or all as one JSON value."""
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


def _confidence(told: Any) -> dict[str, Any]:
    """The same keys whether or not the run is calibrated."""
    return {
        "decision": None if told is None else told.decision,
        "unknown_score": None if told is None else told.unknown_score,
        "possible": None if told is None or told.possible is None else list(told.possible),
    }


def _in_words(told: Any) -> str:
    if told is None:
        return ""
    possible = "" if told.possible is None else f", {{{', '.join(told.possible)}}}"
    return f"  {told.decision}, unknown score {told.unknown_score:.2f}{possible}"


def _answerer(run: Path, model: str | None) -> "Answerer":
    """A bundle is asked by ONNX Runtime, and loads no JAX."""
    from saccade.bundle.bundle import is_bundle, open_bundle

    if is_bundle(run):
        if model is not None:
            raise BadUsage("--model is for runs: a bundle holds its network")
        return open_bundle(run).answerer
    from saccade.train.predict import answerer

    return answerer(run, model=model)


def _holds_many(path: Path) -> bool:
    """Whether it is a folder, an archive or a CSV: anything else is a picture, or none."""
    from saccade.data.paths import is_table
    from saccade.data.place import is_archive

    return path.is_dir() or is_archive(path) or is_table(path)
