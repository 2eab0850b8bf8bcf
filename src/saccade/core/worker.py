"""Decodes pictures in a process of its own, with limits, for whoever started it.

    python -m saccade.core.worker PIXELS RULE MOST

What is read may crash a decoder, or never end: then this process dies and nobody else does. It
imports nothing but what decodes. PIXELS is a file with a row of pixels for each picture, RULE the
`Preprocess` as JSON, MOST how many pixels a picture may have before it is resized. A request is its
row and its length, two 8-byte numbers, and the picture's bytes; the answer is a line of JSON:
{"notes": ..., "crc": ...} when the row is written, of its pixels, or {"refused": [code, words]}.
"""

import json
import signal
import sys
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from saccade.core.errors import BadPicture
from saccade.core.preprocess import Preprocess

SECONDS, MEMORY = 2.0, 1 << 30  # of processor time a picture; of address space beyond the start


def main() -> None:
    """Answers until its input ends."""
    pixels = Path(sys.argv[1])
    rule = Preprocess.from_json(json.loads(sys.argv[2]))
    at_most = int(sys.argv[3])
    shape = (rule.height, rule.width, rule.channels)
    rows = np.memmap(pixels, np.uint8, "r+").reshape(-1, *shape)
    _limit_memory()
    source, answers = sys.stdin.buffer, sys.stdout
    while request := source.read(16):
        row, length = (int.from_bytes(request[i : i + 8], "little") for i in (0, 8))
        answers.write(json.dumps(_one(rule, at_most, _exactly(source, length), rows, row)) + "\n")
        answers.flush()


def _one(rule: Preprocess, at_most: int, data: bytes, rows: np.ndarray, row: int) -> dict[str, Any]:
    _limit_time(SECONDS)
    try:
        decoded = rule.read_noted(data, at_most)
    except BadPicture as error:
        return {"refused": [error.code, error.why]}
    except MemoryError:
        return {"refused": ["memory_limit", "it takes more memory than a picture may"]}
    finally:
        _limit_time(0)
    rows[row] = decoded.pixels
    return {"notes": [list(note) for note in decoded.notes], "crc": zlib.crc32(decoded.pixels)}


def _exactly(source: BinaryIO, length: int) -> bytes:
    data = source.read(length)
    if len(data) < length:
        raise SystemExit(0)  # whoever asked is gone
    return data


def _limit_time(seconds: float) -> None:
    """After so much processor time the kernel ends this process; no decoder can be asked to."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _limit_memory() -> None:
    try:
        import resource

        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    except (ImportError, OSError, ValueError):
        pass  # no such limit on this system


if __name__ == "__main__":
    main()
