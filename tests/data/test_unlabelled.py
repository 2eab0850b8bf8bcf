"""Pictures that are only asked about: every one is listed, and labelled where that is known."""

import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from saccade.core.errors import BadData, BadUsage
from saccade.data.unlabelled import list_to_ask

KNOWN = ("cat", "dog")


@pytest.fixture
def lay(tmp_path, monkeypatch):
    """Makes files of these names; pictures show nothing. Paths are from where they stand."""
    monkeypatch.chdir(tmp_path)

    def make(*names, **texts):
        for name in names:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (5, 4)).save(name)

    return make


def told(path, **options):
    return [(one.name, one.label) for one in list_to_ask(Path(path), KNOWN, **options).found]


def test_pictures_at_any_depth_have_no_labels(lay):
    lay("p/b.png", "p/2024/june/1.png", "p/2023/a.png", "p/.hidden/x.png")
    Path("p/notes.txt").write_text("no picture")
    expected = [("p/b.png", ""), ("p/2023/a.png", ""), ("p/2024/june/1.png", "")]
    assert told("p") == told("./p/") == expected
    assert list_to_ask(Path("p"), KNOWN).how == "pictures without labels"


def test_class_folders_are_labels_if_one_of_them_is_known(lay):
    lay("p/cat/1.png", "p/cat/more/2.png", "p/unicorn/3.png", "p/4.png")
    assert told("p") == [
        ("p/4.png", ""),
        ("p/cat/1.png", "cat"),
        ("p/cat/more/2.png", "cat"),
        ("p/unicorn/3.png", "unicorn"),
    ]
    assert list_to_ask(Path("p"), KNOWN).classes == ("cat", "unicorn")
    assert {one.label for one in list_to_ask(Path("p"), ("horse",)).found} == {""}


@pytest.mark.parametrize("splits", [("train", "test"), ("Testing",), ("val", "test")])
def test_split_folders_are_looked_through_and_nothing_is_held_out(lay, splits):
    lay(*(f"p/{split}/{name}/1.png" for split in splits for name in KNOWN))
    assert sorted(told("p")) == sorted(
        (f"p/{split}/{name}/1.png", name) for split in splits for name in KNOWN
    )


def test_a_metadata_file_gives_labels_and_what_it_does_not_name_is_asked_about_too(lay):
    lay("p/1.png", "p/2.png", "p/cat/3.png")
    Path("p/metadata.csv").write_text("file_name,label\n1.png,cat\ngone.png,dog\n")
    assert told("p") == [("p/1.png", "cat"), ("p/2.png", ""), ("p/gone.png", ""),
                         ("p/cat/3.png", "")]  # fmt: skip


CSVS = {
    "image_path,label\nb.png,cat\na.png,unicorn\n": [("a.png", "unicorn"), ("b.png", "cat")],
    "b.png,cat\na.png,dog\n": [("a.png", "dog"), ("b.png", "cat")],
    "image_path\nb.png\na.png\n": [("a.png", ""), ("b.png", "")],
    "path;width\nb.png;3\na.png;4\n": [("a.png", ""), ("b.png", "")],
    "b.png\na.png\n": [("a.png", ""), ("b.png", "")],
    "image_path,label\nb.png,\na.png,dog\n": [("a.png", "dog"), ("b.png", "")],
    "path,label,predicted,probability,problem\na.png,,cat,0.9,\n": [("a.png", "")],
}


@pytest.mark.parametrize("text", CSVS)
def test_a_csv_may_have_labels_or_paths_only(lay, text):
    lay("p/a.png", "p/b.png")
    Path("p/rows.csv").write_text(text)
    assert told("p/rows.csv") == CSVS[text]


