"""Snapshots on disk: at most so many, evenly spaced, the newest always there."""

import numpy as np
import pytest

from saccade.core.errors import BadRun
from saccade.run.snapshots import (
    Keeper,
    drop_after,
    path_of,
    read_snapshot,
    snapshot_steps,
    write_snapshot,
)

ARRAYS = {"batch_answers": np.arange(3, dtype=np.uint16), "variables": np.array(["a/kernel"])}


def test_what_is_written_is_read(tmp_path):
    write_snapshot(tmp_path / "snapshots", 300, ARRAYS)
    read = read_snapshot(tmp_path / "snapshots", 300)
    assert {k: v.tolist() for k, v in read.items()} == {k: v.tolist() for k, v in ARRAYS.items()}
    assert [p.name for p in (tmp_path / "snapshots").iterdir()] == ["000000300.npz"]


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 cut", b"\x93NUMPY nothing"])
def test_a_damaged_one_is_named(tmp_path, damage):
    path_of(tmp_path, 5).write_bytes(damage)
    with pytest.raises(BadRun, match=r"000000005\.npz is damaged"):
        read_snapshot(tmp_path, 5)


def test_a_pickle_is_refused_and_not_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (exec, (f"open({str(tmp_path / 'ran')!r}, 'w')",))

    with path_of(tmp_path, 5).open("wb") as file:
        np.savez(file, bomb=np.array([Bomb()], dtype=object))
    with pytest.raises(BadRun, match="damaged"):
        read_snapshot(tmp_path, 5)
    assert not (tmp_path / "ran").exists()


def test_a_missing_one_is_said(tmp_path):
    with pytest.raises(BadRun, match="no snapshot of step 1,000"):
        read_snapshot(tmp_path, 1000)


def test_other_files_are_none(tmp_path):
    for name in (".300.1.part", "300.npz", "notes.txt", "0000000xx.npz"):
        (tmp_path / name).touch()
    assert snapshot_steps(tmp_path) == []
    assert snapshot_steps(tmp_path / "missing") == []


@pytest.mark.parametrize("total", [1, 2, 8, 9, 10, 11, 50, 100, 333])
def test_they_stay_few_and_even_and_the_newest_is_there(tmp_path, total):
    keeper = Keeper(tmp_path, most=8)
    for step in range(10, 10 * total + 10, 10):
        keeper.add(step, ARRAYS)
        steps = snapshot_steps(tmp_path)
        assert len(steps) <= 9
        assert steps[-1] == step
        assert steps == keeper.kept
    gaps = np.diff(steps[:-1])
    assert len(set(gaps.tolist())) <= 1
    assert steps[0] == 10
    assert total < 8 or len(steps) > 4


def test_the_same_step_again_replaces_it(tmp_path):
    keeper = Keeper(tmp_path)
    for value in (1, 2):
        keeper.add(7, {"x": np.array(value)})
    assert snapshot_steps(tmp_path) == [7]
    assert read_snapshot(tmp_path, 7)["x"] == 2


def test_a_resumed_run_drops_what_came_later_and_keeps_on(tmp_path):
    keeper = Keeper(tmp_path)
    for step in (10, 20, 30):
        keeper.add(step, ARRAYS)
    drop_after(tmp_path, 20)
    Keeper(tmp_path).add(25, ARRAYS)
    assert snapshot_steps(tmp_path) == [10, 20, 25]
