"""A checkpoint is whole or not there, and whatever happens to its files is noticed."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from saccade.core.errors import BadRun, Diverged
from saccade.run.checkpoint import (
    Checkpoint,
    drop_after,
    named,
    read_checkpoint,
    recover,
    write_checkpoint,
)

FILES = ["weights.safetensors", "state.safetensors", "best.safetensors", "manifest.json"]


def checkpoint(step: int = 7, seed: int = 0, best_step: int | None = 3) -> Checkpoint:
    rng = np.random.default_rng(seed)
    weights = {
        "dense/kernel": rng.normal(size=(5, 3)).astype(np.float32),
        "dense/bias": rng.normal(size=3).astype(np.float32),
    }
    state = {"optimizer/0000": np.array(step, np.int32), "optimizer/0001": rng.normal(size=(5, 3))}
    earlier = best_step not in (None, step)
    best = {key: value + 1 for key, value in weights.items()} if earlier else {}
    return Checkpoint(step, weights, state, {"rate": 1e-5, "é": None}, best_step, best)


def equal(one, other) -> bool:
    return sorted(one) == sorted(other) and all(
        one[key].dtype == other[key].dtype and np.array_equal(one[key], other[key]) for key in one
    )


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def save(folder: Path, saved: Checkpoint, keep: int = 2) -> Path:
    write_checkpoint(folder, saved, keep)
    return folder / f"{saved.step:06d}"


def test_what_was_written_is_read_back_exactly(tmp_path):
    saved = checkpoint()
    save(tmp_path / "c", saved)
    got = read_checkpoint(tmp_path / "c", "last")
    assert (got.step, got.best_step, dict(got.facts)) == (7, 3, dict(saved.facts))
    for what in ("weights", "state", "best"):
        assert equal(getattr(saved, what), getattr(got, what))
    best = read_checkpoint(tmp_path / "c", "best")
    assert best.step == 3
    assert equal(best.weights, saved.best)
    assert named(tmp_path / "c") == {"last": 7, "best": 3}


@pytest.mark.parametrize(
    ("best_step", "names"), [(None, {"last": 7}), (7, {"last": 7, "best": 7})], ids=["none", "same"]
)
def test_the_best_weights_are_written_once(tmp_path, best_step, names):
    saved = checkpoint(best_step=best_step)
    folder = save(tmp_path / "c", saved)
    assert named(tmp_path / "c") == names
    assert not (folder / "best.safetensors").exists()
    got = read_checkpoint(tmp_path / "c", "last")
    assert (got.best_weights is None) == (best_step is None)
    if best_step is None:
        with pytest.raises(BadRun, match="no `best` checkpoint"):
            read_checkpoint(tmp_path / "c", "best")
    else:
        assert equal(read_checkpoint(tmp_path / "c", "best").weights, saved.weights)


def test_equal_weights_are_equal_bytes_in_any_order_and_memory_layout(tmp_path):
    first = checkpoint()
    weights = {key: np.asfortranarray(first.weights[key]) for key in reversed(first.weights)}
    state = {key: first.state[key].copy() for key in reversed(first.state)}
    save(tmp_path / "one", first)
    save(tmp_path / "two", Checkpoint(first.step, weights, state, first.facts, 3, first.best))
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")
    save(tmp_path / "three", checkpoint(seed=1))
    assert hashes(tmp_path / "one") != hashes(tmp_path / "three")


def test_the_files_hold_no_place_and_no_time(tmp_path):
    folder = save(tmp_path / "c", checkpoint())
    assert sorted(p.name for p in folder.iterdir()) == sorted(FILES)
    assert str(tmp_path).encode() not in b"".join(p.read_bytes() for p in folder.iterdir())
    manifest = json.loads((folder / "manifest.json").read_text())
    assert set(manifest) == {"schema", "step", "best_step", "files", "facts", "sha256"}


def test_a_directory_of_another_name_is_noticed(folder):
    (folder / "000020").rename(folder / "000030")
    with pytest.warns(UserWarning, match="of step 20"):
        assert read_checkpoint(folder, "last").step == 10


def test_the_newest_stay_and_nothing_else(tmp_path):
    folder = tmp_path / "c"
    for step in (10, 20, 999_999, 1_000_000):
        save(folder, checkpoint(step))
    assert sorted(p.name for p in folder.iterdir()) == ["1000000", "999999"]
    assert read_checkpoint(folder, "last").step == 1_000_000
    save(folder, checkpoint(1_000_001), keep=3)
    assert len(list(folder.iterdir())) == 3


def test_a_step_that_is_saved_again_is_newer_every_time(tmp_path):
    folder = tmp_path / "c"
    for seed in range(13):
        save(folder, checkpoint(10, seed))
        assert equal(read_checkpoint(folder, "last").weights, checkpoint(10, seed).weights)
    assert sorted(p.name for p in folder.iterdir()) == ["000010-12", "000010-13"]


def test_what_comes_later_is_dropped(tmp_path):
    for step in (10, 20):
        save(tmp_path / "c", checkpoint(step))
    drop_after(tmp_path / "c", 10)
    assert [p.name for p in (tmp_path / "c").iterdir()] == ["000010"]
    drop_after(tmp_path / "nowhere", 10)


def test_what_a_crash_left_aside_is_removed_and_never_read(tmp_path):
    folder = save(tmp_path / "c", checkpoint(10)).parent
    shutil.copytree(folder / "000010", folder / ".000020.77.part")
    assert read_checkpoint(folder, "last").step == 10
    save(folder, checkpoint(20))
    assert sorted(p.name for p in folder.iterdir()) == ["000010", "000020"]


def test_a_run_that_never_saved_says_so(tmp_path):
    with pytest.raises(BadRun, match="before its first save"):
        read_checkpoint(tmp_path / "c", "last")
    assert named(tmp_path / "c") == {}
    assert recover(tmp_path / "c") is None


@pytest.mark.parametrize("number", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["weights", "state", "best"])
def test_what_is_no_number_is_never_saved(tmp_path, number, where):
    save(tmp_path / "c", checkpoint(10))
    bad = checkpoint(20)
    next(value for value in getattr(bad, where).values() if value.ndim).flat[2] = number
    with pytest.raises(Diverged, match=f"in {where}.safetensors of step 20"):
        save(tmp_path / "c", bad)
    assert [p.name for p in (tmp_path / "c").iterdir()] == ["000010"]


@pytest.fixture(scope="module")
def two(tmp_path_factory) -> Path:
    """Checkpoints of steps 10 and 20, to be copied."""
    folder = tmp_path_factory.mktemp("two") / "c"
    for step in (10, 20):
        save(folder, checkpoint(step, seed=step))
    return folder


@pytest.fixture
def folder(two, tmp_path) -> Path:
    """A copy, the newer one to be damaged."""
    return Path(shutil.copytree(two, tmp_path / "c"))


def assert_noticed(folder: Path) -> None:
    """It is said of the newer one, the older one is used, and the damaged one is set aside."""
    newer = str(folder / "000020")
    with pytest.warns(UserWarning, match="damaged") as warned:
        assert read_checkpoint(folder, "last").step == 10
    assert newer in str(warned[0].message)
    assert (folder / "000020").is_dir(), "a mere reader has changed something"
    with pytest.warns(UserWarning, match="damaged") as warned:
        recovered = recover(folder)
    assert newer in str(warned[0].message)
    assert recovered is not None
    assert equal(recovered.weights, checkpoint(10, seed=10).weights)
    assert sorted(p.name for p in folder.iterdir()) == ["000010", "000020.corrupt"]
    assert read_checkpoint(folder, "last").step == 10


def notices(folder: Path) -> bool:
    """The same in short, and nothing is changed."""
    with pytest.warns(UserWarning, match="000020 is damaged"):
        return read_checkpoint(folder, "last").step == 10


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("content", [None, b"", b"[]", b"null", b'"x"', b'{"step": 7}', b"\xff{"])
def test_a_file_that_is_missing_or_nonsense_is_noticed(folder, file, content):
    path = folder / "000020" / file
    path.unlink() if content is None else path.write_bytes(content)
    assert_noticed(folder)


@pytest.mark.parametrize("file", FILES)
def test_a_file_of_another_checkpoint_is_noticed(folder, file):
    shutil.copy(folder / "000010" / file, folder / "000020" / file)
    assert_noticed(folder)


def test_two_files_that_changed_places_are_noticed(folder):
    one, other = (folder / "000020" / name for name in FILES[:2])
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    assert_noticed(folder)


@pytest.mark.parametrize("change", ["nan", "shape"])
def test_arrays_that_were_changed_with_care_are_noticed(folder, change, monkeypatch):
    """With hashes that fit: written by a program that is less careful."""
    monkeypatch.setattr("saccade.run.checkpoint._not_finite", lambda arrays: None)
    bad = checkpoint(20)
    bad.weights["dense/bias"][1] = np.nan
    shutil.rmtree(folder / "000020")
    save(folder, bad)
    monkeypatch.undo()
    if change == "nan":
        return assert_noticed(folder)
    path = folder / "000020" / "weights.safetensors"
    path.write_bytes(path.read_bytes().replace(b"[5,3]", b"[3,5]"))
    assert_noticed(folder)


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place // 8] ^= 1 << place % 8
    path.write_bytes(data)


@pytest.mark.parametrize("count", [pytest.param(400), pytest.param(10_000, marks=pytest.mark.slow)])
def test_any_bit_that_is_flipped_is_noticed(folder, count, rng):
    whole = {file: (folder / "000020" / file).read_bytes() for file in FILES}
    for number in range(count):
        file = FILES[number % 4]
        place = int(rng.integers(8 * len(whole[file])))
        flip(folder / "000020" / file, place)
        assert notices(folder), (file, place)
        (folder / "000020" / file).write_bytes(whole[file])
    assert read_checkpoint(folder, "last").step == 20


def test_every_bit_of_a_manifest_counts(folder):
    """Also those that JSON does not read: spaces, the case of an e or an escape."""
    path = folder / "000020" / "manifest.json"
    whole = path.read_bytes()
    for place in range(8 * len(whole)):
        flip(path, place)
        assert notices(folder), place
        path.write_bytes(whole)


@pytest.mark.parametrize("count", [pytest.param(60), pytest.param(1000, marks=pytest.mark.slow)])
def test_any_file_that_was_cut_is_noticed(folder, count, rng):
    for number in range(count):
        path = folder / "000020" / FILES[number % 4]
        whole = path.read_bytes()
        length = int(rng.integers(len(whole)))
        path.write_bytes(whole[:length])
        assert notices(folder), (path.name, length)
        path.write_bytes(whole)


def test_damage_to_all_is_said_and_nothing_is_left_to_go_on_from(folder):
    for place in folder.iterdir():
        flip(place / "weights.safetensors", 800)
    with pytest.raises(BadRun, match=r"000020 is damaged(.|\n)*000010 is damaged"):
        read_checkpoint(folder, "last")
    with pytest.warns(UserWarning):
        assert recover(folder) is None
    assert named(folder) == {}
    save(folder, checkpoint(10))
    assert read_checkpoint(folder, "last").step == 10


def test_damage_to_what_is_not_asked_for_does_no_harm(folder):
    flip(folder / "000020" / "state.safetensors", 800)
    assert read_checkpoint(folder, "best").step == 3
    assert named(folder) == {"last": 20, "best": 3}


@pytest.mark.parametrize("schema", [2, 99, None, "1"])
def test_one_of_another_version_is_left_alone_and_not_passed_over(folder, schema, monkeypatch):
    monkeypatch.setattr("saccade.run.checkpoint.SCHEMA", schema)
    save(folder, checkpoint(30), keep=3)
    monkeypatch.undo()
    for look in (lambda: read_checkpoint(folder, "last"), lambda: recover(folder)):
        with pytest.raises(BadRun, match=r"000030 has schema .*another version"):
            look()
    assert sorted(p.name for p in folder.iterdir()) == ["000010", "000020", "000030"]


def test_a_reader_is_not_disturbed_by_its_writer(tmp_path, monkeypatch):
    """The writer drops the newest two while the reader has only just listed them."""
    folder = tmp_path / "c"
    for step in (10, 20):
        save(folder, checkpoint(step))
    import saccade.run.checkpoint as module

    real, calls = module._manifest, []

    def busy(place):
        if not calls:
            calls.append(place)
            for step in (30, 40):
                save(folder, checkpoint(step))
        return real(place)

    monkeypatch.setattr(module, "_manifest", busy)
    assert read_checkpoint(folder, "last").step == 40
