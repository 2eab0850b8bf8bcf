"""A pack gives back what was put in, and a damaged one is refused without harm."""

import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saccade.core.errors import BadRun, BadUsage
from saccade.run.pack import from_pack, to_pack

ARRAYS = {
    "pixels": np.arange(2 * 3 * 5, dtype=np.uint8).reshape(2, 3, 5),
    "labels": np.array([1, 65535], np.uint16),
    "signed": np.array([-128, 127], np.int8),
    "cell": np.array([-(2**31), 7], np.int32),
    "bands": np.array([[0.5, np.nan, np.inf]], np.float32),
    "one": np.float32(0.25),
    "none": np.zeros((0, 4), np.uint8),
}


def pack(header: object, body: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return (len(text).to_bytes(4, "little") + text).ljust(
        -(-(4 + len(text)) // 8) * 8, b"\0"
    ) + body


def entry(**changes: object) -> bytes:
    return pack(
        {"version": 1, "arrays": {"a": {"dtype": "u1", "shape": [8], "offset": 96, **changes}}},
        bytes(200),
    )


def test_what_goes_in_comes_out():
    arrays = {name: np.asarray(array) for name, array in ARRAYS.items()}
    data = to_pack(arrays, split="test", total=3)
    header, back = from_pack(data)
    assert header == {"version": 1, "split": "test", "total": 3}
    assert list(back) == list(arrays)
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype
        assert back[name].shape == array.shape
        np.testing.assert_array_equal(back[name], array)


def test_the_layout_is_what_the_document_says():
    data = to_pack({"a": np.array([1, 2], ">u2"), "b": np.array([[7]], np.int32)}, x="é")
    length = int.from_bytes(data[:4], "little")
    header = json.loads(data[4 : 4 + length])
    first, second = (header["arrays"][name] for name in "ab")
    assert (first["dtype"], first["shape"]) == ("u2", [2])
    assert first["offset"] % 8 == second["offset"] % 8 == len(data) % 8 == 0
    assert not any(data[4 + length : first["offset"]])
    assert data[first["offset"] :][:4] == b"\1\0\2\0"
    assert data[second["offset"] :][:4] == b"\7\0\0\0"
    assert header["x"] == "é"


@given(st.lists(st.integers(0, 40), max_size=12), st.text(max_size=40))
def test_every_offset_fits(lengths, word):
    arrays = {f"{word}{i}": np.full(n, i, np.uint8) for i, n in enumerate(lengths)}
    _, back = from_pack(to_pack(arrays, word=word))
    assert {name: array.tolist() for name, array in back.items()} == {
        name: array.tolist() for name, array in arrays.items()
    }


def test_arrays_in_fortran_order_and_views_are_written_in_c_order():
    array = np.asfortranarray(np.arange(6, dtype=np.uint8).reshape(2, 3))
    _, back = from_pack(to_pack({"f": array, "v": array[:, ::2]}))
    np.testing.assert_array_equal(back["f"], array)
    np.testing.assert_array_equal(back["v"], array[:, ::2])


def test_another_type_is_refused():
    with pytest.raises(BadUsage, match="float64"):
        to_pack({"a": np.zeros(3)})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\1",
        bytes(4),
        bytes(100),
        b"\xff\xff\xff\xff" + bytes(100),
        (90).to_bytes(4, "little") + b"{}",
        pack([]),
        pack({}),
        pack({"version": 2, "arrays": {}}),
        pack({"version": 1}),
        pack({"version": 1, "arrays": []}),
        pack({"version": 1, "arrays": {"a": 3}}),
        pack({"version": 1, "arrays": {"a": {}}}),
        (99_999).to_bytes(4, "little") + b"[" * 99_999,
        entry(dtype="O"),
        entry(dtype=["u1"]),
        entry(shape=[201]),
        entry(shape=[2**40]),
        entry(shape=[2**31 - 1] * 8),
        entry(shape=[0, 2**62]),
        entry(shape=[1] * 100),
        entry(shape=[-1]),
        entry(shape=[True]),
        entry(shape=[1.0]),
        entry(shape="8"),
        entry(shape=8),
        entry(offset=-8),
        entry(offset=0),
        entry(offset=97),
        entry(offset=10**30),
        entry(offset=96.0),
        entry(offset=True),
        entry(offset=None),
    ],
)
def test_a_damaged_pack_is_a_bad_run_and_takes_no_memory(data):
    tracemalloc.start()
    try:
        with pytest.raises(BadRun, match="damaged"):
            from_pack(data)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_the_entry_that_is_bent_above_is_good_when_straight():
    assert from_pack(entry())[1]["a"].tolist() == [0] * 8


def test_every_cut_and_every_flipped_byte_is_refused_or_read():
    data = to_pack({name: np.asarray(array) for name, array in ARRAYS.items()}, split="test")
    for end in range(len(data)):
        try:
            from_pack(data[:end])
        except BadRun:
            continue
    for place in range(len(data)):
        bent = bytearray(data)
        bent[place] ^= 0xFF
        try:
            from_pack(bytes(bent))
        except BadRun:
            continue
