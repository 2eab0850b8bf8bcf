"""What a check found in a run's record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One sign and what to do about it.

    `name` is the check's. `says` is one line in plain words, `evidence` the figures and steps it
    rests on, `figures` the same as numbers. `command` is one thing to try ("" where none can be
    typed) and `hope` what should come of it. `problem` is False for what only explains.

    >>> finding = Finding("label-noise", "Some labels look wrong", ("19 of 143",), "saccade view R")
    >>> finding.to_json()["try"]
    'saccade view R'
    """

    name: str
    says: str
    evidence: tuple[str, ...]
    command: str
    hope: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    problem: bool = True

    def to_json(self) -> dict[str, Any]:
        """Plain values; `try` is None where there is no command."""
        return {
            "name": self.name,
            "kind": "problem" if self.problem else "note",
            "says": self.says,
            "evidence": list(self.evidence),
            "figures": {name: float(value) for name, value in self.figures.items()},
            "try": self.command or None,
            "hope": self.hope,
        }
