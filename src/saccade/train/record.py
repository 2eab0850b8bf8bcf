"""Keeps a stream of events: `record` does all the writing in a run directory.

A disk that is full or fails, or a directory that is taken away, ends no training: what can't be
written waits in memory, an `Alarm` says so, and the next save tries again.
"""

import csv
import io
import json
import time
import warnings
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path

from saccade.core.errors import NotSaved, SaccadeError
from saccade.run import durable, lock
from saccade.run.checkpoint import KEEP, Checkpoint, drop_after, write_checkpoint
from saccade.run.directory import Run, create_run, write_facts
from saccade.run.events import (
    Alarm,
    Evaluated,
    Event,
    Failed,
    Finished,
    Interrupted,
    Prepared,
    Saved,
    Snapshot,
    Started,
    to_line,
)
from saccade.run.pack import to_pack
from saccade.run.snapshots import Keeper, write_live
from saccade.run.snapshots import drop_after as drop_snapshots_after
from saccade.train.results import write_evaluation

LOG, TABLE = "events.jsonl", "metrics.csv"
MOST_WAITING = 256 << 20  # bytes of log that a failing disk may keep in memory
METRICS = (
    "step",
    "train/loss",
    "train/accuracy",
    "watched/loss",
    "watched/accuracy",
    "learning_rate",
)


def record(events: Iterator[Event], run: Run, keep: int = KEEP) -> Generator[Event, None, None]:
    """Writes every event into the run directory and passes it on.

    The newest `keep` checkpoints stay. If the consumer stops asking, the run is marked interrupted;
    if training raises, failed. Either way what was saved stays usable.

    Raises:
        BadRun: another process writes in this run.
        NotSaved: the last state could not be written here; says where it is.

    >>> import saccade, tempfile, pathlib
    >>> run = saccade.create_run(pathlib.Path(tempfile.mkdtemp()) / "first")
    >>> events = saccade.fit("softmax", saccade.load("digits"), saccade.recipe("softmax", steps=9))
    >>> [type(event).__name__ for event in saccade.record(events, run)][-1], run.state
    ('Finished', 'finished')
    """
    with lock.writing(run.path):
        writer: _Writer | None = None
        try:
            for event in events:
                if isinstance(event, Started):
                    writer = _Writer(run, event, keep)
                assert writer is not None  # noqa: S101  (Started comes first)
                yield from writer.take(event)
        except (GeneratorExit, KeyboardInterrupt):
            if writer is not None:
                writer.end(Interrupted(writer.step, "stopped from outside"))
            raise
        except BaseException as error:
            if writer is not None:
                reason = str(error) if isinstance(error, SaccadeError) else repr(error)
                writer.end(Failed(writer.step, reason))
            raise


