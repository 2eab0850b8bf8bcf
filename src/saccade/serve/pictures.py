"""Picture files become pixels, in processes that may crash without harm."""

import asyncio
import hashlib
import itertools
import logging
import tempfile
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from saccade.bundle.threads import processors
from saccade.core.decode import Note
from saccade.core.decoder import CRASHED, Verdict, Worker
from saccade.core.errors import BadPicture
from saccade.core.kinds import kind_of
from saccade.core.preprocess import Preprocess
from saccade.serve.limits import Limits
from saccade.serve.refusal import Refusal

log = logging.getLogger("saccade.serve")

# By why a picture is refused; 422 for the others, which are pictures, but none that can be read.
STATUS = {
    "empty": 400,
    "unknown_format": 415,
    "not_an_image": 415,
    "lfs_pointer": 415,
    "unsupported_format": 415,
    "format_not_allowed": 415,
    "unsupported_jpeg": 415,
    "too_many_pixels": 413,
    "file_too_large": 413,
}
MOST_KNOWN = 1000  # pictures that crashed a decoder


class Pictures:
    """Decodes, in as many processes as there are processors."""

    def __init__(self, rule: Preprocess, limits: Limits):
        count = processors()
        self.rule, self.limits = rule, limits
        self.shape = (rule.height, rule.width, rule.channels)
        self.folder = tempfile.TemporaryDirectory(prefix="saccade-serve-")
        self.file = Path(self.folder.name) / "pixels"
        self.file.write_bytes(bytes(count * rule.height * rule.width * rule.channels))
        self.rows = np.memmap(self.file, np.uint8, "r").reshape(count, *self.shape)
        self.pool = ThreadPoolExecutor(count, "decode")
        self.own = threading.local()
        self.free = itertools.count()  # rows of the file; one for each thread, and its worker
        self.workers: dict[int, Worker] = {}
        self.crashing: OrderedDict[bytes, None] = OrderedDict()

    async def read(self, data: bytes, media_type: str = "") -> tuple[np.ndarray, list[Note]]:
        """A file's bytes -> uint8 [height, width, channels], and what was repaired or is odd.

        Raises:
            Refusal: it is no picture that can be used.
        """
        try:
            kind = kind_of(data)
        except BadPicture as error:
            raise refusal(error.code, error.why) from None
        if kind == "TIFF" and media_type != "image/tiff":  # other programs' raw formats begin so
            raise refusal("format_not_allowed", "a TIFF that is not sent as image/tiff")
        digest = hashlib.blake2b(data, digest_size=16).digest()
        if digest in self.crashing:
            raise refusal(CRASHED, "it ended a decoder before")
        loop = asyncio.get_running_loop()
        verdict, pixels = await loop.run_in_executor(self.pool, self._decode, data)
        if verdict.refused:
            if verdict.refused[0] == CRASHED:
                self._remember(digest)
            raise refusal(*verdict.refused)
        return pixels, list(verdict.notes)

    def close(self) -> None:
        """Ends the processes."""
        self.pool.shutdown(cancel_futures=True)
        for worker in self.workers.values():
            worker.close()
        self.folder.cleanup()

    def _decode(self, data: bytes) -> tuple[Verdict, np.ndarray]:
        if not hasattr(self.own, "row"):
            self.own.row = next(self.free)
        row = self.own.row
        worker = self.workers.get(row)
        if worker is None or worker.process.poll() is not None:  # somebody else ended it
            if worker is not None:
                worker.close()
            worker = self.workers[row] = Worker(self.file, self.rule, self.limits.pixels)
        verdict = worker.decode(row, data)
        return verdict, self.rows[row].copy()

    def _remember(self, digest: bytes) -> None:
        """A picture that ended a decoder gets no second one."""
        log.error("a decoder crashed on a picture, blake2b %s", digest.hex())
        self.crashing[digest] = None
        if len(self.crashing) > MOST_KNOWN:
            self.crashing.popitem(last=False)


def refusal(code: str, why: str) -> Refusal:
    """How a picture is refused; `why` is a decoder's and names no file of ours."""
    return Refusal(STATUS.get(code, 422), code, f"the picture can't be read: {code}: {why}"[:300])
