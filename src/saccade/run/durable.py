"""Files that survive: whole or not there, and files that only grow.

A replaced file is written aside, synced and renamed, and so is what changed in its directory. What
fails leaves the old file, and nothing aside.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from saccade.core.errors import BadRun
from saccade.run import disk

ASIDE = ".part"


def write_bytes(path: Path, data: bytes, *, synced: bool = True) -> None:
    """Replaces `path` in one step; a crash leaves the old file or the new one, never half.

    What need not survive a power cut is not `synced`: it may then be half, or the old one.
    """
    aside = aside_of(path)
    try:
        with _opened(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as descriptor:
            _write_all(descriptor, data)
            if synced:
                disk.sync(descriptor)
        disk.rename(aside, path)
    except BaseException:
        try_to_remove(aside)
        raise
    if synced:
        sync_directory(path.parent)


def write_text(path: Path, text: str) -> None:
    """`write_bytes` of UTF-8; a name that no UTF-8 can hold is written with backslashes."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_json(path: Path, value: Any) -> None:
    """`write_text` of indented JSON. Refuses NaN: it is not JSON."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        FileNotFoundError: it is not there.
        BadRun: it is damaged, or not an object.
    """
    try:
        value = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadRun(f"{path} is damaged: {error}") from None
    if not isinstance(value, dict):
        raise BadRun(f"{path} is damaged: it holds no JSON object")
    return value


def write_new(path: Path, data: bytes, mode: int = 0o666) -> None:
    """A file that must not be there yet, and need not survive a power cut."""
    with _opened(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode) as descriptor:
        _write_all(descriptor, data)


class Growing:
    """A file that is only added to. What could not be written waits for the next time.

    A file that is not there is an error, and not made anew: somebody has taken it away. After a
    failure everything since the last sync is written again: the system may have dropped it.
    """

    def __init__(self, path: Path):
        self.path = path
        self._safe = path.stat().st_size  # how much of it would survive a power cut
        self._written, self._waiting = bytearray(), bytearray()
        self._torn = False

    def add(self, text: str) -> None:
        """Notes what is to be written."""
        self._waiting += text.encode("utf-8", "backslashreplace")

    @property
    def waiting(self) -> int:
        """Bytes that are not written yet."""
        return len(self._waiting)

    def flush(self, *, synced: bool = False) -> None:
        """Writes what waits; `synced` makes it survive a power cut. After an OSError it waits."""
        if not (self._waiting or synced):
            return
        with _opened(self.path, os.O_WRONLY | os.O_APPEND) as descriptor:
            if self._torn:
                disk.truncate(descriptor, self._safe)
            again = self._written if self._torn else b""
            self._torn = True
            _write_all(descriptor, again + self._waiting)
            if synced:
                disk.sync(descriptor)
        self._torn = False
        self._written += self._waiting
        self._waiting.clear()
        if synced:
            self._safe += len(self._written)
            self._written.clear()

    def content(self) -> bytes:
        """All that it shall hold, as far as it can still be read."""
        try:
            safe = self.path.read_bytes()[: self._safe]
        except OSError:
            safe = b""
        return safe + self._written + self._waiting


def append(path: Path, text: str) -> None:
    """Adds to a file that is made where it is not there."""
    with _opened(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT) as descriptor:
        _write_all(descriptor, text.encode("utf-8", "backslashreplace"))
        disk.sync(descriptor)
    sync_directory(path.parent)


def make_directory(path: Path, mode: int = 0o777, *, parents: bool = False) -> None:
    """A directory that survives a power cut, and those above it; one that is there is left."""
    if path.is_dir():
        return
    if parents and not path.parent.is_dir():
        make_directory(path.parent, parents=True)
    with suppress(FileExistsError):
        disk.make_directory(path, mode)
    sync_directory(path.parent)


def move(path: Path, target: Path) -> None:
    """Renames, so that it survives a power cut."""
    disk.rename(path, target)
    sync_directory(path.parent)


def remove(path: Path) -> None:
    """Removes a file or a whole directory; one that is gone is fine."""
    with suppress(FileNotFoundError):
        if path.is_dir() and not path.is_symlink():
            for each in path.iterdir():
                remove(each)
            disk.remove_directory(path)
        else:
            disk.remove_file(path)


def try_to_remove(path: Path) -> None:
    """`remove`; a failure is no matter, whatever is left is removed another time."""
    with suppress(OSError):
        remove(path)


def sweep(folder: Path) -> None:
    """Removes what a crash has left aside."""
    if folder.is_dir():
        for path in folder.iterdir():
            if is_aside(path.name):
                try_to_remove(path)


def aside_of(path: Path) -> Path:
    """Where a file or directory is made before it is renamed."""
    return path.with_name(f".{path.name}.{os.getpid()}{ASIDE}")


def is_aside(name: str) -> bool:
    """Whether it is something that a crash has left there.

    >>> is_aside(aside_of(Path("run.json")).name), is_aside("run.json")
    (True, False)
    """
    return name.startswith(".") and name.endswith(ASIDE)


def sync_directory(path: Path) -> None:
    """Makes the names inside `path` survive a power cut (nothing to do on Windows)."""
    if os.name == "nt":
        return
    with _opened(path, os.O_RDONLY) as descriptor:
        disk.sync(descriptor)


@contextmanager
def _opened(path: Path, flags: int, mode: int = 0o666) -> Iterator[int]:
    """A failure to close counts, unless another came before."""
    descriptor = disk.open_file(path, flags, mode)
    try:
        yield descriptor
    except BaseException:
        with suppress(OSError):
            disk.close(descriptor)
        raise
    disk.close(descriptor)


def _write_all(descriptor: int, data: bytes | bytearray) -> None:
    left = memoryview(data)
    while left:
        left = left[disk.write(descriptor, left) :]
