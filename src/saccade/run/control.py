"""Requests to a running training: one file each in the run's `control/`.

Whoever may write there leaves a request; the trainer takes it between chunks. It carries the token
that the trainer left at its start, so that nothing from before, or from elsewhere, is obeyed.
docs/reference/live.md has the format.
"""

import json
import os
import secrets
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saccade.core.errors import BadRun, BadUsage, unknown_name

VERSION, FOLDER, TOKEN = 1, "control", "token"
PLAIN = ("pause", "resume", "stop", "save")
WITH_VALUE = ("learning_rate", "epochs")
MOST_VALUE = 1e6
MOST_BYTES, MOST_AT_ONCE = 4096, 20


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
        token = (folder / TOKEN).read_text("ascii")
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
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and 0 < value <= MOST_VALUE):  # type: ignore[operator]  # NaN is not, either
        raise BadUsage(f"`{request}` takes a number above 0, got {str(value)[:40]}")


class Control:
    """The trainer's side of `control/`: opened once a run, after it is the run's only writer."""

    def __init__(self, run: Path):
        self.folder = run / FOLDER
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.started, self.token = time.time(), secrets.token_hex(24)
        token = self.folder / TOKEN
        token.unlink(missing_ok=True)
        descriptor = os.open(token, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(self.token)

    def take(self) -> tuple[list[Request], list[str]]:
        """The requests that lie there, oldest first, and why others were refused. All are removed.

        Never fails: a folder that is gone holds nothing.
        """
        taken: list[Request] = []
        refused: list[str] = []
        for path in self._files():
            try:
                taken.append(self._read(path))
            except (OSError, ValueError, BadUsage) as error:
                refused.append(f"{path.name}: {error}")
            _remove(path)
        return taken, refused

    def _files(self) -> list[Path]:
        try:
            names = [name for name in os.listdir(self.folder) if name.endswith(".json")]
        except OSError:
            return []
        plain = sorted(name for name in names if not name.startswith("."))
        return [self.folder / name for name in plain[:MOST_AT_ONCE]]

    def _read(self, path: Path) -> Request:
        about = path.lstat()
        if not stat.S_ISREG(about.st_mode) or about.st_size > MOST_BYTES:
            raise ValueError("not a small plain file")
        values: Any = json.loads(path.read_bytes())
        if not isinstance(values, dict) or values.get("version") != VERSION:
            raise ValueError(f"not a request of version {VERSION}")
        if not secrets.compare_digest(str(values.get("token")).encode(), self.token.encode()):
            raise ValueError("its token is not this training's")
        written = values.get("time")
        if not isinstance(written, int | float) or not written >= self.started - 1:
            raise ValueError("it is older than this training")
        request, value = str(values.get("request")), values.get("value")
        check(request, value)
        source = values.get("source")
        if source not in ("page", "control"):
            raise ValueError("nobody known asks")
        return Request(request, None if value is None else float(value), source)


def _remove(path: Path) -> None:
    try:
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    except OSError:
        pass  # it is refused again next time
