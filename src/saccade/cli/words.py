"""Numbers and commands as people read and type them."""

import os
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, Token

from saccade.core.errors import BadUsage

_UNITS = {"s": 1, "m": 60, "h": 3600}


def whole(type_: Any, tokens: Sequence[Token]) -> int:
    """An integer, and nothing that would have to be rounded to one."""
    text = tokens[0].value
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"a whole number is expected, got `{text}`") from None


Whole = Annotated[int, Parameter(converter=whole)]
MaybeWhole = Annotated[int | None, Parameter(converter=whole)]


def plain(name: str) -> str:
    """A file's name, or a text that has some, as a terminal may show it: in one line, unsteered.

    >>> plain("a\\nb\\x1b[31m.png"), plain("größe 猫.png")
    ('a\\\\nb\\\\x1b[31m.png', 'größe 猫.png')
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def duration(seconds: float) -> str:
    """Seconds in words.

    >>> duration(3.21), duration(75), duration(3700)
    ('3.2 s', '1 min 15 s', '1 h 01 min')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def parse_duration(text: str) -> float:
    """Seconds from `90`, `90s`, `10m` or `1h30m`.

    Raises:
        BadUsage: anything else, or nothing above 0.

    >>> parse_duration("90"), parse_duration("1h30m")
    (90.0, 5400.0)
    """
    if re.fullmatch(r"\d+(\.\d+)?", text):
        seconds = float(text)
    else:
        parts = re.findall(r"(\d+(?:\.\d+)?)([smh])", text)
        if not parts or "".join(a + b for a, b in parts) != text:
            raise BadUsage(f"--time-limit takes 90, 90s, 10m or 1h30m, got `{text}`")
        seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if seconds <= 0:
        raise BadUsage(f"--time-limit must be above 0, got `{text}`")
    return seconds


def this_command() -> str:
    """How this program was started, so that what we print can be typed again."""
    typed = Path(sys.argv[0])
    if typed.name == "__main__.py":
        return f"{_relative(Path(sys.executable))} -m saccade"
    found = shutil.which(typed.name)
    if found is not None and Path(found).resolve() == typed.resolve():
        return typed.name
    return _relative(typed)


def _relative(path: Path) -> str:
    text = os.path.relpath(path)
    return str(path) if text.startswith("..") else text
