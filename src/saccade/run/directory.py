"""A run directory: everything there is to know about one training, as plain files.

run.json            what decides the numbers: recipe, model, data, versions, device, seed
events.jsonl        one line an event (run/events.py); metrics.csv one row an evaluation
checkpoints/        run/checkpoint.py
eval/               metrics.json, per_class.csv, confusion.csv, predictions.csv,
                    test_reads.jsonl, mistakes/ (pictures)
report.html, README.md
"""

import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from saccade.core.errors import BadRun, BadUsage
from saccade.run import durable, lock
from saccade.run.checkpoint import named
from saccade.run.events import from_line

FACTS = "run.json"
SCHEMA = 1
TAIL = 64 << 10

State = Literal["empty", "running", "died", "interrupted", "failed", "finished"]


@dataclass(frozen=True)
class Run:
    """A run directory, open for reading; `record` is its only writer."""

    path: Path

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What run.json holds.

        Raises:
            BadRun: training ended before it was written, or it is damaged.
        """
        try:
            facts = durable.read_json(self.path / FACTS)
        except FileNotFoundError:
            raise BadRun(f"{self.path} has no {FACTS}: the run never started") from None
        if facts.get("schema") != SCHEMA:
            raise BadRun(
                f"{self.path} has schema {facts.get('schema')}, this saccade reads {SCHEMA}"
            )
        return facts

    def events(self) -> Iterator[dict[str, Any]]:
        """The log's lines in order; a last line that was cut short is left out."""
        try:
            file = (self.path / "events.jsonl").open(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return
        with file:
            for line in file:
                try:
                    yield from_line(line)
                except ValueError:
                    return

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """What eval/metrics.json holds: `{}` where test was not read yet.

        Raises:
            BadRun: it is damaged.
        """
        try:
            return durable.read_json(self.path / "eval" / "metrics.json")
        except FileNotFoundError:
            return {}

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def state(self) -> State:
        """How far it came; `died` means its process is gone without a word."""
        if not (self.path / FACTS).exists():
            return "empty"
        writing = lock.is_writing(self.path)  # first: a run may end between the two looks
        last = self._last_event()
        if last == "Finished":
            return "finished"
        if writing:
            return "running"
        ends: dict[str, State] = {"Interrupted": "interrupted", "Failed": "failed"}
        return ends.get(last, "died")

    def _last_event(self) -> str:
        """The kind of the log's last whole line, read from its end: a log may be long."""
        try:
            file = (self.path / "events.jsonl").open("rb")
        except FileNotFoundError:
            return ""
        with file:
            size = file.seek(0, os.SEEK_END)
            reach = TAIL
            while True:
                file.seek(max(0, size - reach))
                first, *lines = file.read(reach).split(b"\n")
                for line in reversed(lines if reach < size else [first, *lines]):
                    try:
                        return str(from_line(line.decode("utf-8", "replace"))["event"])
                    except ValueError:
                        continue
                if reach >= size:
                    return ""
                reach *= 8

    def best_or_last(self) -> str:
        """The name of the checkpoint to predict with.

        A run that watched test, or train, never picks by it: its last step counts.
        """
        names = named(self.checkpoints)
        validated = self.facts["recipe"]["watch"] == "validation"
        return "best" if "best" in names and validated else "last"


def model_option(facts: Mapping[str, Any]) -> str:
    """What commands on a run of a person's own network need: ` --model FILE.py:FUNCTION`, or "".

    >>> model_option({"model": {"model": "file", "file": "my_net.py:build"}})
    ' --model my_net.py:build'
    """
    file = facts.get("model", {}).get("file")
    return f" --model {shlex.quote(str(file))}" if file else ""


def runs_folder() -> Path:
    """Where runs are kept: `$SACCADE_RUNS`, else ./runs."""
    return Path(os.environ.get("SACCADE_RUNS") or "runs")


def new_run_path(data: str, model: str, name: str | None = None) -> Path:
    """A path for a new run: `runs/NAME`, else `runs/DATE-DATA-MODEL[-N]`.

    Raises:
        BadUsage: `name` is not a plain name, or there is such a run.
    """
    root = runs_folder()
    if name is not None:
        if not name or Path(name).name != name or name in (".", ".."):
            raise BadUsage(f"--name takes a plain name, got `{name}`; for a path use --out")
        if (root / name).exists():
            raise BadUsage(f"{root / name} exists; a run never overwrites another. Pick a new name")
        return root / name
    stem = f"{datetime.now():%Y-%m-%d}-{data}-{model}"
    candidates = [root / stem, *(root / f"{stem}-{n}" for n in range(2, 10_000))]
    return next(path for path in candidates if not path.exists())


def create_run(path: str | Path) -> Run:
    """A new, empty run directory (mode 0700: it will hold pictures of the data).

    Raises:
        BadUsage: there is something at `path`.

    >>> import tempfile
    >>> create_run(Path(tempfile.mkdtemp()) / "new").state
    'empty'
    """
    path = Path(path)
    if path.exists() and not is_empty(path):
        if (path / FACTS).exists():
            raise BadUsage(
                f"{path} holds a run ({Run(path).state}); a run never overwrites another. "
                f"Pick another --out, or go on with it: saccade train --resume {path}"
            )
        raise BadUsage(f"{path} exists and is not an empty folder; a run needs one of its own")
    try:
        durable.make_directory(path, parents=True)
        path.chmod(0o700)
    except OSError as error:
        raise BadUsage(f"can't make the run directory {path}: {error.strerror}") from None
    return Run(path)


def claim_run(path: str | Path) -> Run:
    """`create_run`, held for writing from now on.

    Raises:
        BadUsage: there is something at `path`.
        BadRun: another process is writing in it.
    """
    run = create_run(path)
    lock.claim(run.path)
    return create_run(path)  # once more: only now can nobody else begin in it


def discard_run(run: Run) -> None:
    """Removes a run directory in which nothing was written, and that nobody else is writing in."""
    try:
        lock.claim(run.path)
    except BadRun:
        return
    if run.state == "empty":
        durable.try_to_remove(run.path)
    lock.release(run.path)


def is_empty(path: Path) -> bool:
    """Whether it is a folder with nothing in it but what a run left that never began."""
    if not path.is_dir():
        return False
    return all(each.name == lock.NAME or durable.is_aside(each.name) for each in path.iterdir())


def open_run(path: str | Path) -> Run:
    """The run at this path, or of this name in the runs folder.

    Raises:
        BadRun: there is none.

    >>> open_run("no-such-run")
    Traceback (most recent call last):
    saccade.core.errors.BadRun: there is no run `no-such-run`. `saccade runs` lists those in runs
    """
    for candidate in (Path(path), runs_folder() / path):
        if (candidate / FACTS).exists():
            return Run(candidate)
    if Path(path).is_dir():
        raise BadRun(f"{path} is not a run directory: it has no {FACTS}. `saccade runs` lists runs")
    raise BadRun(f"there is no run `{path}`. `saccade runs` lists those in {runs_folder()}")


def list_runs(folder: Path) -> list[Run]:
    """Every run directly in `folder`, oldest first."""
    if not folder.is_dir():
        return []
    found = [p for p in folder.iterdir() if (p / FACTS).exists()]
    return [Run(p) for p in sorted(found, key=lambda p: ((p / FACTS).stat().st_mtime, p.name))]


def write_facts(run: Run, facts: dict[str, Any]) -> None:
    """Writes run.json."""
    durable.write_json(run.path / FACTS, {"schema": SCHEMA, **facts})
