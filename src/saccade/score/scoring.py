"""Any number of pictures, answered block by block in the same little memory."""

import math
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from saccade.core.answerer import Answerer
from saccade.core.errors import BadData
from saccade.core.room import reserve
from saccade.data.decoders import decoders
from saccade.data.listing import Found


@dataclass(frozen=True, eq=False)
class Block:
    """Some pictures in a row and what the network answers: float logits [n, classes], and float64
    `probabilities` [n, classes] whose rows sum to 1.

    `first` is the position of the first among all. Of a picture with a problem, which is "" for
    most, logits and `pixels` (uint8 [n, height, width, channels]) mean nothing.
    """

    first: int
    found: Sequence[Found]
    problems: Sequence[str]
    pixels: np.ndarray
    logits: np.ndarray
    probabilities: np.ndarray


def score(answerer: Answerer, found: Sequence[Found], first: int = 0) -> Iterator[Block]:
    """The answers to all pictures from position `first` on, in their order.

    While one block is answered the next is decoded. Every block has the size of the first, the last
    one is filled up: nothing compiles twice, and where one begins (`first` is a multiple of that
    size, or all) changes no bit of the rest.

    Raises:
        BadData: the place of the pictures went away, a disk or a share.
    """
    rule, size = answerer.preprocess, block_size(answerer, found)
    shape = (2, size, rule.height, rule.width, rule.channels)
    with tempfile.TemporaryDirectory(prefix="saccade-", ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "pixels"
        with file.open("wb") as made:
            reserve(made, math.prod(shape))
        halves = np.memmap(file, np.uint8, "r", shape=shape)
        # The decoders end first: what is still waited for is cancelled.
        with ThreadPoolExecutor(1) as ahead, decoders(file, rule) as pool:

            def decode(start: int) -> list[str]:
                rows = enumerate(found[start : start + size], start // size % 2 * size)
                verdicts = [verdict for _, verdict in pool.decode(rows)]
                return [": ".join(verdict.refused or ()) for verdict in verdicts]

            starts = range(first, len(found), size)
            coming = ahead.submit(decode, first) if starts else None
            for start in starts:
                assert coming is not None  # noqa: S101  (there is a block)
                problems = coming.result()
                if start + size < len(found):
                    coming = ahead.submit(decode, start + size)
                some, pixels = found[start : start + size], np.array(halves[start // size % 2])
                _check_places(some, problems)
                logits = answerer.logits(pixels)[: len(some)]
                sure = answerer.probabilities(logits)
                yield Block(start, some, problems, pixels[: len(some)], logits, sure)


def block_size(answerer: Answerer, found: Sequence[Found]) -> int:
    """How many pictures are answered together."""
    return max(1, min(answerer.batch, len(found)))


def _check_places(found: Sequence[Found], problems: Sequence[str]) -> None:
    """Half a set is not called unreadable because its disk was taken out."""
    for where in {one.place.where for one, why in zip(found, problems, strict=True) if why}:
        if not Path(where).exists():
            raise BadData(f"{where} went away while it was read. Start again when it is back")
