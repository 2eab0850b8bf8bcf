"""Every bad picture of bad_inputs.py gets its verdict, from a real worker."""

import runpy
import time
import zlib
from pathlib import Path

import numpy as np
import pytest

from saccade.core.decoder import Worker
from saccade.core.preprocess import Preprocess

BAD = runpy.run_path(str(Path(__file__).with_name("bad_inputs.py")))
TABLE, JPEG = BAD["TABLE"], BAD["JPEG"]
RULE = Preprocess(24, 32, 3)


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    pixels = tmp_path_factory.mktemp("pixels") / "pixels"
    pixels.write_bytes(bytes(2 * 24 * 32 * 3))
    worker = Worker(pixels, RULE)
    worker.pixels = pixels
    yield worker
    worker.close()


@pytest.mark.parametrize("row, what, data, expected", TABLE, ids=[f"{t[0]} {t[1]}" for t in TABLE])
def test_every_bad_picture_gets_its_verdict(row, what, data, expected, worker):
    data = data() if callable(data) else data
    first = worker.process.pid
    began = time.monotonic()
    verdict = worker.decode(1, data)
    seconds = time.monotonic() - began
    found = verdict.refused and verdict.refused[0]
    assert (verdict.notes, found) == (expected.notes, expected.refused and expected.refused[0])
    assert worker.process.pid == first, "the decoder died"
    assert seconds < 10  # 2 s of processor time end it; others may be at work here
    if not verdict.refused:
        written = np.fromfile(worker.pixels, np.uint8).reshape(2, 24, 32, 3)
        assert np.array_equal(written[1], RULE.read(data))
        assert verdict.crc == zlib.crc32(written[1])


def test_the_end_mark_alone_changes_no_pixel():
    assert np.array_equal(RULE.read(JPEG[:-2]), RULE.read(JPEG))
