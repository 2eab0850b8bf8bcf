"""Values that come from a file: taken if they are what is expected, else BadData says what came."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from saccade.core.errors import BadData


def record_fields(what: str, kind: Any, values: object) -> Mapping[str, Any]:
    """`values`, if they are just what a record of this kind takes."""
    names = {field.name for field in fields(kind)}
    if not isinstance(values, Mapping):
        raise BadData(f"{what} is an object, got {short(values)}")
    if set(values) != names:
        odd = sorted(map(str, set(values) ^ names))
        raise BadData(f"{what} has {', '.join(sorted(names))}; missing or too much: {short(odd)}")
    return values


def number(name: str, value: object) -> float:
    """A finite number, as float."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    raise BadData(f"{name} takes a finite number, got {short(value)}")


def share(name: str, value: object) -> None:
    """Refuses what is not within 0..1."""
    if not 0 <= number(name, value) <= 1:
        raise BadData(f"{name} is 0 to 1, got {short(value)}")


def count(name: str, value: object) -> None:
    """Refuses what is no whole number of at least 0."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadData(f"{name} is a whole number, got {short(value)}")


def one_of(name: str, value: object, known: Sequence[str]) -> None:
    """Refuses what is none of these words."""
    if value not in known:
        raise BadData(f"{name} is {' or '.join(known)}, got {short(value)}")


def short(value: object) -> str:
    """What came, for a message."""
    try:
        text = repr(value)
    except (
        ValueError,
        RecursionError,
    ):  # thousands of digits, lists in lists
        text = type(value).__name__
    return text if len(text) <= 60 else f"{text[:57]}..."


def numbers(name: str, value: object) -> tuple[float, ...]:
    """A list of finite numbers."""
    if not isinstance(value, list | tuple):
        raise BadData(f"{name} is a list, got {short(value)}")
    return tuple(number(name, each) for each in value)
