"""One writer a run: an advisory lock that the system drops when its holder dies."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from saccade.core.errors import BadRun
from saccade.run import disk

try:
    import fcntl
except ImportError:  # Windows: no lock, so a run that died shows as running
    fcntl = None  # type: ignore[assignment]

NAME = ".lock"
_claimed: dict[Path, int] = {}


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Holds the run for writing.

    Raises:
        BadRun: another process is writing in it, or nobody can.
    """
    claimed = _claimed.pop(folder.resolve(), None)
    descriptor = _opened(folder) if claimed is None else claimed
    try:
        yield
    finally:
        disk.close(descriptor)


def claim(folder: Path) -> None:
    """Holds the run from now on, for the `writing` that comes next in this process.

    Raises:
        BadRun: another process is writing in it, or nobody can.
    """
    release(folder)
    _claimed[folder.resolve()] = _opened(folder)


def release(folder: Path) -> None:
    """Gives back what was claimed, if it was not used."""
    descriptor = _claimed.pop(folder.resolve(), None)
    if descriptor is not None:
        disk.close(descriptor)


@contextmanager
def claims() -> Iterator[None]:
    """Gives back at its end what was claimed inside and not used."""
    before = set(_claimed)
    try:
        yield
    finally:
        for folder in set(_claimed) - before:
            release(folder)


def is_writing(folder: Path) -> bool:
    """Whether a living process holds the run."""
    if fcntl is None:
        return True
    try:
        descriptor = os.open(folder / NAME, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _opened(folder: Path) -> int:
    try:
        descriptor = disk.open_file(folder / NAME, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise BadRun(f"{folder} can't be written: {error.strerror}") from None
    try:
        if fcntl is not None:
            _take(descriptor, folder)
    except OSError as error:  # a network file system without locks
        disk.close(descriptor)
        raise BadRun(f"{folder} can't be locked: {error.strerror}") from None
    except BaseException:
        disk.close(descriptor)
        raise
    with suppress(OSError):  # only so that the other one can say who it is
        holder = f"process {os.getpid()} on {socket.gethostname()}\n"
        disk.truncate(descriptor, 0)
        disk.write(descriptor, memoryview(holder.encode()))
    return descriptor


def _take(descriptor: int, folder: Path) -> None:
    """Tries for half a second: `is_writing` holds the lock for a moment, a writer for minutes."""
    for attempt in range(10):
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt == 9:
                raise BadRun(f"{folder} is being written by another {_holder(folder)}") from None
            time.sleep(0.05)


def _holder(folder: Path) -> str:
    try:
        found = (folder / NAME).read_text("utf-8", errors="replace")[:200].strip()
    except OSError:
        found = ""
    return found if found.startswith("process ") and found.isprintable() else "process"
