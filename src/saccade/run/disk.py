"""The operations by which a run directory changes; nothing else in here.

Whatever writes in a run reaches the disk through `durable`, and `durable` through this file. So a
test that puts other functions in place of these can fail, kill or forget at every one of them.
"""

import os
from pathlib import Path

# Windows translates line ends unless it is told not to.
BINARY = getattr(os, "O_BINARY", 0)


def open_file(path: Path, flags: int, mode: int = 0o666) -> int:
    """A descriptor."""
    return os.open(path, flags | BINARY, mode)


def write(descriptor: int, data: memoryview) -> int:
    """How many bytes were taken: perhaps not all."""
    return os.write(descriptor, data)


def truncate(descriptor: int, size: int) -> None:
    """Cuts a file back."""
    os.ftruncate(descriptor, size)


def sync(descriptor: int) -> None:
    """Returns once the file's content, or the directory's names, would survive a power cut."""
    os.fsync(descriptor)


def close(descriptor: int) -> None:
    """Some file systems tell only here that a write has failed."""
    os.close(descriptor)


def rename(path: Path, target: Path) -> None:
    """Replaces a file, or an empty directory, in one step."""
    os.replace(path, target)


def make_directory(path: Path, mode: int) -> None:
    os.mkdir(path, mode)


def remove_file(path: Path) -> None:
    os.unlink(path)


def remove_directory(path: Path) -> None:
    """An empty one."""
    os.rmdir(path)