def test_rows_that_can_not_be_used_are_listed_and_reading_them_says_why(lay):
    lay("p/a.png", "out.png")
    rows = "../out.png", "/etc/passwd", "gone.png", "ftp://host/1.png", "a.png"
    Path("p/rows.csv").write_text("image_path\n" + "\n".join(rows))
    found = list_to_ask(Path("p/rows.csv"), KNOWN).found
    assert {one.name for one in found} == set(rows)
    for one in found:
        if one.name == "a.png":
            assert one.place.read(one.path)
            continue
        with pytest.raises(BadData, match=r"left_out: row [2-5]: (outside|no such file|a URL)"):
            one.place.read(one.path)


def test_a_csv_none_of_whose_pictures_is_there(lay):
    lay("p/a.png")
    Path("p/rows.csv").write_text("image_path\nno.png\n")
    with pytest.raises(BadData, match="--image-root"):
        list_to_ask(Path("p/rows.csv"), KNOWN)
    Path("rows.csv").write_text("image_path\na.png\n")
    assert told("rows.csv", image_root=Path("p")) == [("a.png", "")]
    with pytest.raises(BadUsage, match="--image-root"):
        list_to_ask(Path("p"), KNOWN, Path("p"))


def test_training_still_wants_labels(lay):
    import saccade

    lay("p/a.png", "p/b.png")
    Path("p/rows.csv").write_text("image_path\na.png\nb.png\n")
    with pytest.raises(BadData, match="What can be read"):
        saccade.load("./p/rows.csv")


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
@pytest.mark.parametrize("top", ["", "photos/"])
def test_archives_are_the_same_as_the_folder(lay, kind, top):
    lay("p/cat/1.png", "p/dog/2.png")
    names = ["cat/1.png", "dog/2.png"]
    if kind == "zip":
        with zipfile.ZipFile("p.zip", "w") as packed:
            for name in names:
                packed.write(f"p/{name}", top + name)
    else:
        with tarfile.open("p.tar.gz", "w:gz") as packed:
            for name in names:
                packed.add(f"p/{name}", top + name)
            link = tarfile.TarInfo("README")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            packed.addfile(link)
    if kind == "tar.gz" and top:
        return  # a file beside it: the folder is a class then, as for training
    assert told(f"p.{kind}") == [(f"p.{kind}/{top}{name}", name[:3]) for name in names]


@pytest.mark.parametrize("kind", ["p.tar", "p.tar.gz", "p.zip"])
def test_an_archive_cut_short_is_refused(lay, kind):
    lay("p/cat/1.png", "p/dog/2.png")
    if kind == "p.zip":
        with zipfile.ZipFile(kind, "w") as packed:
            packed.write("p/cat/1.png")
    else:
        with tarfile.open(kind, "w:gz" if kind.endswith("gz") else "w") as packed:
            packed.add("p")
    Path(kind).write_bytes(Path(kind).read_bytes()[: -700 if kind == "p.tar" else -40])
    if kind == "p.tar":  # its padding is cut first
        Path(kind).write_bytes(Path(kind).read_bytes()[:2000])
    with pytest.raises(BadData, match=r"damaged|ends"):
        for one in list_to_ask(Path(kind), KNOWN).found:
            one.place.read(one.path)


def test_a_picture_and_what_is_none(lay):
    lay("one.png")
    assert told("one.png") == [("one.png", "")]
    assert told("gone.png") == [("gone.png", "")]  # reading it says so
    with pytest.raises(BadData, match="there is no folder or file fotos"):
        list_to_ask(Path("fotos"), KNOWN)
    os.mkdir("empty")
    with pytest.raises(BadData, match="empty has no pictures"):
        list_to_ask(Path("empty"), KNOWN)
    Path("rows.csv").write_text("\n")
    with pytest.raises(BadData, match=r"rows\.csv"):
        list_to_ask(Path("rows.csv"), KNOWN)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_is_shut_is_listed(lay):
    lay("p/cat/1.png", "p/dog/2.png")
    os.chmod("p/dog", 0)
    try:
        assert told("p") == [("p/cat/1.png", "cat"), ("p/dog/", "")]
    finally:
        os.chmod("p/dog", 0o700)
