"""A stand-in until `saccade.run.control` is there: writing a request to a trainer."""

import json
import math
import secrets
import time
from pathlib import Path

from saccade.core.errors import BadRun, BadUsage

PLAIN = ("pause", "resume", "stop", "save")
WITH_VALUE = ("learning_rate", "epochs")


def write_request(run_path: Path, request: str, value: float | None, source: str) -> None:
    """Leaves a request in the run's folder `control`, for its trainer to find.

    Raises:
        BadUsage: there is no such request, or its value is missing, not wanted or out of range.
        BadRun: the run takes no requests.
    """
    _check(request, value)
    folder = run_path / "control"
    try:
        token = (folder / "token").read_text("ascii").strip()
    except (OSError, ValueError):
        raise BadRun(f"{run_path} takes no requests: it has no control/token") from None
    now = time.time()
    told = {"version": 1, "token": token, "time": now, "request": request, "value": value}
    name = f"{int(now * 1e9)}-{secrets.token_hex(4)}.json"
    aside = folder / f".{name}.part"
    aside.write_text(json.dumps({**told, "source": source}, allow_nan=False), "utf-8")
    aside.replace(folder / name)


def _check(request: str, value: float | None) -> None:
    if request not in PLAIN + WITH_VALUE:
        known = ", ".join(PLAIN + WITH_VALUE)
        raise BadUsage(f"there is no request `{str(request)[:40]}`. Known: {known}")
    if request in PLAIN and value is not None:
        raise BadUsage(f"`{request}` takes no value")
    if request in WITH_VALUE:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadUsage(f"`{request}` takes a number")
        if not (0 < value < 1e9 and math.isfinite(value)):
            raise BadUsage(f"`{request}` takes a number above 0, got {value!s:.40}")
