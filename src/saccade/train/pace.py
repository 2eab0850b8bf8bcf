"""How many steps at a time, and when to save: decided on the host, from the clock.

Neither changes a result; they only change when a person hears of it.
"""

import time
from collections.abc import Callable

CHUNK_SECONDS = 0.1
GROWTH = 8
SNAPSHOT_SECONDS, SNAPSHOT_SHARE = 0.5, 0.03
SAVE_SECONDS, MOST_SECONDS, SAVE_SHARE = 2.0, 60.0, 0.01


class Pace:
    """The length of the next chunk: about 0.1 s of work, at least one step."""

    def __init__(self, most: int):
        self.most = most
        self.wanted = 1
        self.warm = False  # the first chunk compiles, so its time says nothing

    def steps(self, left: int) -> int:
        """How many steps to take, of `left` before the next thing happens."""
        return max(1, min(self.wanted, left, self.most))

    def took(self, steps: int, seconds: float) -> None:
        """Learns from a chunk."""
        if self.warm:
            fitting = int(CHUNK_SECONDS * steps / max(seconds, 1e-9))
            self.wanted = max(1, min(fitting, GROWTH * steps))
        self.warm = True


class SnapshotTimer:
    """When to look again: at most twice a second and 3 % of the time. The first look compiles."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self.clock = clock
        self.next = clock()
        self.warm = False

    def due(self) -> bool:
        """Whether it is time."""
        return self.clock() >= self.next

    def took(self, seconds: float) -> None:
        """Plans the next look after one that took this long."""
        pause = seconds / SNAPSHOT_SHARE if self.warm else 0.0
        self.next = self.clock() + max(SNAPSHOT_SECONDS, pause)
        self.warm = True


class SaveTimer:
    """When the next timed save is due: 100 times the last one's cost later, 2 to 60 seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self.clock = clock
        self.began = clock()
        self.spent = 0.0
        self.dear = False
        self.wait()

    def due(self) -> bool:
        """Whether it is time."""
        return self.clock() >= self.next

    def wait(self, seconds: float = SAVE_SECONDS) -> None:
        """The next save is that far away."""
        self.next = self.clock() + seconds

    def cost(self, seconds: float) -> None:
        """Plans the next save after one that took this long."""
        self.spent += seconds
        self.dear = self.dear or seconds > MOST_SECONDS * SAVE_SHARE
        self.wait(min(max(seconds / SAVE_SHARE, SAVE_SECONDS), MOST_SECONDS))

    @property
    def share(self) -> float | None:
        """What saving took of the time so far, 0..1, if a save cost more than its hundredth."""
        return self.spent / max(self.clock() - self.began, 1e-9) if self.dear else None