class _Writer:
    """The files of one run, from `Started` to its end."""

    def __init__(self, run: Run, started: Started, keep: int):
        self.run, self.keep, self.step = run, keep, started.step
        _begin(run, started)
        self.facts = Run(run.path).facts
        self.log, self.table = (durable.Growing(run.path / name) for name in (LOG, TABLE))
        self.keeper = Keeper(run.path / "snapshots")
        self.unsaved: Checkpoint | None = None
        self.saved = started.step
        self.troubled = False

    def take(self, event: Event) -> Iterator[Event]:
        """Writes an event and passes it on, behind it an alarm if there is one."""
        if isinstance(event, Prepared):
            yield event
            return
        self.step = getattr(event, "step", getattr(event, "last", self.step))
        told: list[Event] = [event]
        try:
            self._write(event)
        except OSError as error:
            if isinstance(event, Finished):
                raise
            told += self._alarm(error)
        else:
            self._note(event)
            if self.troubled and isinstance(event, Saved):
                told += self._well_again()
        try:
            self._flush(synced=isinstance(event, Finished))
        except OSError as error:
            if isinstance(event, Finished) or self.log.waiting > MOST_WAITING:
                raise
            told += self._alarm(error)
        yield from told

    def end(self, event: Interrupted | Failed) -> None:
        """Notes why it ended; a state that was not saved is, here or beside.

        Raises:
            NotSaved: it is beside, or nowhere.
        """
        self._note(event)
        try:
            if self.unsaved is not None:
                self._save(self.unsaved)
            self._flush()
        except OSError as error:
            if self.unsaved is not None:
                raise self._rescued(self.unsaved, error) from error
            if not self.run.path.is_dir():
                raise NotSaved(f"{self.run.path} is gone, and what was saved in it") from error

    def _write(self, event: Event) -> None:
        if isinstance(event, Snapshot):
            assert event.arrays is not None and event.weights is not None  # noqa: S101  (fit's)
            self.keeper.add(event.step, event.arrays)
            write_live(self.run.path, event.step, event.weights)
        elif isinstance(event, Saved):
            assert event.checkpoint is not None  # noqa: S101  (fit fills it)
            self._save(event.checkpoint)
        elif isinstance(event, Evaluated):
            self.table.add(_row(event))
        elif isinstance(event, Finished):
            if self.unsaved is not None:
                self._save(self.unsaved)
            write_evaluation(self.run, event)
            _sweep(self.run)

    def _save(self, checkpoint: Checkpoint) -> None:
        """The log first: a checkpoint never knows of what the log may lose."""
        try:
            self._flush(synced=True)
            write_checkpoint(self.run.checkpoints, checkpoint, self.keep)
        except OSError:
            self.unsaved = checkpoint
            raise
        self.unsaved, self.saved = None, checkpoint.step

    def _note(self, event: Event) -> None:
        self.log.add(to_line(event, time.time()))

    def _flush(self, *, synced: bool = False) -> None:
        for file in (self.table, self.log):
            file.flush(synced=synced)

    def _alarm(self, error: OSError) -> list[Event]:
        """One for as long as the trouble lasts."""
        if self.troubled:
            return []
        self.troubled = True
        gone = "" if self.run.path.is_dir() else " (the run directory is gone)"
        return self._tell(
            f"step {self.step:,}: {self.run.path} can't be written{gone}: {error}. Training goes "
            f"on and tries again; the last checkpoint is that of step {self.saved:,}"
        )

    def _well_again(self) -> list[Event]:
        self.troubled = False
        return self._tell(f"step {self.step:,}: {self.run.path} can be written again, and is saved")

    def _tell(self, message: str) -> list[Event]:
        warnings.warn(message, stacklevel=4)
        alarm = Alarm(self.step, message)
        self._note(alarm)
        return [alarm]

    def _rescued(self, checkpoint: Checkpoint, error: OSError) -> NotSaved:
        """Puts a state beside the run, as a run of its own that can be resumed."""
        why = f"{self.run.path} can't be written: {error}"
        names = (f"{self.run.path.name}-rescued{n}" for n in ("", *range(2, 100)))
        paths = map(self.run.path.with_name, names)
        path = next(path for path in paths if not path.exists())
        try:
            rescue = create_run(path)
            write_facts(rescue, self.facts)
            for file in (self.table, self.log):
                durable.write_bytes(path / file.path.name, file.content())
            write_checkpoint(rescue.checkpoints, checkpoint)
        except (OSError, SaccadeError) as second:
            durable.try_to_remove(path)
            return NotSaved(f"{why}, nor can {path}: {second}. The last save is what is left")
        return NotSaved(
            f"{why}. The state after step {checkpoint.step:,} is in {path}; go on with it: "
            f"saccade train --resume {path}"
        )


def _begin(run: Run, event: Started) -> None:
    """run.json for a new run; for a resumed one, the log cut back to where it goes on."""
    _sweep(run)
    durable.remove(run.path / "eval" / "metrics.json")
    if event.step == 0 and not event.told:
        created = datetime.now(UTC).isoformat(timespec="seconds")
        write_facts(run, {"created": created, **event.facts})
        durable.write_text(run.path / TABLE, _line(METRICS))
        durable.write_text(run.path / LOG, "")
        if event.pictures is not None:
            header, arrays = event.pictures
            durable.write_bytes(run.path / "images.bin", to_pack(arrays, **header))
    else:
        _cut_back(run, event)
    drop_after(run.checkpoints, event.step)
    drop_snapshots_after(run.path / "snapshots", event.step)


def _sweep(run: Run) -> None:
    for folder in (".", "checkpoints", "snapshots", "eval", "eval/mistakes"):
        durable.sweep(run.path / folder)


def _cut_back(run: Run, started: Started) -> None:
    """Drops what the checkpoint knows nothing of: it will happen again, or was never obeyed.

    Of the checkpoint's own step the log may know more: they are not written at once. What follows
    a line that a power cut has spoilt is never of the checkpoint: the log was synced before.
    """
    evaluated = started.step if started.evaluated is None else started.evaluated
    known = dict.fromkeys(("Started", "StepsDone", "Snapshot", "Saved", "Alarm"), started.step)
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
    durable.write_text(run.path / LOG, "".join(json.dumps(e) + "\n" for e in kept))
    durable.write_text(run.path / TABLE, _line(METRICS) + "".join(_rows(run.path, evaluated)))


def _rows(run: Path, last: int) -> Iterator[str]:
    """The table's lines up to a step, and to the first that is none."""
    try:
        lines = (run / TABLE).read_text("utf-8", errors="replace").splitlines(keepends=True)[1:]
    except FileNotFoundError:
        return
    for line in lines:
        step = line.partition(",")[0]
        whole = line.endswith("\n") and line.count(",") == len(METRICS) - 1 and step.isdecimal()
        if not whole or int(step) > last:
            return
        yield line


def _row(event: Evaluated) -> str:
    return _line(
        (
            event.step,
            event.train_loss,
            event.train_accuracy,
            event.loss,
            event.accuracy,
            event.learning_rate,
        )
    )


def _line(cells: tuple[object, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
