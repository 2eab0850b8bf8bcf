"""One writer a run: an advisory lock that the system drops when its holder dies."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from saccade.core.errors import BadRun

try:
    import fcntl
except ImportError:  # Windows: no lock, so a run that died shows as running
    fcntl = None  # type: ignore[assignment]

NAME = ".lock"


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Holds the run for writing.

    Raises:
        BadRun: another process is writing in it.
    """
    descriptor = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if fcntl is not None:
            _take(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, folder: Path) -> None:
    """Tries for half a second: `is_writing` holds the lock for a moment, a writer for minutes."""
    for attempt in range(10):
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt == 9:
                raise BadRun(f"{folder} is being written by another process") from None
            time.sleep(0.05)


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
