"""Requests to a running training: one file each in the run's `control/`.

Whoever may write there leaves a request; the trainer takes it between chunks. It carries the token
that the trainer left at its start, so that nothing from before, or from elsewhere, is obeyed.
Whatever else lies there is refused: nothing in it may hold up or end a training.
docs/reference/live.md has the format.
"""

import json
import math
import os
import secrets
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from saccade.core.errors import BadRun, BadUsage, unknown_name
from saccade.run import disk, durable

VERSION, FOLDER, TOKEN = 1, "control", "token"
PLAIN = ("pause", "resume", "stop", "save")
WITH_VALUE = ("learning_rate", "epochs")
MOST_VALUE = 1e6
MOST_BYTES, MOST_AT_ONCE = 4096, 20
# A link is not followed and a pipe not waited for; Windows has neither flag.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True)
class Request:
    """What is asked: one of `PLAIN`, or of `WITH_VALUE` with a number; `source` is who asks."""

    request: str
    value: float | None
    source: str


def write_request(run: Path, request: str, value: float | None = None, *, source: str) -> None:
    """Leaves a request for the trainer of a run.

    Raises:
        BadUsage: there is no such request, or its value is missing, not wanted or out of range.
        BadRun: the run takes no requests: nothing trains it.
    """
    check(request, value)
    folder = run / FOLDER
    try:
        _no_link(folder)
        token = _content(folder / TOKEN).decode("ascii")
        now = time.time_ns()
        values = {"version": VERSION, "token": token, "time": now / 1e9}
        values |= {"request": request, "value": value, "source": source}
        name = f"{now}-{secrets.token_hex(4)}.json"
        aside = folder / f".{name}.part"
        aside.write_text(json.dumps(values, allow_nan=False), "utf-8")
        aside.replace(folder / name)
    except (OSError, ValueError) as error:
        raise BadRun(f"{run} takes no requests ({error}); is it training?") from None


def check(request: str, value: object) -> None:
    """Whether there is such a request with such a value.

    Raises:
        BadUsage: there is none; says what is wrong.

    >>> check("learning_rate", 0.001)
    """
    if request not in PLAIN + WITH_VALUE:
        raise unknown_name("request", str(request)[:40], PLAIN + WITH_VALUE)
    if request in PLAIN:
        if value is not None:
            raise BadUsage(f"`{request}` takes no number")
        return
    if not _is_number(value) or not 0 < value <= MOST_VALUE:  # NaN is not, either
        raise BadUsage(
            f"`{request}` takes a number above 0, at most {MOST_VALUE:,.0f}, got {str(value)[:40]}"
        )


class Control:
    """The trainer's side of `control/`: opened once a run, after it is the run's only writer.

    Raises:
        OSError: the folder can't be made, or is a link.
    """

    def __init__(self, run: Path):
        self.folder = run / FOLDER
        self.stuck: set[str] = set()  # what can't be deleted is refused once
        _no_link(self.folder)
        durable.make_directory(self.folder, 0o700)
        self.started, self.began = time.time(), time.monotonic()
        self.token = secrets.token_hex(24)
        token = self.folder / TOKEN
        durable.remove(token)
        durable.write_new(token, self.token.encode("ascii"), 0o600)

    def take(self) -> tuple[list[Request], list[str]]:
        """The requests that lie there, oldest first, and why others were refused. All are removed.

        Never fails: a folder that is gone holds nothing.
        """
        taken: list[Request] = []
        refused: list[str] = []
        for path in self._files():
            why = ""
            try:
                request = self._read(path)
            except (OSError, ValueError, RecursionError, BadUsage) as error:
                why = str(error)
            if not _removed(path):
                self.stuck.add(path.name)
                why = why or "it can't be deleted, so it would be obeyed again and again"
            if why:
                refused.append(_printable(f"{path.name}: {why}"))
            else:
                taken.append(request)
        return taken, refused

    def _files(self) -> list[Path]:
        try:
            _no_link(self.folder)  # or files that lie elsewhere would be deleted
            names = [name for name in os.listdir(self.folder) if name.endswith(".json")]
        except OSError:
            return []
        new = sorted(name for name in names if name[0] != "." and name not in self.stuck)
        return [self.folder / name for name in new[:MOST_AT_ONCE]]

    def _read(self, path: Path) -> Request:
        values: Any = json.loads(_content(path))
        version = values.get("version") if isinstance(values, dict) else None
        if not _is_number(version) or version != VERSION:
            raise ValueError(f"not a request of version {VERSION}")
        if not secrets.compare_digest(str(values.get("token")).encode(), self.token.encode()):
            raise ValueError("its token is not this training's")
        written = values.get("time")
        if not _is_number(written) or not self._earliest() - 1 <= written < math.inf:
            raise ValueError("it is older than this training")
        request, value = str(values.get("request")), values.get("value")
        check(request, value)
        source = values.get("source")
        if source not in ("page", "control"):
            raise ValueError("nobody known asks")
        return Request(request, None if value is None else float(value), source)

    def _earliest(self) -> float:
        """When it was opened, by a clock that may have been set back since."""
        return min(self.started, time.time() - (time.monotonic() - self.began))


def _content(path: Path) -> bytes:
    """What a small plain file holds."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise ValueError("not a small plain file")
    with open(os.open(path, _FLAGS), "rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError("not a small plain file")
    return content


def _no_link(folder: Path) -> None:
    if folder.is_symlink():
        raise OSError(f"{folder} is a link")


def _is_number(value: object) -> TypeGuard[float]:
    """Whether it is a number: to Python, True is one as well."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _printable(text: str) -> str:
    """What a terminal does not obey: names and values are a stranger's."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _removed(path: Path) -> bool:
    """Whether it is gone; a folder goes only if it is empty."""
    try:
        if path.is_dir() and not path.is_symlink():
            disk.remove_directory(path)
        else:
            disk.remove_file(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
