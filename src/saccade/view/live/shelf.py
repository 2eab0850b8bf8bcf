"""Which runs there are: those that were named, and all below the folders that were."""

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from saccade.run.directory import FACTS, open_run
from saccade.view.live import records
from saccade.view.live.follow import Follower

MOST_RUNS, MOST_FOLLOWERS = 5000, 32
STALE = 0.5  # seconds: how long a list of folders is believed


class Shelf:
    """The runs below some paths, by opaque id, and who follows them.

    A path is a run, or a folder that holds runs, or ladders of runs; new ones appear by themselves.
    """

    def __init__(self, paths: Sequence[Path], secret: bytes = b""):
        self.paths, self.secret = list(paths), secret
        self._known: dict[str, tuple[str, Path]] = {}
        self._seen = -1.0
        self._followers: dict[str, Follower] = {}
        self._rows: dict[Path, tuple[tuple[int, ...], dict[str, Any]]] = {}
        self._lock = Lock()

    def runs(self) -> dict[str, tuple[str, Path]]:
        """Name and path by id, as they are now."""
        with self._lock:
            return dict(self._scan())

    def find(self, id_: str) -> tuple[str, Path] | None:
        """Name and directory behind an id: one that was found, never a text from outside."""
        with self._lock:
            if id_ not in self._known and time.monotonic() - self._seen > STALE:
                self._scan()
            found = self._known.get(id_)
        return found if found and (found[1] / FACTS).exists() else None

    def follower(self, id_: str) -> Follower | None:
        """Who follows a run: one for all that ask."""
        found = self.find(id_)
        if found is None:
            return None
        with self._lock:
            follower = self._followers.pop(id_, None)
            if follower is None or follower.gone:
                follower = Follower(found[1])
            self._followers[id_] = follower  # the last one used is the last to go
            while len(self._followers) > MOST_FOLLOWERS:
                del self._followers[next(iter(self._followers))]
            return follower

    def rows(self) -> list[dict[str, Any]]:
        """The list of runs, newest first."""
        told = []
        for id_, (name, path) in self.runs().items():
            try:
                age = (path / FACTS).stat().st_mtime_ns
                told.append((age, {"id": id_, "name": name, **self._row(path)}))
            except OSError:
                continue
        return [row for _, row in sorted(told, key=lambda pair: (-pair[0], pair[1]["name"]))]

    def states(self) -> list[str]:
        """The state of every run."""
        return [records.state_now(path) for _, path in self.runs().values()]

    def _row(self, path: Path) -> dict[str, Any]:
        """A row, made again only where a file it is made of has changed or somebody may write."""
        names = (FACTS, "events.jsonl", "metrics.csv", "eval/metrics.json")
        signature = tuple(part for name in names for part in _signature(path / name))
        kept = self._rows.get(path)
        if kept is None or kept[0] != signature or kept[1]["state"] == "running":
            kept = signature, records.row(path)
            self._rows[path] = kept
        return kept[1]

    def _scan(self) -> dict[str, tuple[str, Path]]:
        found: dict[str, tuple[str, Path]] = {}
        for name, path in _below(self.paths):
            if len(found) >= MOST_RUNS:
                break
            found.setdefault(self._id(path), (_readable(name), path))
        self._known, self._seen = found, time.monotonic()
        return found

    def _id(self, path: Path) -> str:
        key = os.fsencode(os.path.abspath(path))
        return hashlib.blake2b(key, key=self.secret, digest_size=9).hexdigest()


class OneRun(Shelf):
    """One run, there from before its first file on."""

    def __init__(self, path: Path):
        self.path = path.absolute()
        super().__init__([self.path])
        self.id = self._id(self.path)

    def runs(self) -> dict[str, tuple[str, Path]]:
        """It alone, as long as its directory is there."""
        return {self.id: (_readable(self.path.name), self.path)} if self.path.is_dir() else {}

    def find(self, id_: str) -> tuple[str, Path] | None:
        """It, if this is its id and its directory is there."""
        return self.runs().get(id_)


def shelved(names: Sequence[Path], folder: Path) -> list[Path]:
    """The paths for a shelf: what a person named, or the folder of all runs.

    Raises:
        BadRun: there is no such run, and no folder of runs.
    """
    return [_named(name) for name in names] or [folder]


def _named(name: Path) -> Path:
    """A run, or a folder where runs are or may come: nothing but folders lies in it."""
    folder = name.is_dir() and not (name / FACTS).exists()
    if folder and (any(_below([name])) or all(each.is_dir() for each in name.iterdir())):
        return name
    return open_run(name).path


def _below(paths: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    for path in paths:
        if (path / FACTS).exists():
            yield path.absolute().name, path
            continue
        for folder in _folders(path):
            if (folder / FACTS).exists():
                yield folder.name, folder
                continue
            for inner in _folders(folder):  # a ladder's runs
                if (inner / FACTS).exists():
                    yield f"{folder.name}/{inner.name}", inner


def _folders(path: Path) -> list[Path]:
    try:
        with os.scandir(path) as entries:
            return sorted(Path(e.path) for e in entries if e.is_dir(follow_symlinks=False))
    except OSError:
        return []


def _signature(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _readable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()
