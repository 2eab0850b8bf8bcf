"""Faults planted at every operation by which a run directory changes.

`python faults.py CASE SHARE PLACE` forks a child for every fault: no JAX, some milliseconds each.
The child trains a toy through the real `record`; another one goes on after it, undisturbed, and
must come to the result of a run that nothing ever happened to. Prints what did not.
"""

import errno
import json
import os
import shutil
import stat
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from saccade.core.errors import NotSaved
from saccade.core.records import Predictions, Split
from saccade.run import disk, lock
from saccade.run.checkpoint import Checkpoint, named, read_checkpoint, recover
from saccade.run.directory import Run, create_run
from saccade.run.events import (
    Accuracy,
    Evaluated,
    Event,
    Finished,
    Intervened,
    Saved,
    Snapshot,
    Started,
    StepsDone,
)
from saccade.train.record import record

OPERATIONS = (
    "open_file",
    "write",
    "truncate",
    "sync",
    "close",
    "rename",
    "make_directory",
    "remove_file",
    "remove_directory",
)
STEPS, KILLED = 9, 9
ASKED = Intervened(5, "learning_rate", 0.1 + 0.2, "page", STEPS)


def toy(last: Checkpoint | None) -> Iterator[Event]:
    """What `fit` yields: nine steps, an evaluation and a save every third, one save when asked."""
    step = last.step if last else 0
    weights = last.weights["w"].copy() if last else np.arange(6, dtype=np.float32)
    speed = last.state["v"].copy() if last else np.zeros(6, np.float32)
    told = [ASKED] if last and last.facts["told"] else []
    evaluated = last.facts["evaluated"] if last else -1
    best = (last.facts["best"], last.best_weights) if last else (-1.0, None)
    best_step = last.best_step if last else None
    facts = {"data": {"classes": ["a", "b"]}, "recipe": {"watch": "validation"}}
    yield Started(facts, step, None, tuple(told), evaluated)

    def saved() -> Saved:
        state = {"told": len(told), "evaluated": evaluated, "best": best[0]}
        earlier = {} if best_step in (None, step) else dict(best[1])
        held = Checkpoint(step, {"w": weights.copy()}, {"v": speed}, state, best_step, earlier)
        return Saved(step, ("last",), held)

    while step < STEPS:
        step += 1
        speed = (speed * np.float32(0.9) + np.sin(step * np.arange(6))).astype(np.float32)
        weights = weights - np.float32(0.3 if told else 0.1) * speed
        loss = float(np.abs(weights).sum())
        yield StepsDone(step, step, 0.1, (loss,), (0.5,), (0.1,), 10)
        if step % 3 == 0:
            accuracy, evaluated = (step * 7 % 5) / 5, step
            better = accuracy > best[0]
            if better:
                best, best_step = (accuracy, {"w": weights.copy()}), step
            yield Evaluated(step, "validation", accuracy, loss, 9, better, loss / 3, 0.5, 0.1, 0.01)
            yield Snapshot(step, {"x": weights}, {"w": weights})
        if step == ASKED.step and not told:
            told.append(ASKED)
            yield ASKED
            yield saved()
        if step % 3 == 0:
            yield saved()
    predictions = Predictions(np.array([[2.0, 0.0], [0.0, 1.0]]), np.array([0, 0], np.int32))
    worst = Split(np.zeros((1, 2, 2, 1), np.uint8), np.zeros(1, np.int32), ("p1",))
    yield Finished(
        STEPS, "all steps done", 0.9, None, None, Accuracy.of(predictions), best_step or 0,
        best[0], predictions, ("p0", "p1"), (1,), worst,
    )  # fmt: skip


def train(path: Path, watch: Callable[[Event], None] = lambda event: None) -> None:
    """Begins a run, or goes on with it, as `saccade train --out PATH` twice."""
    if not (path / "run.json").exists():
        create_run(path)
    if Run(path).state == "finished":
        return
    lock.claim(path)
    for event in record(toy(recover(path / "checkpoints")), Run(path)):
        watch(event)


