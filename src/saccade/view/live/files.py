"""Reading in a run that may be anybody's: only plain files inside it, never more than expected."""

import json
import math
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

from saccade.core.errors import BadRun

MOST_JSON = 16 << 20
# A link is not followed and a pipe not waited for; Windows has neither flag.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def open_inside(run: Path, name: str) -> BinaryIO:
    """A plain file of the run, open for reading; `name` is ours, never a text from outside.

    Raises:
        FileNotFoundError: it is not there.
        BadRun: it leads out of the run, is no plain file, or can't be opened.
    """
    path = (run / name).resolve()
    if not path.is_relative_to(run.resolve()):
        raise BadRun(f"{name} leads out of the run")
    try:
        descriptor = os.open(path, _FLAGS)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(name) from None
    except OSError as error:
        raise BadRun(f"{name} can't be read: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise BadRun(f"{name} is no plain file")
    return os.fdopen(descriptor, "rb")


def read_inside(run: Path, name: str, most: int) -> bytes:
    """All bytes of a plain file of the run.

    Raises:
        FileNotFoundError: it is not there.
        BadRun: as `open_inside`, or it is larger than `most` bytes.
    """
    with open_inside(run, name) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise BadRun(f"{name} is larger than {most:,} bytes")
    return data


def read_tail(run: Path, name: str, most: int) -> list[bytes]:
    """The whole lines among the last `most` bytes of a file, `[]` where there are none."""
    try:
        with open_inside(run, name) as file:
            begin = max(0, file.seek(0, os.SEEK_END) - most)
            file.seek(begin)
            data = file.read(most)
    except (OSError, BadRun):
        return []
    lines = data.split(b"\n")[:-1]
    return lines[1:] if begin else lines


def read_object(run: Path, name: str) -> dict[str, Any]:
    """The JSON object in a file of the run; what is no number (NaN, Infinity) becomes None.

    Raises:
        FileNotFoundError: it is not there.
        BadRun: as `read_inside`, or it holds no JSON object.
    """
    try:
        value = from_json(read_inside(run, name, MOST_JSON))
    except ValueError as error:
        raise BadRun(f"{name} is damaged: {error}") from None
    if not isinstance(value, dict):
        raise BadRun(f"{name} is damaged: it holds no JSON object")
    return value


def from_json(data: bytes) -> Any:
    """What JSON says, without NaN and infinities: those become None.

    Raises:
        ValueError: it is no JSON, or nested without end.

    >>> from_json(b'[NaN, 1e999, 0.5]')
    [None, None, 0.5]
    """
    try:
        return json.loads(data, parse_constant=lambda _: None, parse_float=_finite)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None
