"""A run's copy in a bucket, or wherever else fsspec writes.

    URL/mirror-000007.json    which files the run has: size, sha256, where each lies; written last
    URL/files/SHA256          what they hold, while it trains
    URL/run/...               the finished run, under its own names

What a manifest names is there, whole, whenever the copying ends: nothing is replaced, a new state
is new objects and then a new manifest, and only then what no longer counts is dropped. Of two
manifests the newest whole one counts.
"""

import hashlib
import json
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from saccade.core.errors import BadRun, BadUsage, MissingFile, NotSaved
from saccade.run import durable, lock
from saccade.run.checkpoint import named
from saccade.run.directory import FACTS, Run

SCHEMA = 1
SCHEMES = ("gs", "s3", "file", "memory")
FILES, PLAIN, PROBE = "files", "run", "probe"

_URL = re.compile(r"(?P<scheme>[a-z0-9+.-]+)://(?P<rest>[^?#]+)")
_MANIFEST = re.compile(r"mirror-(\d{6,})\.json")
_OBJECT = re.compile(r"[0-9a-f]{64}")
_TAKES = {"gs": "gcsfs", "s3": "s3fs"}
_LEFT_HERE = ("control",)  # requests of this machine's people


@dataclass(frozen=True)
class Copy:
    """A state of a run that was copied: where each of its files lies, with its sha256 and size."""

    number: int
    step: int
    finished: bool
    files: Mapping[str, tuple[str, str, int]]

    @property
    def facts(self) -> str:
        """The sha256 of its run.json, by which two runs are told apart."""
        return self.files[FACTS][1]


@dataclass
class Mirror:
    """Where a run is copied to; `newest` is what is there."""

    url: str
    filesystem: Any
    root: str
    newest: Copy | None = None
    swept: bool = False
    hashes: dict[tuple[str, int, int], str] = field(default_factory=dict)

    def fetch(self, folder: Path) -> None:
        """Writes the newest copy as a run directory, which must not be there yet.

        A damaged file of a checkpoint is taken as it is: there is an older one, and it is noticed.

        Raises:
            BadRun: there is no copy, it can't be read, or another file of it is damaged.
        """
        if self.newest is None:
            raise BadRun(f"{self.url} holds no run")
        aside = durable.aside_of(folder.absolute())
        durable.remove(aside)
        try:
            for name, (at, sha256, _) in self.newest.files.items():
                path = aside / name
                durable.make_directory(path.parent, parents=True)
                self._get(at, path)
                if _sha256(path) != sha256:
                    self._damaged(name)
            aside.chmod(0o700)
            durable.make_directory(folder.absolute().parent, parents=True)
            durable.move(aside, folder.absolute())
        except BaseException:
            durable.try_to_remove(aside)
            raise

    def push(self, run: Run, *, finished: bool = False) -> None:
        """Copies what has changed. Only while nobody writes in the run.

        Raises:
            NotSaved: it could not be copied; what was there before still is.
        """
        try:
            self._push(run, finished)
        except Exception as error:  # each library behind fsspec has errors of its own
            raise NotSaved(f"{run.path} can't be copied to {self.url}: {_said(error)}") from None

    def _push(self, run: Run, finished: bool) -> None:
        before = self.newest
        known = {} if before is None else {at: sha for at, sha, _ in before.files.values()}
        files = {}
        for name, path in _files(run.path):
            size, sha256 = path.stat().st_size, self._hashed(path)
            at = f"{PLAIN}/{name}" if finished else f"{FILES}/{sha256}"
            if known.get(at) != sha256:
                self.filesystem.put_file(str(path), self._at(at))
                known[at] = sha256
            files[name] = (at, sha256, size)
        step = named(run.checkpoints).get("last", 0)
        number = 1 if before is None else before.number + 1
        copy = Copy(number, step, finished, files)
        swept, self.swept = self.swept, False  # until all of this has gone well
        self.filesystem.pipe_file(self._at(_manifest_name(number)), _to_json(copy))
        self.newest = copy
        with suppress(Exception):  # it is copied; they go another time
            self._sweep(copy, None if before is None or not swept else before)
            self.swept = True

    def _sweep(self, copy: Copy, before: Copy | None) -> None:
        """Drops what a manifest does not name: of the one before it, or all there is."""
        kept = {at for at, _, _ in copy.files.values()}
        if before is not None:
            old = {at for at, _, _ in before.files.values()}
            manifests = {_manifest_name(before.number)}
        else:
            old = {f"{FILES}/{name}" for name in self._names(FILES) if _OBJECT.fullmatch(name)}
            manifests = {name for name in self._names("") if _MANIFEST.fullmatch(name)}
        for name in (manifests - {_manifest_name(copy.number)}) | (old - kept):
            self.filesystem.rm_file(self._at(name))

    def check_writable(self) -> None:
        """Before hours of training: something can be written there.

        Raises:
            BadUsage: it can't.
        """
        try:
            self.filesystem.pipe_file(self._at(PROBE), b"saccade writes here\n")
        except Exception as error:
            raise BadUsage(f"--job-dir {self.url} can't be written: {_said(error)}") from None
        with suppress(Exception):  # who may write may not always remove
            self.filesystem.rm_file(self._at(PROBE))

    def look(self) -> None:
        """Reads what is there.

        Raises:
            BadUsage: there is something else, or it can't be read.
        """
        try:
            found = {
                int(match[1]): name
                for name in self._names("")
                if (match := _MANIFEST.fullmatch(name))
            }
            for number in sorted(found, reverse=True):
                try:
                    read = self.filesystem.cat_file(self._at(found[number]))
                    self.newest = _from_json(number, read)
                    return
                except (ValueError, KeyError, TypeError, AttributeError):
                    warnings.warn(f"{self.url}/{found[number]} is damaged", stacklevel=2)
            taken = bool(found or self._names(PLAIN))
        except Exception as error:
            raise BadUsage(f"--job-dir {self.url} can't be read: {_said(error)}") from None
        if taken:
            raise BadUsage(f"{self.url} holds something that is no copy of a run: pick another")

    def _names(self, folder: str) -> list[str]:
        self.filesystem.invalidate_cache()
        try:
            listed = self.filesystem.ls(self._at(folder), detail=False)
        except FileNotFoundError:
            return []
        return [PurePosixPath(each).name for each in listed]

    def _get(self, at: str, path: Path) -> None:
        try:
            self.filesystem.get_file(self._at(at), str(path))
        except Exception as error:
            raise BadRun(f"{self.url}/{at} can't be read: {_said(error)}") from None

    def _damaged(self, name: str) -> None:
        why = f"{self.url}: {name} is not the file that was copied (sha256 differs)"
        if not name.startswith("checkpoints/"):
            raise BadRun(why)
        warnings.warn(why, stacklevel=3)

    def _at(self, name: str) -> str:
        return f"{self.root}/{name}" if name else self.root

    def _hashed(self, path: Path) -> str:
        """Weights are read once: a checkpoint's files stay as they are."""
        told = path.stat()
        key = (str(path), told.st_mtime_ns, told.st_size)
        if key not in self.hashes:
            self.hashes[key] = _sha256(path)
        return self.hashes[key]


