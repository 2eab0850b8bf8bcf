"""Following a run: what is new in its directory since the last look, and what to tell of it.

A look costs a few stats. What is kept does not grow with the run: a thinned curve, and the news of
the last looks, so that a browser that keeps up is told only what it has not seen.
"""

import json
import math
import os
import time
from collections import deque
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from saccade.core.errors import BadRun
from saccade.run import lock
from saccade.view.live.files import read_object
from saccade.view.live.log import News, Reader
from saccade.view.live.records import number, state_of
from saccade.view.live.snapshots import snapshot_steps
from saccade.view.live.thinned import Thinned

KEPT_STEPS, KEPT_NEWS, KEPT_MARKS, KEPT_TEXTS = 20_000, 1000, 1000, 20
LOOK_AT_WRITER = 1.0  # seconds between looks at whether the trainer lives
SETTLED = 1.0  # seconds after which a folder's time can be trusted to tell of the next change


class Follower:
    """One run, followed for any number of browsers. Every method may be called by any thread."""

    def __init__(self, path: Path):
        self.path, self.gone = path, False
        # Starts with the clock, so that a number from an earlier follower is never one of this.
        self.revision = time.time_ns() // 1_000_000
        self.total_steps: float | None = None
        self.snapshots: list[int] = []
        self._reader = Reader(path)
        self._lock, self._texts = Lock(), dict[int, tuple[int, str]]()
        self._facts: tuple[int, ...] = ()
        self._folder = 0
        self._writing, self._looked = False, -math.inf
        self._forget()

    @property
    def running(self) -> bool:
        """Whether its trainer lived at the last look."""
        return self.state == "running"

    def look(self) -> int:
        """Reads what is new and gives the revision: it has grown where anything was."""
        with self._lock:
            if not self.gone:
                self._look()
            return self.revision

    def text(self, after: int) -> tuple[int, str]:
        """The revision and what to tell one who has heard everything up to `after`, as JSON."""
        with self._lock:
            after = after if self.oldest <= after <= self.revision else 0
            if after not in self._texts:
                if len(self._texts) >= KEPT_TEXTS:
                    self._texts.clear()
                told = json.dumps(self._told(after), allow_nan=False)
                self._texts[after] = self.revision, told
            return self._texts[after]

    def ready(self, after: int) -> tuple[int, str] | None:
        """`text` where it has been made already, for another browser."""
        return self._texts.get(after)

    def _forget(self) -> None:
        """Nothing is known of the log any more."""
        self.train, self.watched = Thinned(3), Thinned(2)
        self.state, self.step, self.last = "empty", 0, ""
        self.marks: deque[dict[str, Any]] = deque(maxlen=KEPT_MARKS)
        self.pace: deque[tuple[float, float]] = deque(maxlen=10)
        self.news: deque[tuple[int, News]] = deque()
        self.oldest = self.revision  # who has heard less is told everything

    def _look(self) -> None:
        try:
            os.stat(self.path)
        except OSError:
            return self._tell(News(), gone=True)
        news = News()
        changed = False
        for part in self._reader.parts():
            if part.restart:
                self.revision += 1
                self._forget()
                news = News()
            self._take(part)
            news.add(part, KEPT_STEPS)
            changed = True
        before = self.state, self.total_steps
        self._look_at_facts()
        self._look_at_snapshots(news)
        self._look_at_writer(force=changed)
        if changed or news.added or news.dropped or before != (self.state, self.total_steps):
            self._tell(news)

    def _take(self, part: News) -> None:
        train, watched = part.columns()
        self.train.add(train)
        self.watched.add(watched)
        last = [int(steps[-1]) for steps in (train[0], watched[0]) if len(steps)]
        self.step = max(last, default=self.step)
        self.marks.extend(part.marks)
        self.pace.extend(part.pace)
        self.last = part.last or self.last

    def _tell(self, news: News, gone: bool = False) -> None:
        self.gone = self.gone or gone
        self.revision += 1
        self.news.append((self.revision, news))
        while len(self.news) > KEPT_NEWS or sum(n.steps for _, n in self.news) > KEPT_STEPS:
            self.oldest, _ = self.news.popleft()
        if not news.whole:
            self.news.clear()
            self.oldest = self.revision
        self._texts.clear()

    def _look_at_facts(self) -> None:
        try:
            found = os.stat(self.path / "run.json")
            signature = (found.st_ino, found.st_size, found.st_mtime_ns)
            if signature != self._facts:
                self._facts = signature
                self.total_steps = number(read_object(self.path, "run.json").get("total_steps"))
        except (OSError, BadRun):
            self.total_steps = None

    def _look_at_snapshots(self, news: News) -> None:
        folder = self.path / "snapshots"
        try:
            changed = os.stat(folder).st_mtime_ns
        except OSError:
            changed = 0
        if changed == self._folder and time.time() - changed / 1e9 > SETTLED:
            return
        self._folder = changed
        steps = snapshot_steps(self.path)
        now, before = set(steps), set(self.snapshots)
        news.added, news.dropped = sorted(now - before), sorted(before - now)
        self.snapshots = steps

    def _look_at_writer(self, force: bool) -> None:
        clock = time.monotonic()
        if force or clock - self._looked > LOOK_AT_WRITER:
            self._looked = clock
            self._writing = self.last != "Finished" and lock.is_writing(self.path)
        self.state = state_of(self.path, self.last, self._writing)

    def _told(self, after: int) -> dict[str, Any]:
        if self.gone:
            return {"gone": True}
        whole = after == 0
        images, seconds = (sum(pair[i] for pair in self.pace) for i in (0, 1))
        return {
            "version": 1,
            "offset": self.revision,
            "restart": whole,
            "state": self.state,
            "step": self.step,
            "total_steps": self._length(),
            "images_per_second": images / seconds if seconds > 0 else None,
            **(self._everything() if whole else self._since(after)),
        }

    def _length(self) -> float | None:
        """How many steps it is to take, as interventions have left it."""
        told = self.marks[-1]["total_steps"] if self.marks else None
        return self.total_steps if told is None else float(told)

    def _everything(self) -> dict[str, Any]:
        return {
            **curves(self.train.points(), self.watched.points()),
            "snapshots": self.snapshots,
            "dropped": [],
            "marks": list(self.marks),
        }

    def _since(self, after: int) -> dict[str, Any]:
        together = News()
        for revision, news in self.news:
            if revision > after:
                together.add(news, KEPT_STEPS + 1)
        there = set(self.snapshots)
        return {
            **curves(*together.columns()),
            "snapshots": sorted(there & set(together.added)),
            "dropped": sorted(set(together.dropped) - there),
            "marks": together.marks,
        }


def curves(train: np.ndarray, watched: np.ndarray) -> dict[str, Any]:
    """Columns as the page takes them.

    >>> curves(np.array([[1.0], [0.5], [np.nan], [0.1]]), np.zeros((3, 0)))["train"]
    {'step': [1], 'loss': [0.5], 'accuracy': [None], 'rate': [0.1]}
    """
    return {
        "train": _named(("loss", "accuracy", "rate"), train),
        "watched": _named(("loss", "accuracy"), watched),
    }


def _named(names: tuple[str, ...], rows: np.ndarray) -> dict[str, list[Any]]:
    values = {
        name: [float(f"{v:.7g}") if math.isfinite(v) else None for v in row]
        for name, row in zip(names, rows[1:].tolist(), strict=True)
    }
    return {"step": [int(step) for step in rows[0].tolist()], **values}
