"""A snapshot goes to the page whole, or is refused: numpy does not get to believe what it says."""

import io
import json
import zipfile

import numpy as np
import pytest

from saccade.core.errors import BadRun
from saccade.run.pack import from_pack
from saccade.view.live.snapshots import snapshot_pack, snapshot_steps


def npy(array: object, **header: object) -> bytes:
    """An .npy file, its header perhaps bent."""
    text = io.BytesIO()
    if not header:
        np.lib.format.write_array(text, np.asarray(array), allow_pickle=True)
        return text.getvalue()
    said = {"descr": "|u1", "fortran_order": False, "shape": (8,), **header}
    np.lib.format.write_array_header_1_0(text, said)
    return text.getvalue() + bytes(8)


def npz(path, **members: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)


def test_a_snapshot_comes_whole(trainer):
    trainer.snapshot(300)
    header, arrays = from_pack(snapshot_pack(trainer.path, 300))
    assert header == {
        "version": 1,
        "step": 300,
        "variables": ["01-conv1/kernel", "01-conv1/bias"],
    }
    assert bytes(arrays["batch_sheet"]) == b"\xff\xd8 a JPEG"
    assert arrays["batch_cell"].tolist() == [8, 8]
    assert arrays["watched_step"].tolist() == [300]
    assert arrays["watched_step"].dtype == np.int32
    assert arrays["pictures_scale"].tolist() == [0.25]
    assert arrays["pictures"].dtype == np.int8
    assert arrays["bands"].shape == (2, 8)
    assert np.isnan(arrays["gradient_norms"][1])


def test_arrays_in_another_order_come_in_ours(trainer):
    path = trainer.path / "snapshots" / "000000001.npz"
    array = np.asfortranarray(np.arange(6, dtype=">u2").reshape(2, 3))
    npz(path, a=npy(array))
    _, arrays = from_pack(snapshot_pack(trainer.path, 1))
    np.testing.assert_array_equal(arrays["a"], array)


def test_steps_are_listed_and_other_files_are_not(trainer):
    assert snapshot_steps(trainer.path) == []
    for step in (300, 0, 1_234_567_890):
        trainer.snapshot(step)
    for name in (".300.part", "x.npz", "1.npz", "000000001.npz.part", "000000002.NPZ"):
        (trainer.path / "snapshots" / name).write_bytes(b"")
    assert snapshot_steps(trainer.path) == [0, 300, 1_234_567_890]


def test_one_that_is_not_there_is_missing(trainer):
    with pytest.raises(FileNotFoundError):
        snapshot_pack(trainer.path, 7)


@pytest.mark.parametrize(
    "members",
    [
        {"a": b""},
        {"a": b"not numpy"},
        {"a": npy(np.array([{}], object))},
        {"a": npy(None, descr="|O")},
        {"a": npy(None, shape=(2**60,))},
        {"a": npy(None, shape=(2**62, 2**62))},
        {"a": npy(None, shape=(-1,))},
        {"a": npy(None, shape=(0, 2**62))},
        {"a": npy(None, shape=(9_999,))},
        {"a": npy(None, descr="<c16", shape=(0,))},
        {"a": npy(np.array([2**40]))},
        {"a": npy(np.array(["text"]))},
        {f"a{i}": npy(np.zeros(1, np.uint8)) for i in range(65)},
        {name: npy(np.zeros(33 << 20, np.uint8)) for name in "ab"},  # a small file of much
    ],
)
def test_a_damaged_one_is_refused(trainer, members):
    npz(trainer.path / "snapshots" / "000000001.npz", **members)
    with pytest.raises(BadRun, match="step 1 is damaged"):
        snapshot_pack(trainer.path, 1)


def test_every_cut_and_many_flipped_bytes_are_refused_or_read(trainer):
    trainer.snapshot(1)
    path = trainer.path / "snapshots" / "000000001.npz"
    good = path.read_bytes()
    for place in range(0, len(good), 13):
        for data in (good[:place], good[:place] + bytes([good[place] ^ 0xFF]) + good[place + 1 :]):
            path.write_bytes(data)
            try:
                json.dumps(from_pack(snapshot_pack(trainer.path, 1))[0])
            except BadRun:
                continue


def test_one_that_leads_elsewhere_is_refused(trainer, tmp_path):
    trainer.snapshot(1)
    inside = trainer.path / "snapshots"
    (inside / "000000001.npz").rename(tmp_path / "elsewhere.npz")
    (inside / "000000001.npz").symlink_to(tmp_path / "elsewhere.npz")
    with pytest.raises(BadRun, match="out of the run"):
        snapshot_pack(trainer.path, 1)