def open_mirror(url: str) -> Mirror:
    """What is at a URL.

    Raises:
        BadUsage: it is of a kind that is not written, holds something else, or can't be read.
        MissingFile: what it takes is not installed.

    >>> open_mirror("memory://jobs/digits-1").newest is None
    True
    """
    match = _URL.fullmatch(url)
    if match is None or match["scheme"] not in SCHEMES:
        known = ", ".join(f"{one}://" for one in SCHEMES)
        raise BadUsage(f"--job-dir takes a path or a URL of {known}, got {url.partition('?')[0]}")
    if "@" in match["rest"].partition("/")[0]:
        raise BadUsage("--job-dir holds a password: leave it to the place your library reads")
    scheme = match["scheme"]
    if scheme in _TAKES and os.environ.get("SACCADE_OFFLINE") == "1":
        raise BadUsage(f"{url} is on a network, and SACCADE_OFFLINE=1")
    try:
        from fsspec.core import url_to_fs

        options = {"auto_mkdir": True} if scheme == "file" else {}
        filesystem, root = url_to_fs(url, **options)
    except ImportError:
        needs = " ".join(["'saccade[remote]'", *([_TAKES[scheme]] if scheme in _TAKES else [])])
        raise MissingFile(f"--job-dir {scheme}://... takes fsspec: pip install {needs}") from None
    mirror = Mirror(url.rstrip("/"), filesystem, str(root).rstrip("/"))
    mirror.look()
    return mirror


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """A run's files by name, but for those that are of this machine or of a write under way."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        passing = parts[0] in _LEFT_HERE or any(map(durable.is_aside, parts))
        if path.is_file() and not path.is_symlink() and not passing and parts[-1] != lock.NAME:
            yield "/".join(parts), path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _manifest_name(number: int) -> str:
    return f"mirror-{number:06d}.json"


def _sealed(body: Mapping[str, Any]) -> bytes:
    digest = hashlib.sha256(json.dumps(body).encode()).hexdigest()
    return (json.dumps({**body, "sha256": digest}, indent=1) + "\n").encode()


def _to_json(copy: Copy) -> bytes:
    return _sealed(
        {
            "schema": SCHEMA,
            "step": copy.step,
            "finished": copy.finished,
            "files": {name: list(told) for name, told in copy.files.items()},
        }
    )


def _from_json(number: int, data: bytes) -> Copy:
    """Raises ValueError where a bit of it is another, or a name leads out of the run."""
    body = json.loads(data)
    body.pop("sha256")
    if _sealed(body) != data or body["schema"] != SCHEMA:
        raise ValueError("it is not what was written")
    files = {name: (at, sha, size) for name, (at, sha, size) in body["files"].items()}
    for path in (*files, *(at for at, _, _ in files.values())):
        if set(path.split("/")) & {"", ".", ".."} or "\\" in path or ":" in path:
            raise ValueError("it leads elsewhere")
    if FACTS not in files:
        raise ValueError("it is no run's")
    return Copy(number, body["step"], body["finished"], files)


def _said(error: Exception) -> str:
    """An error's own words without its URLs: one may hold the right to write there."""
    text = f"{type(error).__name__}: {error}".partition("\n")[0]
    return re.sub(r"\w+://\S+", "(a URL)", text)[:300]
