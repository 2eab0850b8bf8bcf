"""A checkpoint is whole or not there, and its bytes depend on nothing but what it holds."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from saccade.core.errors import BadRun
from saccade.run.checkpoint import (
    Checkpoint,
    named,
    read_checkpoint,
    write_checkpoint,
)


def checkpoint(step: int = 7, seed: int = 0) -> Checkpoint:
    rng = np.random.default_rng(seed)
    weights = {
        "dense/kernel": rng.normal(size=(5, 3)).astype(np.float32),
        "dense/bias": rng.normal(size=3).astype(np.float32),
    }
    state = {"optimizer/0000": np.array(step, np.int32), "optimizer/0001": rng.normal(size=(5, 3))}
    return Checkpoint(step, weights, state, {"best": {"step": step, "loss": None}})


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def save(folder: Path, saved: Checkpoint, *names: str) -> Path:
    write_checkpoint(folder, saved, *names)
    return folder / f"{saved.step:06d}"


def test_what_was_written_is_read_back_exactly(tmp_path):
    saved = checkpoint()
    save(tmp_path / "c", saved, "last")
    got = read_checkpoint(tmp_path / "c", "last")
    assert (got.step, dict(got.facts)) == (saved.step, dict(saved.facts))
    for mine, theirs in ((saved.weights, got.weights), (saved.state, got.state)):
        assert sorted(mine) == sorted(theirs)
        for key, value in mine.items():
            assert theirs[key].dtype == value.dtype
            assert theirs[key].shape == value.shape
            assert np.array_equal(theirs[key], value)


def test_equal_weights_are_equal_bytes_in_any_order_and_memory_layout(tmp_path):
    first = checkpoint()
    weights = {key: np.asfortranarray(first.weights[key]) for key in reversed(first.weights)}
    state = {key: first.state[key].copy() for key in reversed(first.state)}
    save(tmp_path / "one", first, "last")
    save(tmp_path / "two", Checkpoint(first.step, weights, state, first.facts), "last")
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")
    save(tmp_path / "three", checkpoint(seed=1), "last")
    assert hashes(tmp_path / "one") != hashes(tmp_path / "three")


def test_the_files_hold_no_place_and_no_time(tmp_path):
    folder = save(tmp_path / "c", checkpoint(), "last")
    assert sorted(p.name for p in folder.iterdir()) == [
        "manifest.json",
        "state.safetensors",
        "weights.safetensors",
    ]
    assert str(tmp_path).encode() not in b"".join(p.read_bytes() for p in folder.iterdir())
    assert set(json.loads((folder / "manifest.json").read_text())) == {"step", "sha256", "facts"}


@pytest.mark.parametrize("file", ["weights.safetensors", "state.safetensors"])
@pytest.mark.parametrize("place", [0, 9, -1])
def test_a_flipped_byte_is_noticed_and_the_file_named(tmp_path, file, place):
    path = save(tmp_path / "c", checkpoint(), "last") / file
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(BadRun, match=file) as caught:
        read_checkpoint(tmp_path / "c", "last")
    assert str(tmp_path / "c" / "000007") in str(caught.value)


@pytest.mark.parametrize("file", ["weights.safetensors", "state.safetensors", "manifest.json"])
@pytest.mark.parametrize("content", [None, b"", b"[]", b"null", b'"x"', b'{"step": 7}', b"\xff{"])
def test_a_file_that_is_missing_or_nonsense_is_a_bad_run(tmp_path, file, content):
    path = save(tmp_path / "c", checkpoint(), "last") / file
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(BadRun, match="000007"):
        read_checkpoint(tmp_path / "c", "last")


@pytest.mark.parametrize(
    "content", [b"", b'{"la', b"[]", b"null", b'{"last": "x"}', b'{"last": null}', b"\xff"]
)
def test_names_that_are_nonsense_are_a_bad_run(tmp_path, content):
    save(tmp_path / "c", checkpoint(), "last")
    (tmp_path / "c" / "names.json").write_bytes(content)
    with pytest.raises(BadRun):
        read_checkpoint(tmp_path / "c", "last")


def test_a_name_that_was_never_given_is_a_bad_run(tmp_path):
    with pytest.raises(BadRun, match="before its first save"):
        read_checkpoint(tmp_path / "c", "last")
    save(tmp_path / "c", checkpoint(), "last")
    with pytest.raises(BadRun, match="best"):
        read_checkpoint(tmp_path / "c", "best")


def test_only_checkpoints_with_a_name_are_kept(tmp_path):
    folder = tmp_path / "c"
    save(folder, checkpoint(10), "best", "last")
    assert named(folder) == {"best": 10, "last": 10}
    save(folder, checkpoint(20), "last")
    save(folder, checkpoint(30), "last")
    assert named(folder) == {"best": 10, "last": 30}
    assert sorted(p.name for p in folder.iterdir()) == ["000010", "000030", "names.json"]
    assert read_checkpoint(folder, "best").step == 10
    assert read_checkpoint(folder, "last").step == 30


def test_a_checkpoint_of_the_same_step_is_replaced(tmp_path):
    save(tmp_path / "c", checkpoint(10, seed=0), "last")
    save(tmp_path / "c", checkpoint(10, seed=1), "last")
    got = read_checkpoint(tmp_path / "c", "last").weights["dense/bias"]
    assert np.array_equal(got, checkpoint(10, seed=1).weights["dense/bias"])


def test_a_million_steps_keep_their_order_and_name(tmp_path):
    save(tmp_path / "c", checkpoint(999_999), "best")
    save(tmp_path / "c", checkpoint(1_000_000), "last")
    assert read_checkpoint(tmp_path / "c", "last").step == 1_000_000
    assert read_checkpoint(tmp_path / "c", "best").step == 999_999


# Writes the checkpoint of step 20 (or of 10 once more) and dies at one call that changes the disk.
KILLED = """
import os, pathlib, shutil, sys
import numpy as np
from saccade.run.checkpoint import Checkpoint, write_checkpoint
folder, step, last = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
calls = 0
def counted(real):
    def call(*values, **named):
        global calls
        calls += 1
        if calls == last:
            os._exit(9)
        return real(*values, **named)
    return call
for name in ("fsync", "replace", "rename", "mkdir", "rmdir", "unlink"):
    setattr(os, name, counted(getattr(os, name)))
saved = Checkpoint(step, {"w": np.full(4, step, np.float32)}, {"o": np.ones(2)}, {"seed": 1})
write_checkpoint(folder, saved, "last")
os._exit(calls if calls < last else 9)
"""


@pytest.mark.parametrize("step", [10, 20])
def test_a_crash_at_any_moment_of_saving_leaves_a_checkpoint_that_can_be_read(tmp_path, step):
    codes, read = [], []
    for dies_at in range(1, 60):
        folder = tmp_path / str(dies_at)
        before = Checkpoint(10, {"w": np.full(4, 10, np.float32)}, {"o": np.ones(2)}, {"seed": 1})
        save(folder, before, "last")
        arguments = [str(folder), str(step), str(dies_at)]
        done = subprocess.run([sys.executable, "-c", KILLED, *arguments], timeout=30)
        codes.append(done.returncode)
        got = read_checkpoint(folder, "last")
        assert (got.weights["w"] == got.step).all()
        assert len(got.state) == 1
        read.append(got.step)
        if done.returncode != 9:
            break
    assert codes[-1] != 9, "it never came to the end"
    assert len(codes) > 5
    assert read[0] == 10
    assert read[-1] == step
