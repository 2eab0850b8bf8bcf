"""What was decoded is decoded once: by the next start, after a kill, beside another process."""

import errno
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

import saccade
from saccade.core.cache import cache_folder
from saccade.core.decode import read_file
from saccade.core.decoder import Verdict, Worker
from saccade.data import decoded

try:
    import fcntl
except ImportError:
    fcntl = None


@pytest.fixture
def photos(tmp_path):
    """Forty photographs of two classes, larger than what is trained on."""
    rng = np.random.default_rng(0)
    for i in range(40):
        folder = tmp_path / "photos" / ("cat", "dog")[i % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (120, 140, 3), np.uint8)).save(folder / f"{i:02d}.jpg")
    return tmp_path / "photos"


@pytest.fixture
def counted(monkeypatch):
    """The rows that workers were asked for."""
    rows, decode = [], Worker.decode

    def watched(self, row, data):
        rows.append(row)
        return decode(self, row, data)

    monkeypatch.setattr(Worker, "decode", watched)
    return rows


def only_set():
    [folder] = (cache_folder() / "pictures").iterdir()
    return folder


def same(one, other):
    return one.fingerprint == other.fingerprint and all(
        np.array_equal(getattr(one, part).pixels, getattr(other, part).pixels)
        for part in ("train", "test")
    )


def test_a_second_start_decodes_nothing_and_gives_the_same(photos, counted):
    first = saccade.load(photos)
    assert sorted(counted) == list(range(40))
    assert same(saccade.load(photos), first)
    assert len(counted) == 40


def test_what_is_trained_on_is_what_a_prediction_reads(photos):
    data = saccade.load(photos)
    for name, pixels in zip(data.train.names, data.train.pixels, strict=True):
        assert np.array_equal(pixels, data.preprocess.read(read_file(photos / name)))


def test_a_changed_picture_another_size_and_another_cut_are_decoded_anew(photos, counted):
    saccade.load(photos)
    Image.new("RGB", (130, 110), "red").save(photos / "cat" / "00.jpg")
    changed = saccade.load(photos)
    assert len(counted) == 80
    red = [*changed.train.names, *changed.test.names].index("cat/00.jpg")
    assert (np.concatenate([changed.train.pixels, changed.test.pixels])[red][..., 0] > 250).all()
    saccade.load(photos, image_size=32)
    saccade.load(photos, fit="stretch")
    assert len(counted) == 160


@pytest.mark.parametrize("file", ["pixels", "manifest.json"])
def test_a_damaged_set_is_made_anew(photos, counted, file):
    first = saccade.load(photos)
    path = only_set() / file
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x55
    path.write_bytes(bytes(data))
    assert same(saccade.load(photos), first)
    assert len(counted) == 80
    assert same(saccade.load(photos), first)
    assert len(counted) == 80, "the new one was not kept"


