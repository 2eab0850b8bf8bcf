"""What a finished run leaves in eval/: tables, mistakes, and how often test was read."""

import io
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image

from saccade.run import durable
from saccade.run.directory import Run
from saccade.run.events import Finished
from saccade.run.tables import write_table
from saccade.train.metrics import confusion, per_class


def write_evaluation(run: Run, event: Finished) -> None:
    """Everything in eval/; metrics.json comes last."""
    folder = run.path / "eval"
    durable.make_directory(folder)
    classes: list[str] = run.facts["data"]["classes"]
    predictions, names = event.predictions, event.names
    assert predictions is not None and names is not None  # noqa: S101  (fit fills them)
    matrix = confusion(predictions, len(classes))
    write_table(
        folder / "per_class.csv",
        ("class", "precision", "recall", "f1", "support"),
        [
            (name, *("" if v is None else v for v in asdict(m).values()))
            for name, m in zip(classes, per_class(matrix), strict=True)
        ],
    )
    write_table(
        folder / "confusion.csv",
        ("true \\ predicted", *classes),
        [(name, *row) for name, row in zip(classes, matrix.tolist(), strict=True)],
    )
    probabilities = predictions.probabilities
    write_table(
        folder / "predictions.csv",
        ("picture", "label", "predicted", "probability"),
        [
            (name, classes[label], classes[answer], f"{probabilities[i, answer]:.6f}")
            for i, (name, label, answer) in enumerate(
                zip(names, predictions.labels, predictions.answers, strict=True)
            )
        ],
    )
    _write_mistakes(folder, event, classes)
    note_test_read(run, "end of training", asdict(event.test))
    durable.write_json(
        folder / "metrics.json",
        {
            "steps": event.step,
            "reason": event.reason,
            "seconds": event.seconds,
            "images_per_second": event.images_per_second,
            "validation": asdict(event.validation) if event.validation else None,
            "test": asdict(event.test),
            "step_read": event.step_read,
            "best_watched": event.best_watched,
        },
    )


def _write_mistakes(folder: Path, event: Finished, classes: list[str]) -> None:
    """The worst mistakes as PNG files and a table of what they are."""
    assert event.worst is not None and event.predictions is not None  # noqa: S101
    assert event.names is not None  # noqa: S101
    pictures = folder / "mistakes"
    durable.make_directory(pictures)
    rows: list[tuple[Any, ...]] = []
    probabilities = event.predictions.probabilities
    for rank, (i, pixels) in enumerate(zip(event.worst_ids, event.worst.pixels, strict=True), 1):
        file = f"{rank:02d}.png"
        png = io.BytesIO()
        Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(png, "PNG")
        durable.write_bytes(pictures / file, png.getvalue())
        answer, label = int(event.predictions.answers[i]), int(event.predictions.labels[i])
        shares = f"{probabilities[i, answer]:.6f}", f"{probabilities[i, label]:.6f}"
        rows.append((file, event.names[i], classes[label], classes[answer], *shares))
    header = ("file", "picture", "label", "predicted", "probability", "probability_of_label")
    write_table(folder / "mistakes.csv", header, rows)


def note_test_read(run: Run, why: str, result: dict[str, Any]) -> None:
    """Every reading of test is kept: reading it often makes its accuracy optimistic."""
    path = run.path / "eval" / "test_reads.jsonl"
    durable.make_directory(path.parent)
    when = datetime.now(UTC).isoformat(timespec="seconds")
    durable.append(path, json.dumps({"time": when, "why": why, **result}) + "\n")
