"""Keeps a stream of events: `record` does all the writing in a run directory."""

import csv
import json
import time
from collections.abc import Generator, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from PIL import Image

from saccade.core.errors import SaccadeError
from saccade.run import durable, lock
from saccade.run.checkpoint import write_checkpoint
from saccade.run.directory import Run, write_facts
from saccade.run.events import (
    Evaluated,
    Event,
    Failed,
    Finished,
    Interrupted,
    Saved,
    Snapshot,
    Started,
    to_line,
)
from saccade.run.pack import to_pack
from saccade.run.snapshots import Keeper, drop_after, write_live
from saccade.run.tables import write_table
from saccade.train.metrics import confusion, per_class

METRICS = (
    "step",
    "train/loss",
    "train/accuracy",
    "watched/loss",
    "watched/accuracy",
    "learning_rate",
)


def record(events: Iterator[Event], run: Run) -> Generator[Event, None, None]:
    """Writes every event into the run directory and passes it on.

    If the consumer stops asking, the run is marked interrupted; if training raises, failed. Either
    way what was saved stays usable.

    Raises:
        BadRun: another process writes in this run.

    >>> import saccade, tempfile, pathlib
    >>> run = saccade.create_run(pathlib.Path(tempfile.mkdtemp()) / "first")
    >>> events = saccade.fit("softmax", saccade.load("digits"), saccade.recipe("softmax", steps=9))
    >>> [type(event).__name__ for event in saccade.record(events, run)][-1], run.state
    ('Finished', 'finished')
    """
    step = 0
    with lock.writing(run.path):
        log: TextIO | None = None
        try:
            for event in events:
                if isinstance(event, Started):
                    log = _start(run, event)
                    keeper = Keeper(run.path / "snapshots")
                assert log is not None  # noqa: S101  (Started comes first)
                step = getattr(event, "step", getattr(event, "last", step))
                if isinstance(event, Snapshot):
                    _keep(run, keeper, event)
                else:
                    _write(run, event)
                _append(log, event)
                yield event
        except (GeneratorExit, KeyboardInterrupt):
            _end(log, Interrupted(step, "stopped from outside"))
            raise
        except BaseException as error:
            reason = str(error) if isinstance(error, SaccadeError) else repr(error)
            _end(log, Failed(step, reason))
            raise
        finally:
            if log is not None:
                log.close()


def _start(run: Run, event: Started) -> TextIO:
    """run.json for a new run; for a resumed one, the log cut back to where it goes on."""
    log = run.path / "events.jsonl"
    (run.path / "eval" / "metrics.json").unlink(missing_ok=True)
    if event.step == 0 and not event.told:
        created = datetime.now(UTC).isoformat(timespec="seconds")
        write_facts(run, {"created": created, **event.facts})
        with (run.path / "metrics.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerow(METRICS)
        log.unlink(missing_ok=True)
        if event.pictures is not None:
            header, arrays = event.pictures
            durable.write_bytes(run.path / "images.bin", to_pack(arrays, **header))
    else:
        _cut_back(run, event)
    drop_after(run.path / "snapshots", event.step)
    return log.open("a", encoding="utf-8")


def _cut_back(run: Run, started: Started) -> None:
    """Drops what the checkpoint knows nothing of: it will happen again, or was never obeyed.

    Of the checkpoint's own step the log may know more: they are not written at once.
    """
    evaluated = started.step if started.evaluated is None else started.evaluated
    known = dict.fromkeys(("Started", "StepsDone", "Snapshot", "Saved"), started.step)
    known["Evaluated"] = evaluated
    kept, asked = [], 0
    for event in run.events():
        if event["event"] == "Intervened":
            asked += 1
            keep = asked <= len(started.told)
        else:
            keep = event.get("step", event.get("last", 0)) <= known.get(event["event"], -1)
        if keep:
            kept.append(event)
    durable.write_text(run.path / "events.jsonl", "".join(json.dumps(e) + "\n" for e in kept))
    with (run.path / "metrics.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = list(csv.reader(file))
    write_table(run.path / "metrics.csv", header, [r for r in rows if int(r[0]) <= evaluated])


def _write(run: Run, event: Event) -> None:
    if isinstance(event, Saved):
        assert event.checkpoint is not None  # noqa: S101  (fit fills it)
        write_checkpoint(run.checkpoints, event.checkpoint, *event.names)
    elif isinstance(event, Evaluated):
        row = (
            event.step,
            event.train_loss,
            event.train_accuracy,
            event.loss,
            event.accuracy,
            event.learning_rate,
        )
        with (run.path / "metrics.csv").open("a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerow(row)
    elif isinstance(event, Finished):
        _write_evaluation(run, event)


def _keep(run: Run, keeper: Keeper, event: Snapshot) -> None:
    assert event.arrays is not None and event.weights is not None  # noqa: S101  (fit fills them)
    keeper.add(event.step, event.arrays)
    write_live(run.path, event.step, event.weights)


def _append(log: TextIO, event: Event) -> None:
    log.write(to_line(event, time.time()))
    log.flush()


def _end(log: TextIO | None, event: Event) -> None:
    if log is not None:
        _append(log, event)


def _write_evaluation(run: Run, event: Finished) -> None:
    folder = run.path / "eval"
    folder.mkdir(exist_ok=True)
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
    pictures.mkdir(exist_ok=True)
    rows: list[tuple[Any, ...]] = []
    probabilities = event.predictions.probabilities
    for rank, (i, pixels) in enumerate(zip(event.worst_ids, event.worst.pixels, strict=True), 1):
        file = f"{rank:02d}.png"
        Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(pictures / file)
        answer, label = int(event.predictions.answers[i]), int(event.predictions.labels[i])
        shares = f"{probabilities[i, answer]:.6f}", f"{probabilities[i, label]:.6f}"
        rows.append((file, event.names[i], classes[label], classes[answer], *shares))
    header = ("file", "picture", "label", "predicted", "probability", "probability_of_label")
    write_table(folder / "mistakes.csv", header, rows)


def note_test_read(run: Run, why: str, result: dict[str, Any]) -> None:
    """Every reading of test is kept: reading it often makes its accuracy optimistic."""
    path = run.path / "eval" / "test_reads.jsonl"
    path.parent.mkdir(exist_ok=True)
    when = datetime.now(UTC).isoformat(timespec="seconds")
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"time": when, "why": why, **result}) + "\n")