def test_a_killed_decoding_goes_on_where_it_was(photos, counted):
    script = (
        "import sys, time, saccade\n"
        "def told(done, total):\n"
        "    print(done, flush=True)\n"
        "    time.sleep(0.05)\n"
        "saccade.load(sys.argv[1], progress=told)\n"
    )
    command = [sys.executable, "-c", script, str(photos)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if int(line) >= 10:
                process.send_signal(signal.SIGKILL)
                break
    part = only_set()
    assert part.name.endswith(".part")
    before = {json.loads(line)[0] for line in (part / "rows.jsonl").read_text().splitlines()}
    assert len(before) >= 10
    with (part / "rows.jsonl").open("a") as rows:
        rows.write("[39, 12")  # a line that was not written whole
    data = saccade.load(photos)
    assert not before & set(counted)
    assert len(before) + len(counted) == 40
    for name, pixels in zip(data.train.names, data.train.pixels, strict=True):
        assert np.array_equal(pixels, data.preprocess.read(read_file(photos / name)))


def test_rows_that_a_power_cut_left_unwritten_are_decoded_again(photos, counted, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(decoded, "_finish", lambda *_: None)
        first = saccade.load(photos)
    pixels = only_set() / "pixels"
    size = pixels.stat().st_size
    with pixels.open("r+b") as file:  # its second half never reached the disk
        file.truncate(size // 2)
        file.truncate(size)
    counted.clear()
    assert same(saccade.load(photos), first)
    assert sorted(counted) == list(range(20, 40))


def test_two_processes_at_once_both_get_it(photos):
    script = "import sys, saccade; print(saccade.load(sys.argv[1]).fingerprint)"
    command = [sys.executable, "-c", script, str(photos)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = {process.communicate()[0] for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert told == {saccade.load(photos).fingerprint + "\n"}
    assert not only_set().name.endswith(".part")


def test_where_nothing_can_be_kept_it_works_all_the_same(photos, monkeypatch, counted):
    (cache_folder().parent).mkdir(parents=True, exist_ok=True)
    cache_folder().write_text("a file where the cache should be")
    first = saccade.load(photos)
    assert same(saccade.load(photos), first)
    assert len(counted) == 80


def test_the_least_used_sets_go(photos, monkeypatch):
    first = saccade.load(photos)
    old = only_set()
    os.utime(old, (1, 1))
    monkeypatch.setattr(decoded, "MOST_BYTES", 1_500_000)  # one set takes 1.1 MB
    saccade.load(photos, fit="stretch")
    assert not old.exists()
    assert same(saccade.load(photos), first)


@pytest.mark.skipif(sys.platform == "win32", reason="no locks here")
def test_a_set_that_another_process_finished_just_now_is_no_error(photos, monkeypatch, counted):
    """It had the lock when this one opened the file, and renamed the folder before giving it up."""
    lock = fcntl.flock

    def finished_first(file, how):
        part = only_set()
        part.rename(part.with_suffix(""))
        lock(file, how)

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", finished_first)
        first = saccade.load(photos)
    assert same(saccade.load(photos), first)
    assert set(counted) == set(range(40))


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="room can't be asked for here")
def test_where_there_is_no_room_to_keep_it_elsewhere_is_tried_and_then_it_is_said(
    photos, monkeypatch
):
    """A map without room behind it would kill whoever writes to it."""
    asked, first = [], saccade.load(photos, fit="stretch")

    def full(descriptor, start, size):
        asked.append(size)
        if len(asked) != 2:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    assert len(saccade.load(photos).train) == len(first.train)
    assert asked == [40 * 96 * 96 * 3] * 2
    with pytest.raises(OSError, match="No space left"):
        saccade.load(photos, image_size=64)


@pytest.mark.skipif(sys.platform == "win32", reason="no locks here")
def test_a_set_that_somebody_is_making_is_not_forgotten(photos, monkeypatch):
    part = cache_folder() / "pictures" / "another.part"
    part.mkdir(parents=True)
    (part / "pixels").write_bytes(bytes(1_000_000))
    os.utime(part, (1, 1))
    monkeypatch.setattr(decoded, "MOST_BYTES", 1_500_000)
    with (part / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        os.utime(part, (1, 1))
        saccade.load(photos)
        assert part.exists()
    saccade.load(photos, fit="stretch")
    assert not part.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="no limits on a process here")
def test_a_decoder_that_dies_or_does_not_end_costs_one_picture(photos, tmp_path):
    """What a crash or an endless loop in a decoder's C code does to its process."""
    rule = saccade.load(photos).preprocess
    pixels = tmp_path / "pixels"
    pixels.write_bytes(bytes(rule.height * rule.width * 3))
    worker, data = Worker(pixels, rule), (photos / "cat" / "00.jpg").read_bytes()
    try:
        for number, code in ((signal.SIGSEGV, "decoder_crash"), (signal.SIGPROF, "time_limit")):
            assert worker.decode(0, data).refused is None
            worker.process.send_signal(number)
            worker.process.wait()
            assert worker.decode(0, data).refused[0] == code
        assert worker.decode(0, data).refused is None
    finally:
        worker.close()


@pytest.mark.skipif(sys.platform != "linux", reason="no limits on a process here")
def test_a_worker_that_somebody_else_kills_costs_no_picture(photos, monkeypatch):
    """As a system short of memory does."""
    whole, killed, decode = saccade.load(photos), [], Worker.decode

    def short_of_memory(worker: Worker, row: int, data: bytes) -> Verdict:
        if not killed:
            killed.append(worker.process.kill())
            worker.process.wait()
        return decode(worker, row, data)

    monkeypatch.setattr(Worker, "decode", short_of_memory)
    again = saccade.load(photos, fit="stretch")
    assert killed and not again.excluded and len(again.train) == len(whole.train)


def test_workers_start_soon(photos, tmp_path):
    """They import what decodes, and neither Keras nor JAX."""
    script = (
        "import sys, saccade.core.worker\n"
        "print([m for m in ('jax', 'keras', 'scipy', 'sklearn') if m in sys.modules])"
    )
    began = time.monotonic()
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "[]"
    assert time.monotonic() - began < 10
