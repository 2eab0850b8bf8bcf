"""Room on disk, asked for before it is used."""

import errno
import os
import tempfile

import pytest

from saccade.core.room import reserve


def test_a_file_has_the_length_and_the_blocks(tmp_path):
    with (tmp_path / "pixels").open("wb") as file:
        reserve(file, 1 << 20)
    told = (tmp_path / "pixels").stat()
    assert told.st_size == 1 << 20
    if hasattr(os, "posix_fallocate"):
        assert told.st_blocks * 512 >= 1 << 20  # a sparse file would kill who writes without room


def test_nothing_is_a_length(tmp_path):
    with (tmp_path / "pixels").open("wb") as file:
        reserve(file, 0)
    assert (tmp_path / "pixels").stat().st_size == 0


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="room can't be asked for here")
def test_a_full_disk_is_said_with_how_much_and_where(tmp_path, monkeypatch):
    def full(descriptor, start, size):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with (tmp_path / "pixels").open("wb") as file, pytest.raises(OSError, match="No space") as told:
        reserve(file, 12_300_000)
    assert "12.3 MB are needed" in str(told.value) and str(file.name) in str(told.value)
    with tempfile.TemporaryFile() as file, pytest.raises(OSError, match="No space") as told:
        reserve(file, 1)
    assert tempfile.gettempdir() in str(told.value)
