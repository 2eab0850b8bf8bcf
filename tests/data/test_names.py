"""A bare word is a data set's name, a path has a slash; a wrong one is told what is near."""

from pathlib import Path

import pytest

import saccade
from saccade.core.errors import BadData, BadUsage
from saccade.data import DATASETS, is_path, named_entry


@pytest.mark.parametrize("text", ["./photos", "photos/", "/abs/photos", "../x", ".", "..", "a\\b"])
def test_this_is_a_path(text):
    assert is_path(text)


@pytest.mark.parametrize("text", ["mnist", "photos", "photos.zip", "", "...", "~"])
def test_this_is_a_name(text):
    assert not is_path(text)


def test_a_path_object_is_always_a_path():
    assert is_path(Path("mnist"))


@pytest.mark.parametrize(
    ("typed", "near"), [("mnsit", "mnist"), ("MNIST", "mnist"), ("digit", "digits")]
)
def test_the_nearest_names_are_suggested(typed, near):
    with pytest.raises(BadUsage) as caught:
        saccade.load(typed)
    assert f"Did you mean `{near}`" in str(caught.value)
    assert "./FOLDER" in str(caught.value)


@pytest.mark.parametrize("typed", ["", "zzz", "photos"])
def test_an_unknown_name_lists_all(typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadUsage) as caught:
        saccade.load(typed)
    assert f"Known: {', '.join(sorted(DATASETS))}" in str(caught.value)


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_bare_word_that_lies_here_is_told_how_to_write_a_path(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    if kind == "folder":
        (tmp_path / "photos").mkdir()
    else:
        (tmp_path / "photos").write_text("x")
    with pytest.raises(BadUsage, match=r"\./photos") as caught:
        saccade.load("photos")
    assert kind in str(caught.value)


def test_a_folder_named_like_a_data_set_does_not_hide_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    assert saccade.load("digits").name == "digits"
    with pytest.raises(BadData, match="no class folders"):
        saccade.load("./digits")


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan"), float("inf")])
def test_a_test_share_out_of_range_is_refused(share):
    with pytest.raises(BadUsage, match="between 0 and 1"):
        saccade.load("digits", test_share=share)


def test_an_image_size_is_for_folders_only():
    with pytest.raises(BadUsage, match="own size"):
        saccade.load("digits", image_size=16)


@pytest.mark.parametrize("name", DATASETS)
def test_every_entry_of_the_table_is_found_by_its_name(name):
    entry = named_entry(name)
    assert entry.classes >= 2
    assert entry.images > 0
    assert bool(entry.files) == (entry.megabytes > 0)
