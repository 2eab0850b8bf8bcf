"""A run that is copied while it trains: when, and what becomes of failures."""

import hashlib
import time
import warnings
from pathlib import Path

from saccade.core.errors import BadUsage, NotSaved
from saccade.run import durable
from saccade.run.checkpoint import named
from saccade.run.directory import FACTS, Run, is_empty
from saccade.run.mirror import Copy, Mirror

SHARE = 0.1  # of the time may go into copying
WAITS = (2.0, 10.0)  # seconds between the attempts at the end


class Copying:
    """Copies a run to a mirror after its checkpoints and at its end.

    A failure ends no training: it is said once, and the next checkpoint tries again.
    """

    def __init__(self, mirror: Mirror, run: Run, waits: tuple[float, ...] = WAITS):
        self.mirror, self.run, self.waits = mirror, run, waits
        self.not_before = 0.0
        self.troubled = False

    def saved(self) -> None:
        """After a checkpoint, unless copying takes too much of the time."""
        if time.monotonic() >= self.not_before:
            self._try()

    def failed(self) -> None:
        """After an error, so that it can be looked at from elsewhere."""
        if (self.run.path / FACTS).exists():
            self._try()

    def ended(self, finished: bool) -> None:
        """All of it.

        Raises:
            NotSaved: the run is here, but not all of it is there.
        """
        for wait in (*self.waits, None):
            try:
                return self.mirror.push(self.run, finished=finished)
            except NotSaved as error:
                if wait is None:
                    raise NotSaved(f"{error}. The run itself is whole: {self.run.path}") from None
                warnings.warn(f"{error}. Once more in {wait:g} s", stacklevel=2)
                time.sleep(wait)

    def _try(self) -> None:
        began = time.monotonic()
        try:
            self.mirror.push(self.run)
        except NotSaved as error:
            if not self.troubled:
                text = f"{error}. Training goes on, and the next checkpoint tries again"
                warnings.warn(text, stacklevel=3)
            self.troubled = True
        else:
            if self.troubled:
                warnings.warn(f"{self.mirror.url} can be written again, and is", stacklevel=3)
            self.troubled = False
        now = time.monotonic()
        self.not_before = now + (now - began) * (1 / SHARE - 1)


def fetch_if_missing(mirror: Mirror, place: Path) -> Copy | None:
    """The copy a run at `place` goes on from, fetched unless the run is there; None for none.

    Raises:
        BadUsage: the copy is of another run, is further than the one here, or is finished.
    """
    copy = mirror.newest
    if copy is None:
        return None
    if copy.finished:
        raise BadUsage(
            f"{mirror.url} holds a finished run, in its folder run/; pick another --job-dir"
        )
    if not (place / FACTS).exists():
        if place.exists() and not is_empty(place):
            raise BadUsage(f"{place} exists and is not an empty folder; pick another --out")
        durable.remove(place)
        mirror.fetch(place)
        return copy
    if hashlib.sha256((place / FACTS).read_bytes()).hexdigest() != copy.facts:
        raise BadUsage(
            f"{mirror.url} holds another run than {place}. Pick another --job-dir, or another --out"
        )
    here = named(place / "checkpoints").get("last", 0)
    if here < copy.step:
        raise BadUsage(
            f"{place} came to step {here:,}, its copy {mirror.url} to step {copy.step:,}. Go on "
            f"from the copy with another --out, which is fetched"
        )
    return None