def result(path: Path) -> Any:
    """Everything that must be equal to the last bit."""
    run = Run(path)
    held = read_checkpoint(run.checkpoints, "last")
    arrays = {
        (kind, key): value.tobytes()
        for kind in ("weights", "state", "best")
        for key, value in getattr(held, kind).items()
    }
    logged = [
        {key: value for key, value in event.items() if key != "time"}
        for event in run.events()
        if event["event"] in ("StepsDone", "Evaluated", "Intervened", "Finished")
    ]
    table = (path / "metrics.csv").read_text()
    return run.state, named(run.checkpoints), held.facts, arrays, logged, table, run.metrics


def leftovers(path: Path) -> list[str]:
    return [str(each) for each in path.rglob("*") if each.name.endswith(".part")]


class Operations:
    """Stands between `durable` and the disk, and counts."""

    def __init__(self) -> None:
        self.count = 0
        for name in OPERATIONS:
            setattr(disk, name, self._standing_before(name, getattr(disk, name)))

    def _standing_before(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*values: Any) -> Any:
            self.count += 1
            return self.call(name, real, *values)

        return call

    def call(self, name: str, real: Callable[..., Any], *values: Any) -> Any:
        return real(*values)


class Killed(Operations):
    """Dies before operation number `last`; of a write, half is done."""

    def __init__(self, last: int):
        super().__init__()
        self.last = last

    def call(self, name: str, real: Callable[..., Any], *values: Any) -> Any:
        if self.count == self.last:
            if name == "write":
                real(values[0], values[1][: len(values[1]) // 2])
            self.die()
        return None if name == "sync" else real(*values)  # a kill loses nothing that was written

    def die(self) -> None:
        os._exit(KILLED)


class PowerCut(Killed):
    """Loses what was not synced: "drops" the data, "tears" it, or loses "names" and data.

    Where names survive, a renamed file may have lost its content.
    """

    def __init__(self, last: int, loses: str, graveyard: Path):
        super().__init__(last)
        self.loses, self.graveyard = loses, graveyard
        self.honest = True  # or it only says that it has synced
        self.graveyard.mkdir()
        self.files: dict[int, tuple[Path, int]] = {}  # by inode: path, how much of it is safe
        self.undo: list[tuple[Path, Callable[[], None]]] = []

    def call(self, name: str, real: Callable[..., Any], *values: Any) -> Any:
        if self.count == self.last:
            return super().call(name, real, *values)
        return getattr(self, f"_{name}", lambda real, *values: real(*values))(real, *values)

    def _open_file(
        self, real: Callable[..., int], path: Path, flags: int, mode: int = 0o666
    ) -> int:
        there = path.exists()
        descriptor = real(path, flags, mode)
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode):
            if not there:
                self.files[found.st_ino] = path, 0
                self._undone(path, lambda: path.unlink(missing_ok=True))
            self.files.setdefault(found.st_ino, (path, found.st_size))
        return descriptor

    def _sync(self, real: Callable[..., None], descriptor: int) -> None:
        found = os.fstat(descriptor)
        if not self.honest:
            return
        if stat.S_ISDIR(found.st_mode):
            folder = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
            self.undo = [(where, undo) for where, undo in self.undo if where != folder]
        else:
            self.files[found.st_ino] = self.files[found.st_ino][0], found.st_size

    def _rename(self, real: Callable[..., None], path: Path, target: Path) -> None:
        buried = self._buried(target)
        real(path, target)

        def undo() -> None:
            os.replace(target, path)
            if buried:
                os.link(buried, target)

        self._undone(target, undo)

    def _remove_file(self, real: Callable[..., None], path: Path) -> None:
        buried = self._buried(path)
        real(path)
        if buried:
            self._undone(path, lambda: os.link(buried, path))

    def _make_directory(self, real: Callable[..., None], path: Path, mode: int) -> None:
        real(path, mode)
        self._undone(path, lambda: shutil.rmtree(path))

    def _remove_directory(self, real: Callable[..., None], path: Path) -> None:
        real(path)
        self._undone(path, lambda: path.mkdir())

    def _undone(self, path: Path, undo: Callable[[], None]) -> None:
        self.undo.append((path.parent, undo))

    def _buried(self, path: Path) -> Path | None:
        if not path.is_file():
            return None
        buried = self.graveyard / str(self.count)
        os.link(path, buried)
        return buried

    def die(self) -> None:
        run = next((path for path, _ in self.files.values()), self.graveyard)
        while run.parent != self.graveyard.parent:
            run = run.parent
        for path in [*run.rglob("*"), *self.graveyard.iterdir()]:
            safe = self.files.get(path.lstat().st_ino)
            if safe is not None and path.is_file():
                self._lose(path, safe[1])
        if self.loses == "names":
            for _, undo in reversed(self.undo):
                try:
                    undo()
                except FileNotFoundError:
                    continue
        super().die()

    def _lose(self, path: Path, safe: int) -> None:
        size = path.stat().st_size
        kept = safe + (size - safe) // 2 if self.loses == "tears" else safe
        os.truncate(path, kept)
        if self.loses == "tears":
            os.truncate(path, size)  # the rest of it is zeros


class Failing(Operations):
    """Operations `first` up to `first + count` fail."""

    def __init__(self, first: int, count: int, number: int):
        super().__init__()
        self.first, self.last, self.number = first, first + count, number

    def call(self, name: str, real: Callable[..., Any], *values: Any) -> Any:
        if not self.first <= self.count < self.last:
            return real(*values)
        if name == "close":
            real(*values)  # the descriptor is gone all the same
        elif name == "write":
            real(values[0], values[1][: len(values[1]) // 2])
        raise OSError(self.number, os.strerror(self.number))


class Short(Operations):
    """Every write takes a third of what it is given."""

    def call(self, name: str, real: Callable[..., Any], *values: Any) -> Any:
        if name == "write":
            return real(values[0], values[1][: max(1, len(values[1]) // 3)])
        return real(*values)


def child(work: Callable[..., None], *values: Any) -> int:
    """The exit code of a fork: 0, KILLED, or 1 and a traceback."""
    pid = os.fork()
    if pid == 0:
        try:
            work(*values)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class Sweep:
    """One fault after the other, until one comes after the end."""

    def __init__(self, place: Path, share: int):
        self.place, self.share = place, share
        self.may_be_untidy = False
        train(place / "whole")
        self.whole = result(place / "whole")
        self.cases = self.wrong = 0

    def each(self) -> Iterator[tuple[int, Path]]:
        """Operation 1, 1 + share, ... and a new place for the run."""
        number = 1
        while True:
            self.folder = self.place / str(number)
            self.folder.mkdir()
            yield number, self.folder / "run"
            shutil.rmtree(self.folder)
            number += self.share
            self.cases += 1

    def must_end_as_the_whole(self, path: Path, what: str, why: str = "") -> None:
        """Goes on with a run until it is finished."""
        code = child(self._goes_on, path)
        if code or why:
            print(f"{what}: {why or 'not as the whole one'}")
            self.wrong += 1

    def _goes_on(self, path: Path) -> None:
        promised(path)
        finished = Run(path).state == "finished"
        train(path)
        assert result(path) == self.whole
        # Nobody tidies up after a power cut that a finished run has had.
        assert not leftovers(path) or (finished and self.may_be_untidy), leftovers(path)


def killed(sweep: Sweep) -> None:
    for number, path in sweep.each():
        code = child(killed_at, number, path)
        sweep.must_end_as_the_whole(path, f"killed at {number}")
        if code != KILLED:
            return


def killed_at(number: int, path: Path) -> None:
    Killed(number)
    train(path, lambda event: promise(path, event))


def promise(path: Path, event: Event) -> None:
    """Whoever has heard of a save can rely on it."""
    if isinstance(event, Saved):
        (path.parent / "promised").write_text(str(event.step))


def promised(path: Path) -> None:
    """What was promised is there, and nothing is half."""
    file = path.parent / "promised"
    if file.exists():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            last = recover(path / "checkpoints")
        assert last is not None and last.step >= int(file.read_text()), "a save is lost"


def killed_twice(sweep: Sweep) -> None:
    """Killed, and killed again while it goes on."""
    rng = np.random.default_rng(0)
    for number, path in sweep.each():
        code = child(killed_at, number, path)
        again = int(rng.integers(1, 200))
        if (path / "run.json").exists() and Run(path).state != "finished":
            child(killed_at, again, path)
        sweep.must_end_as_the_whole(path, f"killed at {number} and {again}")
        if code != KILLED:
            return


def power(sweep: Sweep, loses: str, honest: bool = True) -> None:
    def cut(number: int, path: Path) -> None:
        PowerCut(number, loses, path.parent / "graveyard").honest = honest
        train(path, lambda event: promise(path, event))

    sweep.may_be_untidy = loses == "names"
    for number, path in sweep.each():
        code = child(cut, number, path)
        sweep.must_end_as_the_whole(path, f"the power cut at {number} {loses}")
        if code != KILLED:
            return


def failing(sweep: Sweep, number: int, count: int) -> None:
    """A full or failing disk: training goes on, says so once, and nothing good is lost."""
    for first, path in sweep.each():
        code = child(fails, path, first, count, number)
        why = "" if code in (0, KILLED) else "it did not go on"
        sweep.must_end_as_the_whole(path, f"{errno.errorcode[number]} at {first} x {count}", why)
        if code == KILLED:  # nothing failed any more
            return


def fails(path: Path, first: int, count: int, number: int) -> None:
    """One alarm, every older checkpoint unharmed, no end but at the beginning and the end."""
    shim = Failing(first, count, number)
    begun, saved = False, -1
    alarms: list[str] = []

    def watch(event: Event) -> None:
        nonlocal begun, saved
        begun = True
        if type(event).__name__ == "Alarm":
            alarms.append(event.message)
        if isinstance(event, Saved) or saved >= 0:
            counted = shim.count
            shim.count = shim.last  # looking is no part of it
            found = named(path / "checkpoints")
            assert found.get("last", -1) >= saved, "an older checkpoint is gone"
            if found:
                read_checkpoint(path / "checkpoints", "last")
            saved = found.get("last", -1)
            shim.count = counted

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            train(path, watch)
        except (OSError, NotSaved):
            # It may not begin, nor end, on such a disk; but it never stops on its way.
            on_the_way = begun and Run(path).state == "failed" and not _at_its_end(path)
            assert not on_the_way
        except Exception as error:
            assert "can't" in str(error) and not begun, error
    said = [str(warning.message) for warning in warned]
    assert [each for each in said if "can" in each and "written" in each] == alarms
    assert sum("can't be written" in each for each in alarms) <= 1, alarms
    if shim.count < shim.first:
        os._exit(KILLED)


def _at_its_end(path: Path) -> bool:
    return any(e["event"] == "StepsDone" and e["last"] == STEPS for e in Run(path).events())


def short(sweep: Sweep) -> None:
    path = sweep.place / "short"

    def work() -> None:
        Short()
        train(path)

    assert child(work) == 0
    sweep.must_end_as_the_whole(path, "short writes")


CASES: dict[str, Callable[[Sweep], None]] = {
    "killed": killed,
    "killed twice": killed_twice,
    "power drops": lambda sweep: power(sweep, "drops"),
    "power tears": lambda sweep: power(sweep, "tears"),
    "power names": lambda sweep: power(sweep, "names"),
    "power drops, never synced": lambda sweep: power(sweep, "drops", honest=False),
    "power names, never synced": lambda sweep: power(sweep, "names", honest=False),
    "full": lambda sweep: failing(sweep, errno.ENOSPC, 1),
    "full for a while": lambda sweep: failing(sweep, errno.ENOSPC, 40),
    "full for good": lambda sweep: failing(sweep, errno.ENOSPC, 10**9),
    "broken": lambda sweep: failing(sweep, errno.EIO, 1),
    "short": short,
}


if __name__ == "__main__":
    case, share, place = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    assert not {"jax", "keras"} & set(sys.modules)
    sweep = Sweep(place, share)
    CASES[case](sweep)
    print(json.dumps({"cases": sweep.cases, "wrong": sweep.wrong}))
