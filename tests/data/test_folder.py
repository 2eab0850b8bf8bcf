"""A folder of pictures is read as it lies: nothing is invented, nothing is lost in silence."""

import contextlib
import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import saccade
from saccade.core.errors import BadData, BadUsage, SaccadeError

posix = pytest.mark.skipif(sys.platform == "win32", reason="a file system of POSIX only")


def load(folder: Path, **options: object) -> saccade.Dataset:
    return saccade.load(f"{folder.parent}/{folder.name}", **options)


def everything(data: saccade.Dataset) -> list[str]:
    parts = [data.train, data.test, *([data.validation] if data.validation else [])]
    return sorted(name for part in parts for name in part.names)


def test_a_flat_folder_is_split_and_every_picture_is_in_one_part(tmp_path, pictures):
    data = load(pictures(tmp_path / "photos", each=10))
    assert data.classes == ("blobs", "checks", "stripes")
    assert (len(data.train), len(data.test), data.validation) == (27, 3, None)
    assert data.test_origin == "held out"
    names = everything(data)
    assert len(names) == len(set(names)) == 30
    for part in (data.train, data.test):
        assert [data.classes[i] for i in part.labels] == [n.split("/")[0] for n in part.names]
    assert "photos: flat class folders, 30 RGB images 96x96 in 3 classes" in data.statement


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_the_test_share_is_taken_of_every_class(tmp_path, pictures, share):
    data = load(pictures(tmp_path / "photos", each=10), test_share=share)
    assert np.bincount(data.test.labels).tolist() == [10 * share] * 3


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [
        ("train", "val", "test"),
        ("Training", "VALID", "Testing"),
        ("TRAIN", "dev", "Eval"),
        ("training", "Validation", "evaluation"),
    ],
)
def test_split_folders_of_any_usual_name_are_kept(tmp_path, pictures, train, validation, test):
    root = tmp_path / "photos"
    for number, (name, each) in enumerate([(train, 6), (validation, 2), (test, 3)]):
        pictures(root / name, each=each, seed=number)
    data = load(root)
    assert data.validation is not None
    assert [len(p) for p in (data.train, data.validation, data.test)] == [18, 6, 9]
    assert data.test_origin == "official"
    assert all(name.startswith(f"{test}/") for name in data.test.names)
    assert "official" in data.statement


def test_train_alone_is_split(tmp_path, pictures):
    pictures(tmp_path / "photos" / "train", each=10)
    data = load(tmp_path / "photos")
    assert (len(data.train), len(data.test), data.test_origin) == (27, 3, "held out")


def test_class_folders_named_like_splits_are_classes_where_no_train_is(tmp_path, pictures):
    data = load(pictures(tmp_path / "photos", classes=("test", "dev")))
    assert data.classes == ("dev", "test")


def test_split_folders_beside_class_folders_are_refused(tmp_path, pictures):
    pictures(tmp_path / "photos", classes=("train", "cats"))
    with pytest.raises(BadData, match="cats"):
        load(tmp_path / "photos")


def test_pictures_in_folders_inside_a_class_belong_to_it(tmp_path, pictures):
    root = pictures(tmp_path / "photos", each=4, classes=("a", "b"))
    pictures(root / "a" / "2024", each=3, classes=("june",))
    data = load(root)
    assert data.classes == ("a", "b")
    assert np.bincount(np.r_[data.train.labels, data.test.labels]).tolist() == [7, 4]
    assert "a/2024/june/000.png" in everything(data)


def test_hidden_and_other_files_are_ignored_and_counted(tmp_path, pictures):
    root = pictures(tmp_path / "photos", each=4, classes=("a", "b"))
    (root / "notes.txt").write_text("x")
    (root / "loose.png").write_bytes((root / "a" / "000.png").read_bytes())
    (root / "a" / ".000.png").write_bytes(b"hidden")
    (root / "a" / "Thumbs.db").write_bytes(b"junk")
    (root / "b" / "clip.mov").write_bytes(b"junk")
    for hidden in (".git", "__MACOSX"):
        (root / hidden).mkdir()
        (root / hidden / "1.png").write_bytes(b"junk")
    data = load(root)
    assert data.classes == ("a", "b")
    assert len(everything(data)) == 8
    assert data.excluded == ()
    assert "(7 other files ignored)" in data.statement


def test_suffixes_count_in_any_case(tmp_path, pictures):
    root = pictures(tmp_path / "photos", each=4, classes=("a", "b"))
    (root / "a" / "000.png").rename(root / "a" / "000.PNG")
    (root / "a" / "001.jpg").rename(root / "a" / "001.JpEg")
    assert len(everything(load(root))) == 8


def let_readers_go(pipe: Path, over: threading.Event, after: float = 10) -> None:
    """After a while, ends every wait for a writer of `pipe`, so that a test fails and ends."""
    over.wait(after)
    while not over.wait(0.05):
        with contextlib.suppress(OSError):  # nobody reads just now
            os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))


