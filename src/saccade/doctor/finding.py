"""What a check found in a set of pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Level = Literal["stop", "warn", "note"]


@dataclass(frozen=True)
class Finding:
    """One thing about some pictures. `stop`: no training can begin so; `note`: nothing to do.

    `says` is one line in plain words, `advice` what to do ("" where nothing); `pictures` are their
    names, those that belong together in one tuple; `count` is how many pictures there are.

    >>> Finding("dark", "warn", "Very dark", (("a.jpg",), ("b.jpg",)), "look at them").count
    2
    """

    code: str
    level: Level
    says: str
    pictures: Sequence[tuple[str, ...]] = ()
    advice: str = ""

    @property
    def count(self) -> int:
        """How many pictures are meant."""
        return sum(map(len, self.pictures))

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "code": self.code,
            "level": self.level,
            "says": self.says,
            "advice": self.advice,
            "count": self.count,
            "pictures": [list(together) for together in self.pictures],
        }
