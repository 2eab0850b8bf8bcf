"""How many threads to compute with."""

import os
from pathlib import Path

QUOTA = Path("/sys/fs/cgroup/cpu.max")
OLD_QUOTA = Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")
OLD_PERIOD = Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us")


def processors() -> int:
    """How many processors this process may keep busy, at least 1.

    ONNX Runtime itself counts those of the whole machine, and does not see what a container allows.

    >>> processors() >= 1
    True
    """
    affinity = getattr(os, "sched_getaffinity", None)
    there = len(affinity(0)) if affinity else os.cpu_count() or 1
    allowed = _allowed()
    return max(1, there if allowed is None else min(there, int(allowed)))


def _allowed() -> float | None:
    """The container's share of processors, None without one."""
    for text in (_read(QUOTA), f"{_read(OLD_QUOTA)} {_read(OLD_PERIOD)}"):
        numbers = [int(word) for word in text.split() if word.isdecimal()]
        if len(numbers) == 2 and numbers[1]:
            return numbers[0] / numbers[1]
    return None


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
