"""Files that are whole or not there: written aside, synced, renamed."""

import json
import os
from pathlib import Path
from typing import Any

from saccade.core.errors import BadRun


def write_bytes(path: Path, data: bytes) -> None:
    """Replaces `path` in one step; a crash leaves the old file or the new one, never half."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    with aside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
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
    except ValueError as error:
        raise BadRun(f"{path} is damaged: {error}") from None
    if not isinstance(value, dict):
        raise BadRun(f"{path} is damaged: it holds no JSON object")
    return value


def sync_directory(path: Path) -> None:
    """Makes a rename inside `path` survive a power cut (nothing to do on Windows)."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
