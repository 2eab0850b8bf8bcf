"""saccade eval"""

import json as json_format
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import numpy as np


def evaluate(
    run: Path,
    /,
    *,
    split: Literal["train", "validation", "test"] = "test",
    tta: str | None = None,
    model: str | None = None,
    json: bool = False,
) -> int:
    """Measure a run again on one of its splits.

    The data is read again as the run's record says, and must be the same. Every reading of test is
    noted in the run's eval/test_reads.jsonl.

    Examples:

        saccade eval runs/2026-11-21-digits-conv-bn
        saccade eval runs/2026-11-21-digits-conv-bn --split validation --json
        saccade eval runs/2026-11-21-photos-residual --tta flip

    Parameters
    ----------
    run: Path
        A run directory, or a run's name.
    split: str
        Which part of the data.
    tta: str
        Beside it, the accuracy of answers averaged over views of each picture: flip (and mirrored),
        shift (and moved by a pixel four ways) or flip-shift (both).
    model: str
        FILE.py:FUNCTION again, if the run's network is your own.
    json: bool
        The last line of stdout is one JSON value.
    """
    from saccade.run.directory import open_run
    from saccade.train import evaluate as judge
    from saccade.train.metrics import confusion, per_class

    opened = open_run(run)
    averaged = None
    if tta is None:
        result, predictions = judge.evaluate(opened, split, model=model)
    else:
        result, predictions, averaged = judge.evaluate_views(opened, tta, split, model=model)
    facts = opened.facts
    if json:
        measured = {k: v for k, v in asdict(result).items() if k not in ("low", "high")}
        values = {
            "run": str(opened.path),
            "data": facts["data"]["name"],
            "model": facts["model"]["name"],
            "parameters": facts["model"]["parameters"],
            "steps": opened.metrics.get("steps"),
            "seconds": opened.metrics.get("seconds"),
            "images_per_second": opened.metrics.get("images_per_second"),
            "validation": measured if split == "validation" else None,
            "test": asdict(result) if split == "test" else None,
        }
        if split == "train":
            values["train"] = measured
        if averaged is not None:
            values["test_time_augmentation"] = {"views": tta, "split": split, **asdict(averaged)}
        print(json_format.dumps(values, allow_nan=False))
        return 0
    print(f"{split} accuracy {result}, loss {result.loss:.4f}")
    if averaged is not None:
        print(f"  averaged over views ({tta}): {averaged}, loss {averaged.loss:.4f}")
    classes = facts["data"]["classes"]
    matrix = confusion(predictions, len(classes))
    wide = max(map(len, classes))
    for name, row in zip(classes, per_class(matrix), strict=True):
        recall = "   -  " if row.recall is None else f"{100 * row.recall:6.2f}"
        print(f"  {name:<{wide}}  {recall} % of {row.support:,} found")
    np.fill_diagonal(matrix, 0)
    for true, answered in list(
        zip(*np.unravel_index(np.argsort(-matrix, None), matrix.shape), strict=True)
    )[:3]:
        if matrix[true, answered]:
            print(f"  {matrix[true, answered]:,} x {classes[true]} taken for {classes[answered]}")
    return 0
