"""Pictures decoded by several processes at once, into one file of pixels."""

import hashlib
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from saccade.core.decoder import CRASHED, Verdict, Worker
from saccade.core.errors import BadData, BadPicture
from saccade.core.kinds import check_name
from saccade.core.preprocess import Preprocess
from saccade.data.listing import Found


def digest(data: bytes) -> str:
    """By which a picture's bytes are known again."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def reason(error: BadData) -> tuple[str, str]:
    """The code and the words of what can't be read."""
    if isinstance(error, BadPicture):
        return error.code, error.why
    return "unreadable", str(error)


CHANGED = Verdict(refused=("changed", "another program changed or removed it just now"))


@contextmanager
def decoders(pixels: Path, rule: Preprocess) -> Iterator["Decoders"]:
    """As many workers as there are processors, ended at the end."""
    with ThreadPoolExecutor(_processors()) as pool:
        made = Decoders(pool, pixels, rule)
        try:
            yield made
        finally:
            pool.shutdown(cancel_futures=True)
            made.close()


class Decoders:
    """Hands each thread of a pool a worker of its own."""

    def __init__(self, pool: ThreadPoolExecutor, pixels: Path, rule: Preprocess):
        self.pool, self.pixels, self.rule = pool, pixels, rule
        self.own = threading.local()
        self.workers: list[Worker] = []

    def decode(
        self, wanted: Iterable[tuple[int, Found]], digests: Mapping[int, str] | None = None
    ) -> Iterator[tuple[int, Verdict]]:
        """The verdict on each (row, picture), in order.

        With `digests`, of each row's bytes or why those can't be had, a picture that is another
        by now is `CHANGED`.
        """
        asked = list(wanted)
        expected = [None if digests is None else digests[row] for row, _ in asked]
        verdicts = self.pool.map(self._one, asked, expected)
        for (row, _), verdict in zip(asked, verdicts, strict=True):
            yield row, verdict

    def _one(self, asked: tuple[int, Found], expected: str | None) -> Verdict:
        row, one = asked
        try:
            data = one.place.read(one.path)
        except BadData as error:
            return CHANGED if expected not in (None, str(error)) else Verdict(refused=reason(error))
        if expected not in (None, digest(data)):
            return CHANGED
        try:
            check_name(data, one.path)
        except BadData as error:
            return Verdict(refused=reason(error))
        if not hasattr(self.own, "worker"):
            self.own.worker = Worker(self.pixels, self.rule)
            self.workers.append(self.own.worker)
        worker: Worker = self.own.worker
        verdict = worker.decode(row, data)
        if verdict.refused and verdict.refused[0] == CRASHED:
            return worker.decode(row, data)  # somebody else may have killed it, short of memory
        return verdict

    def close(self) -> None:
        """Ends all workers."""
        for worker in self.workers:
            worker.close()


def _processors() -> int:
    """How many this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
