"""A damaged IDX file is refused with its name and what is wrong; a good one is read exactly."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from saccade.core.errors import BadData
from saccade.data.idx import read_idx, read_pair

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 4, 3), np.uint8)
LABELS = np.array([0, 1, 2, 1, 0], np.uint8)


def idx(array: np.ndarray) -> bytes:
    shape = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, 8, array.ndim]) + shape + array.tobytes()


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


@pytest.mark.parametrize("name", ["images-idx3-ubyte", "images-idx3-ubyte.gz"])
@pytest.mark.parametrize("array", [PIXELS, LABELS, PIXELS[:0], np.array(7, np.uint8)])
def test_a_good_file_is_read_exactly(tmp_path, name, array):
    got = read_idx(put(tmp_path, name, idx(array)))
    assert got.dtype == np.uint8
    assert got.shape == array.shape
    assert np.array_equal(got, array)


DAMAGED = {
    "nothing": (b"", "not an IDX file"),
    "three bytes": (b"\0\0\x08", "not an IDX file"),
    "text": (b"<html>404</html>", "not an IDX file"),
    "floats": (b"\0\0\x0d\x01\0\0\0\0", "not an IDX file"),
    "no leading zeros": (b"\1" + idx(PIXELS)[1:], "not an IDX file"),
    "a header without dimensions": (idx(PIXELS)[:4], "header"),
    "half a header": (idx(PIXELS)[:11], "header"),
    "one value too few": (idx(PIXELS)[:-1], "promises 60 values and holds only 59"),
    "no values": (idx(PIXELS)[:16], "promises 60 values and holds only 0"),
    "one value too many": (idx(PIXELS) + b"\0", "more"),
    "2**96 values": (b"\0\0\x08\x03" + b"\xff" * 12, "promises"),
    "255 dimensions": (b"\0\0\x08\xff" + b"\xff" * 1020, "promises"),
}


@pytest.mark.parametrize("name", ["x-idx3-ubyte", "x-idx3-ubyte.gz"])
@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_file_is_named_with_what_is_wrong(tmp_path, name, damage):
    data, reason = DAMAGED[damage]
    path = put(tmp_path, name, data)
    with pytest.raises(BadData, match=reason) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("keep", [0, 1, 5, 12, 25, -1, -6])
def test_a_gzip_file_that_was_cut_short_is_refused(tmp_path, keep):
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(idx(PIXELS))[:keep])
    with pytest.raises(BadData) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)


def test_a_gzip_file_whose_content_was_changed_is_refused(tmp_path):
    data = bytearray(gzip.compress(idx(np.zeros((50, 28, 28), np.uint8)), compresslevel=0))
    data[3000] ^= 255
    path = tmp_path / "changed.gz"
    path.write_bytes(data)
    with pytest.raises(BadData, match="damaged"):
        read_idx(path)


def test_a_file_that_is_no_gzip_though_its_name_says_so_is_refused(tmp_path):
    path = tmp_path / "plain.gz"
    path.write_bytes(idx(PIXELS))
    with pytest.raises(BadData, match="damaged"):
        read_idx(path)


def test_a_pair_becomes_labelled_grey_pictures(tmp_path):
    images, labels = put(tmp_path, "i", idx(PIXELS)), put(tmp_path, "l", idx(LABELS))
    split = read_pair(images, labels, 3, "train")
    assert split.pixels.shape == (5, 4, 3, 1)
    assert np.array_equal(split.pixels[..., 0], PIXELS)
    assert split.labels.dtype == np.int32
    assert split.labels.tolist() == LABELS.tolist()
    assert split.names[4] == "train/4"


def test_a_label_out_of_range_is_refused_and_its_file_named(tmp_path):
    images, labels = put(tmp_path, "i", idx(PIXELS)), put(tmp_path, "l", idx(LABELS + 8))
    with pytest.raises(BadData, match="label 10") as caught:
        read_pair(images, labels, 10, "train")
    assert str(labels) in str(caught.value)


def test_counts_that_differ_are_refused_and_both_files_named(tmp_path):
    images, labels = put(tmp_path, "i", idx(PIXELS)), put(tmp_path, "l", idx(LABELS[:4]))
    with pytest.raises(BadData) as caught:
        read_pair(images, labels, 3, "train")
    for part in (str(images), str(labels), "5", "4"):
        assert part in str(caught.value)


def test_labels_in_place_of_pictures_are_refused(tmp_path):
    labels = put(tmp_path, "l", idx(LABELS))
    with pytest.raises(BadData, match="dimensions"):
        read_pair(labels, labels, 3, "train")
