"""The bands of all snapshots in one pack, each read once."""

import numpy as np

from saccade.run.pack import from_pack
from saccade.view.live.bands import NAMES, Bands


def test_a_row_a_snapshot_in_order(site, trainer):
    for step in (300, 100, 200):
        trainer.snapshot(step)
    address = f"/api/runs/{site.id('first')}/bands"
    header, arrays = from_pack(site.get(address).content)
    assert header["variables"] == ["01-conv1/kernel", "01-conv1/bias"]
    assert arrays["steps"].tolist() == [100, 200, 300]
    assert arrays["bands"].shape == (3, 2, 8)
    assert arrays["gradient_norms"].shape == (3, 2)
    assert arrays["bias_bands"][:, 0].tolist() == [100, 200, 300]
    header, arrays = from_pack(site.get(address + "?after=100").content)
    assert arrays["bias_bands"][:, 0].tolist() == [200, 300]
    assert site.get(address + "?after=-1").content == site.get(address).content
    assert site.get(address + "?after=x").status_code == 400


def test_without_snapshots_there_are_no_rows(site, trainer):
    _, arrays = from_pack(site.get(f"/api/runs/{site.id('first')}/bands").content)
    assert (list(arrays), arrays["steps"].shape) == (["steps"], (0,))


def test_each_is_read_once_and_those_that_go_are_forgotten(trainer, monkeypatch):
    bands = Bands(trainer.path)
    for step in (100, 200):
        trainer.snapshot(step)
    bands.pack(-1)
    taken = []
    monkeypatch.setattr(bands, "_take", taken.append)
    trainer.snapshot(300)
    (trainer.path / "snapshots" / "000000100.npz").unlink()
    _, arrays = from_pack(bands.pack(-1))
    assert taken == [300]
    assert arrays["steps"].tolist() == [200]


def test_a_damaged_one_or_one_of_another_network_is_left_out(trainer):
    for step in (100, 200, 300, 400):
        trainer.snapshot(step)
    folder = trainer.path / "snapshots"
    (folder / "000000200.npz").write_bytes(b"spoilt")
    with np.load(folder / "000000300.npz") as good:
        arrays = dict(good)
    np.savez(folder / "000000300.npz", **{**arrays, "variables": np.array(["x", "y"])})
    np.savez(folder / "000000400.npz", **{**arrays, "bands": np.zeros((2, 7), np.float32)})
    _, told = from_pack(Bands(trainer.path).pack(-1))
    assert told["steps"].tolist() == [100]
    assert set(told) == {"steps", *NAMES}
