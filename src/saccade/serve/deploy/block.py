"""YAML in blocks, as people read it; nothing but what our files hold."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9/._-]*")
_MEANT = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def to_yaml(value: Any) -> str:
    """Mappings, lists, text, numbers, truth values -> YAML.

    >>> print(to_yaml({"name": "digits", "args": ["--public"], "on": {"port": 8080}}), end="")
    name: digits
    args:
      - "--public"
    "on":
      port: 8080
    """
    return "".join(f"{line}\n" for line in _lines(value))


def _lines(value: Any) -> list[str]:
    if isinstance(value, Mapping) and value:
        return [line for key, each in value.items() for line in _entry(f"{_scalar(key)}:", each)]
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        lines = []
        for each in value:
            first, *rest = _lines(each)
            lines += [f"- {first}", *(f"  {line}" for line in rest)]
        return lines
    return [_scalar(value)]


def _entry(key: str, value: Any) -> list[str]:
    if isinstance(value, (Mapping, list, tuple)) and value:
        return [key, *(f"  {line}" for line in _lines(value))]
    return [f"{key} {_scalar(value)}"]


def _scalar(value: Any) -> str:
    """Text is quoted wherever YAML might read something else in it."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _MEANT:
        return value
    return json.dumps(list(value) if isinstance(value, tuple) else value)