@posix
def test_a_pipe_named_like_a_picture_is_left_out_and_does_not_hang(tmp_path, pictures):
    root = pictures(tmp_path / "photos", each=4, classes=("a", "b"))
    pipe = root / "a" / "pipe.jpg"
    os.mkfifo(pipe)
    over = threading.Event()
    watchdog = threading.Thread(target=let_readers_go, args=(pipe, over))
    watchdog.start()
    (root / "b" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    try:
        data = load(root)
    finally:
        over.set()
        watchdog.join()
    reasons = {e.path: e.reason for e in data.excluded}
    assert reasons.keys() == {"a/pipe.jpg", "b/gone.png"}
    assert reasons["a/pipe.jpg"] == "not_regular_file: a folder, a pipe or a device"
    assert len(everything(data)) == 8


def test_a_broken_file_is_left_out_listed_and_never_replaced(tmp_path, pictures):
    root = pictures(tmp_path / "photos", each=6, classes=("a", "b"))
    whole = (root / "a" / "001.jpg").read_bytes()
    (root / "a" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (root / "b" / "page.png").write_bytes(b"<html>404</html>")
    (root / "b" / "empty.gif").write_bytes(b"")
    data = load(root)
    assert {e.path for e in data.excluded} == {"a/cut.jpg", "b/page.png", "b/empty.gif"}
    assert all(e.reason for e in data.excluded)
    assert len(everything(data)) == 12
    assert "3 left out" in data.statement
    for name in ("cut.jpg", "page.png", "empty.gif"):
        assert not any(name in kept for kept in everything(data))


def test_a_broken_file_changes_nothing_about_the_others(tmp_path, pictures):
    root = pictures(tmp_path / "photos", each=6, classes=("a", "b"))
    before = load(root)
    (root / "a" / "zzz.png").write_bytes(b"broken")
    after = load(root)
    assert after.fingerprint == before.fingerprint
    assert np.array_equal(after.train.pixels, before.train.pixels)


def test_a_class_without_a_readable_picture_is_refused_by_name(tmp_path, pictures):
    root = pictures(tmp_path / "photos", each=4, classes=("a", "b"))
    (root / "lost").mkdir()
    (root / "lost" / "1.jpg").write_bytes(b"broken")
    with pytest.raises(BadData, match="lost") as caught:
        load(root)
    assert "1.jpg" in str(caught.value)


def test_a_class_folder_without_any_picture_is_not_forgotten_in_silence(tmp_path, pictures):
    root = pictures(tmp_path / "photos", each=4, classes=("a", "b"))
    (root / "phone").mkdir()
    (root / "phone" / "1.heic").write_bytes(b"not a format we read")
    try:
        said = load(root).statement
    except BadData as error:
        said = str(error)
    assert "phone" in said


def test_a_test_split_without_a_readable_picture_is_not_replaced_by_another(tmp_path, pictures):
    root = tmp_path / "photos"
    pictures(root / "train", each=6, classes=("a", "b"))
    for name in ("a", "b"):
        (root / "test" / name).mkdir(parents=True)
        (root / "test" / name / "1.png").write_bytes(b"broken")
    with pytest.raises(BadData, match="test"):
        load(root)


def test_nothing_readable_at_all_is_refused(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        (tmp_path / "photos" / name / "1.jpg").write_bytes(b"broken")
    with pytest.raises(BadData, match="none of the 2 pictures"):
        load(tmp_path / "photos")


@pytest.mark.parametrize("inside", [(), ("a",), ("a", "b"), ("train", "test"), (".hidden",)])
def test_a_folder_without_pictures_is_refused_and_told_what_is_expected(tmp_path, inside):
    root = tmp_path / "photos"
    root.mkdir()
    for name in inside:
        (root / name).mkdir()
    with pytest.raises(BadData, match=r"CLASS/PICTURE\.jpg"):
        load(root)


def test_pictures_without_class_folders_are_refused(tmp_path, pictures):
    root = pictures(tmp_path / "photos", each=4)
    with pytest.raises(BadData, match=r"CLASS/PICTURE\.jpg"):
        load(root / "blobs")


def test_one_class_is_refused(tmp_path, pictures):
    with pytest.raises(BadData, match="at least two"):
        load(pictures(tmp_path / "photos", classes=("only",)))


def test_a_file_instead_of_a_folder_is_refused(tmp_path, pictures):
    root = pictures(tmp_path / "photos", each=2)
    with pytest.raises(BadData, match="is a file"):
        load(root / "blobs" / "000.png")


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadData, match="no folder"):
        load(tmp_path / "photos")


@pytest.mark.parametrize("part", ["val", "test"])
def test_a_label_that_train_lacks_is_refused_by_name(tmp_path, pictures, part):
    root = tmp_path / "photos"
    pictures(root / "train", each=4, classes=("a", "b"))
    pictures(root / part, each=2, classes=("a", "b", "newcomer"))
    with pytest.raises(BadData, match="newcomer"):
        load(root)


def test_a_label_that_only_train_has_is_fine(tmp_path, pictures):
    root = tmp_path / "photos"
    pictures(root / "train", each=4, classes=("a", "b", "c"))
    pictures(root / "test", each=2, classes=("a", "b"))
    data = load(root)
    assert data.classes == ("a", "b", "c")
    assert set(data.test.labels) == {0, 1}


@pytest.mark.parametrize("each", [1, 2])
def test_so_few_pictures_that_none_can_be_tested_on_are_refused_before_training(
    tmp_path, pictures, each
):
    root = tmp_path / "photos"
    pictures(root / "train", each=each, classes=("a", "b"))
    pictures(root / "val", each=2, classes=("a", "b"))
    if each == 1:
        with pytest.raises(SaccadeError, match="test"):
            load(root)
    else:
        assert len(load(root).test) == 2


@pytest.mark.parametrize(
    ("size", "expected"),
    [((8, 8), (8, 8)), ((20, 32), (20, 32)), ((33, 33), (96, 96)), (None, (96, 96))],
)
def test_small_pictures_of_one_size_keep_it_and_others_become_96(
    tmp_path, pictures, size, expected
):
    data = load(pictures(tmp_path / "photos", each=4, size=size))
    assert data.input_shape == (*expected, 3)
    assert (data.preprocess.height, data.preprocess.width) == expected


def test_a_size_that_was_asked_for_is_taken(tmp_path, pictures):
    data = load(pictures(tmp_path / "photos", each=4, size=(8, 8)), image_size=17)
    assert data.input_shape == (17, 17, 3)


@pytest.mark.parametrize("size", [0, -1, 3, 1025])
def test_a_size_out_of_range_is_refused(tmp_path, pictures, size):
    with pytest.raises(BadUsage, match="4 to 1024"):
        load(pictures(tmp_path / "photos", each=2), image_size=size)


def test_grey_pictures_stay_grey_and_one_in_colour_makes_all_rgb(tmp_path, pictures):
    root = pictures(tmp_path / "photos", each=4, grey=True)
    assert load(root).input_shape[2] == 1
    Image.new("RGB", (30, 30), "red").save(root / "blobs" / "red.png")
    assert load(root).input_shape[2] == 3


def test_names_of_any_script_are_kept(tmp_path, pictures):
    root = pictures(tmp_path / "фото 写真", each=4, classes=("größe", "猫 кот", "=1+1"))
    data = load(root)
    assert set(data.classes) == {"größe", "猫 кот", "=1+1"}
    assert data.name == "фото 写真"


@posix
@pytest.mark.skipif(sys.platform == "darwin", reason="macOS knows no such names")
def test_names_that_are_not_utf_8_can_be_trained_on_and_listed(tmp_path, pictures):
    root = pictures(tmp_path / "photos", each=6, classes=("a", "b"))
    try:
        (root / "b").rename(root / os.fsdecode(b"caf\xe9"))
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    (root / "a" / os.fsdecode(b"na\xefve.png")).write_bytes(b"broken")
    data = load(root)
    assert data.classes == ("a", os.fsdecode(b"caf\xe9"))
    run = saccade.create_run(tmp_path / "run")
    events = saccade.fit("softmax", data, saccade.recipe("softmax", steps=1, batch_size=4))
    assert type(list(saccade.record(events, run))[-1]).__name__ == "Finished"
    facts = saccade.open_run(run.path).facts
    assert tuple(facts["data"]["classes"]) == data.classes
    assert [e["path"] for e in facts["data"]["excluded"]] == [e.path for e in data.excluded]


def test_the_fingerprint_is_of_the_pictures_and_labels(tmp_path, pictures):
    first = load(pictures(tmp_path / "one", each=4))
    assert load(pictures(tmp_path / "two", each=4)).fingerprint == first.fingerprint
    (tmp_path / "two" / "blobs" / "000.png").rename(tmp_path / "two" / "checks" / "zzz.png")
    assert load(tmp_path / "two").fingerprint != first.fingerprint
    assert load(tmp_path / "one", image_size=64).fingerprint != first.fingerprint


def test_a_path_object_is_a_path_and_can_be_read_again(tmp_path, pictures, monkeypatch):
    pictures(tmp_path / "photos", each=4)
    monkeypatch.chdir(tmp_path)
    data = saccade.load(Path("photos"))
    again = saccade.load(data.reference)
    assert again.fingerprint == data.fingerprint


def test_a_relative_path_is_found_again_from_another_directory(tmp_path, pictures, monkeypatch):
    pictures(tmp_path / "photos", each=4)
    monkeypatch.chdir(tmp_path)
    data = saccade.load("./photos")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert saccade.load(data.reference).fingerprint == data.fingerprint


def test_progress_is_told_up_to_the_last_picture(tmp_path, pictures):
    told = []
    load(pictures(tmp_path / "photos", each=4), progress=lambda *counts: told.append(counts))
    assert told == [(i, 12) for i in range(1, 13)]


def test_photographs_of_every_width_near_the_target_are_read(tmp_path, pictures):
    root = tmp_path / "photos"
    for name in ("a", "b"):
        (root / name).mkdir(parents=True)
        for width in (27, 28, 29, 57, 58, 116, 123):
            Image.new("RGB", (width, 130), "red").save(root / name / f"{width}.png")
    assert load(root, image_size=28).input_shape == (28, 28, 3)
