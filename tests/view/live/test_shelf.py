"""Runs are found where they are looked for, and only there."""

import os

import pytest

from saccade.core.errors import BadRun
from saccade.run.directory import runs_folder
from saccade.view.live import shelf as shelves
from saccade.view.live.shelf import Shelf, shelved


def names(shelf: Shelf) -> list[str]:
    return sorted(name for name, _ in shelf.runs().values())


def test_runs_and_those_of_ladders_are_found_and_new_ones_appear(trainer, runs, tmp_path):
    shelf = Shelf([runs])
    assert names(shelf) == ["first"]
    kind = type(trainer)
    kind(runs / "ladder" / "01-softmax-seed0").begin()
    kind(runs / "ladder" / "02-conv-seed0").begin()
    kind(runs / "ladder" / "deeper" / "x").begin()
    kind(tmp_path / "elsewhere").begin()
    (runs / "link").symlink_to(tmp_path / "elsewhere")
    (runs / "file").write_text("x")
    (runs / "empty").mkdir()
    assert names(shelf) == ["first", "ladder/01-softmax-seed0", "ladder/02-conv-seed0"]


def test_a_folder_that_is_not_there_holds_nothing_yet(runs, trainer, tmp_path):
    shelf = Shelf([tmp_path / "later"])
    assert shelf.rows() == []
    type(trainer)(tmp_path / "later" / "x").begin()
    assert names(shelf) == ["x"]


def test_ids_stay_and_tell_nothing(trainer, runs):
    one, again, other = Shelf([runs], b"a"), Shelf([trainer.path], b"a"), Shelf([runs], b"b")
    (id_,) = one.runs()
    assert {id_} == set(again.runs())
    assert {id_} != set(other.runs())
    assert id_.isalnum() and "first" not in id_
    assert one.find(id_) == ("first", trainer.path)
    for text in ("first", str(trainer.path), "..", "", id_[:-1], id_.upper() + "0"):
        assert one.find(text) is None
        assert one.follower(text) is None


def test_one_run_has_one_follower_and_few_are_kept(trainer, runs, monkeypatch):
    monkeypatch.setattr(shelves, "MOST_FOLLOWERS", 2)
    for name in ("second", "third"):
        type(trainer)(runs / name).begin()
    shelf = Shelf([runs])
    ids = {name: id_ for id_, (name, _) in shelf.runs().items()}
    first = shelf.follower(ids["first"])
    assert shelf.follower(ids["first"]) is first
    shelf.follower(ids["second"])
    assert shelf.follower(ids["first"]) is first
    shelf.follower(ids["third"])
    assert shelf.follower(ids["first"]) is first
    assert len(shelf._followers) == 2


def test_a_row_of_a_run_that_ended_is_not_read_again(trainer, runs, monkeypatch):
    trainer.finish()
    shelf = Shelf([runs])
    (row,) = shelf.rows()
    monkeypatch.setattr(shelves.records, "row", lambda path: pytest.fail("read again"))
    assert shelf.rows() == [row]
    os.utime(trainer.path / "run.json")
    with pytest.raises(pytest.fail.Exception):
        shelf.rows()


def test_what_is_named_is_a_run_a_name_or_a_folder_of_runs(trainer, runs, tmp_path):
    assert runs == runs_folder()
    assert shelved([], runs) == [runs]
    assert shelved([trainer.path], runs) == [trainer.path]
    from pathlib import Path

    assert shelved([Path("first")], runs) == [trainer.path]
    assert shelved([runs], tmp_path) == [runs]
    coming, other = tmp_path / "coming", tmp_path / "other"
    (coming / "01-softmax-seed0").mkdir(parents=True)  # a ladder's first run, before its run.json
    other.mkdir()
    (other / "notes.txt").touch()
    assert shelved([coming], runs) == [coming]
    for wrong in (Path("nope"), tmp_path / "cache", other):
        with pytest.raises(BadRun):
            shelved([wrong], runs)
