"""How much memory there is to use."""

import os
from pathlib import Path

CONTROL_GROUPS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
UNKNOWN = 8 << 30


def memory_bytes() -> int:
    """Of the machine, or of the container where that has a limit; a guess where nobody says.

    >>> memory_bytes() > 1 << 28
    True
    """
    try:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return UNKNOWN
    limits = [int(text) for text in map(_read, CONTROL_GROUPS) if text.isdigit()]
    return min([machine, *limits])


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
