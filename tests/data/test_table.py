"""A CSV is read as it is written: rows are counted, what is left out has its row number."""

import json
import os
import re
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import saccade
from saccade.core.errors import BadData, BadUsage
from saccade.data.table import as_text, read_table


@pytest.fixture
def photos(tmp_path: Path, pictures: Callable[..., Path]) -> Path:
    return pictures(tmp_path / "photos", each=10, classes=("a", "b"), size=(8, 8), grey=True)


def rows(each: int = 10, extra: str = "", header: str = "image_path,label,patient") -> str:
    lines = [f"{c}/{i:03d}.png,{c},{c}{i // 2}" for c in "ab" for i in range(each)]
    return "\n".join([header, *lines]) + "\n" + extra


def load(photos: Path, text: str, **options: object) -> saccade.Dataset:
    (photos / "d.csv").write_text(text)
    return saccade.load(photos / "d.csv", **options)


def reasons(data: saccade.Dataset) -> dict[str, str]:
    return {one.path: one.reason for one in data.excluded}


def test_it_is_the_same_as_the_folder_it_names(photos):
    assert load(photos, rows(header="path,y,x")).fingerprint == saccade.load(photos).fingerprint


def test_the_statement_says_which_columns_were_taken(photos):
    said = load(photos, rows(header="filename,category,note")).statement
    assert said.startswith("d: CSV of filename,category, 20 grey images 8x8 in 2 classes")


def test_what_is_left_out_has_its_row_and_its_reason(photos):
    extra = (
        "\n"  # a blank row counts, as in a spreadsheet
        "a/none.png,a,x\n"
        "https://example.org/1.png,a,x\n"
        "../secret.png,a,x\n"
        "/etc/hostname,a,x\n"
        "a,a,x\n"
        f"{'x' * 5000}.png,a,x\n"
    )
    (photos.parent / "secret.png").write_bytes((photos / "a" / "000.png").read_bytes())
    told = reasons(load(photos, rows(extra=extra)))
    assert told["a/none.png"].startswith("row 23: no such file in")
    assert told["https://example.org/1.png"].startswith("offline: not fetched yet")
    assert told["../secret.png"].startswith("row 25: outside")
    assert "--image-root" in told["../secret.png"]
    assert told["/etc/hostname"].startswith("row 26: outside")
    assert told["a"].startswith("row 27: no such file")
    assert len(told) == 6


def test_an_absolute_path_inside_is_taken(photos):
    text = rows(9) + f"{photos.resolve()}/a/009.png,a,x\n{photos.resolve()}/b/009.png,b,x\n"
    data = load(photos, text)
    assert len(data.train) + len(data.test) == 20
    assert data.excluded == ()


def test_the_same_picture_twice_is_taken_once_and_counted(photos):
    data = load(photos, rows(extra="a/000.png,a,a0\n./a/../a/001.png,a,a0\n"))
    assert len(data.train) + len(data.test) == 20
    assert "2 double rows" in data.statement


def test_a_picture_of_two_labels_is_not_taken_at_all(photos):
    data = load(photos, rows(extra="a/000.png,b,a0\n"))
    assert reasons(data) == {"a/000.png": "rows 2, 22 give it different labels: a, b"}
    assert "a/000.png" not in [*data.train.names, *data.test.names]


def test_a_picture_that_is_held_out_is_not_trained_on(photos):
    text = (
        rows(header="path,label,note").replace("\n", ",train\n").replace("note,train", "note,set")
    )
    data = load(photos, text + "a/000.png,a,x,test\nb/000.png,b,x,test\n")
    assert list(data.test.names) == ["a/000.png", "b/000.png"]
    assert not set(data.test.names) & set(data.train.names)
    assert "train and in test" in reasons(data)["a/000.png"]


def test_pictures_given_to_test_on_are_not_trained_on_either(photos):
    (photos / "test.csv").write_text("path,label\na/003.png,a\nb/003.png,b\n")
    data = load(photos, rows(), test_data=photos / "test.csv")
    assert list(data.test.names) == ["a/003.png", "b/003.png"]
    assert (len(data.train), data.test_origin) == (18, "official")
    assert set(reasons(data)) == {"a/003.png", "b/003.png"}


def test_blank_labels_stop_with_up_to_ten_examples(photos):
    with pytest.raises(BadData) as caught:
        load(photos, rows().replace(",a,", ", ,").replace(",b,", ",,"))
    text = str(caught.value)
    assert "20 rows have no label" in text
    assert text.count("row ") == 10
    assert "and 10 more" in text


def test_a_label_that_train_lacks_stops_with_up_to_ten_examples(photos):
    text = "path,label,split\n" + "".join(
        f"{c}/{i:03d}.png,{c if i < 5 else 'new'},{'train' if i < 5 else 'test'}\n"
        for c in "ab"
        for i in range(10)
    )
    with pytest.raises(BadData, match=r"no picture of new.*a/005\.png"):
        load(photos, text)
    with pytest.raises(BadData, match="no picture of new"):
        (photos / "test.csv").write_text("a/000.png,new\n")
        load(photos, rows(), test_data=photos / "test.csv")


def test_a_class_all_of_whose_pictures_are_missing_is_named(photos):
    with pytest.raises(BadData, match="no picture of ghost") as caught:
        load(photos, rows(extra="ghost/1.png,ghost,x\n"))
    assert "row 22" in str(caught.value)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separator_encoding_and_line_end_do_not_matter(separator, encoding, end):
    text = end.join(["Image-Path,Class", '"dir, x/é.png","NA"', "b.png,007", ""])
    data = text.replace('","', '"\0"').replace("dir,", "dir\1").replace(",", separator)
    data = data.replace("\0", separator).replace("\1", ",").encode(encoding)
    table = read_table(as_text(data), None)
    assert [(row.path, row.label) for row in table.rows] == [
        ("dir, x/é.png", "NA"),
        ("b.png", "007"),
    ]


def test_another_encoding_is_refused_with_the_line(photos):
    (photos / "d.csv").write_bytes("path,label\na/000.png,größe\n".encode("latin-1"))
    with pytest.raises(BadData, match=r"d\.csv: not UTF-8 in line 2"):
        saccade.load(photos / "d.csv")


@pytest.mark.parametrize(
    ("header", "path", "label"),
    [("image,image_path,label", 1, 2), ("class,label,file_name", 2, 1), ("y,Path", 1, 0)],
)
def test_of_several_names_the_first_of_our_list_is_taken(header, path, label):
    cells = ["0.png", "1.png", "2.png"][: header.count(",") + 1]
    row = read_table(f"{header}\n{','.join(cells)}\n", None).rows[0]
    assert (row.path, row.label) == (cells[path], cells[label])


def test_two_columns_of_one_name_are_refused(photos):
    with pytest.raises(BadData, match="two columns `label`"):
        load(photos, rows(header="path,label,label"))


def test_groups_are_never_parted(photos):
    for share in (0.1, 0.3):
        data = load(photos, rows(), group_by="patient", test_share=share)
        assert "kept together by patient" in data.statement
        group = {f"{c}/{i:03d}.png": f"{c}{i // 2}" for c in "ab" for i in range(10)}
        train, test = ({group[name] for name in part.names} for part in (data.train, data.test))
        assert test
        assert not train & test
        kept = saccade.data.split.hold_out(data.train, 0.2, 2)
        assert not {group[n] for n in kept[0].names} & {group[n] for n in kept[1].names}
        assert len(kept[1])


def test_a_column_named_group_is_taken_unasked_and_a_blank_one_is_its_own(photos):
    text = rows(header="path,label,group").replace(",a0\n", ",\n")
    data = load(photos, text)
    assert data.train.groups is not None
    assert len(np.unique(np.r_[data.train.groups, data.test.groups])) == 11
    assert load(photos, rows()).train.groups is None


def test_groups_change_the_fingerprint(photos):
    assert load(photos, rows(), group_by="patient").fingerprint != load(photos, rows()).fingerprint


def test_weights_are_those_of_their_rows_and_only_train_has_some(photos):
    text = rows(header="path,label,who").replace(",a0\n", ",2\n").replace(",b0\n", ",0.5\n")
    text = re.sub(r",[ab]\d\n", ",1\n", text)
    data = load(photos, text, weight_by="who")
    assert "weighted by who" in data.statement
    special = {"a/000.png": 2, "a/001.png": 2, "b/000.png": 0.5, "b/001.png": 0.5}
    assert data.train.weights.dtype == np.float32
    assert data.train.weights.tolist() == [special.get(name, 1) for name in data.train.names]
    kept, held = saccade.data.split.hold_out(data.train, 0.3, 2)
    for part in (kept, held):
        assert part.weights.tolist() == [special.get(name, 1) for name in part.names]
    (photos / "test.csv").write_text("path,label\na/003.png,a\nb/003.png,b\n")
    given = load(photos, text, weight_by="who", test_data=photos / "test.csv")
    assert given.test.weights is None
    assert load(photos, text).train.weights is None


def test_weights_change_the_fingerprint(photos):
    one = rows(header="path,label,who,weight").replace("\n", ",1\n").replace("weight,1", "weight")
    other = one.replace(",a0,1", ",a0,2")
    prints = [load(photos, text, weight_by="weight").fingerprint for text in (one, other)]
    assert len({*prints, load(photos, one).fingerprint}) == 3
    assert load(photos, one).fingerprint == load(photos, other).fingerprint


@pytest.mark.parametrize("wrong", ["-1", "nan", "inf", "", "heavy", "0,5", "1e31"])
def test_what_is_no_weight_stops_with_its_rows(photos, wrong):
    text = rows(header="path;label;w").replace(",", ";").replace(";a0\n", f";{wrong}\n")
    text = re.sub(r";[ab]\d\n", ";1\n", text)
    with pytest.raises(BadData, match=rf"2 rows have a w that .*row 2: `{wrong}`; row 3: "):
        load(photos, text, weight_by="w")


def test_weights_that_are_all_zero_stop(photos):
    text = re.sub(r",[ab]\d\n", ",0\n", rows(header="path,label,w"))
    with pytest.raises(BadData, match="weight of every picture is 0"):
        load(photos, text, weight_by="w")


def test_a_picture_of_two_weights_is_not_taken(photos):
    text = re.sub(r",[ab]\d\n", ",1\n", rows(header="path,label,w", extra="a/000.png,a,2\n"))
    told = reasons(load(photos, text, weight_by="w"))
    assert told == {"a/000.png": "rows 2, 22 give it different weights: 1.0, 2.0"}


def test_a_metadata_file_may_have_weights(photos):
    lines = [
        json.dumps({"file_name": f"{c}/{i:03d}.png", "label": c, "w": 0.5 + i})
        for c in "ab"
        for i in range(10)
    ]
    (photos / "metadata.jsonl").write_text("\n".join(lines))
    data = saccade.load(photos, weight_by="w")
    assert data.train.weights.tolist() == [0.5 + int(name[-7:-4]) for name in data.train.names]
    (photos / "metadata.jsonl").write_text("\n".join(lines).replace("0.5", "NaN", 1))
    with pytest.raises(BadData, match="row 1: `nan`"):
        saccade.load(photos, weight_by="w")


def test_weight_by_takes_a_column_that_is_there(photos):
    with pytest.raises(BadUsage, match=r"--weight-by heavy.*image_path, label, patient"):
        load(photos, rows(), weight_by="heavy")
    with pytest.raises(BadUsage, match="--weight-by w takes a CSV with a header"):
        load(photos, "a/000.png,a\nb/000.png,b\n", weight_by="w")
    with pytest.raises(BadUsage, match="--weight-by w takes a column"):
        (photos / "d.csv").unlink()
        saccade.load(photos, weight_by="w")


def test_a_group_in_two_splits_is_refused(photos):
    text = rows(header="path,label,who").replace("\n", ",train\n").replace("who,train", "who,split")
    text = text.replace("a/000.png,a,a0,train", "a/000.png,a,a0,test")
    with pytest.raises(BadData, match=r"the same who is in train and .*: a0"):
        load(photos, text, group_by="who")
    assert len(load(photos, text).test) == 1


def test_group_by_takes_a_column_that_is_there(photos):
    with pytest.raises(BadUsage, match="image_path, label, patient"):
        load(photos, rows(), group_by="video")
    with pytest.raises(BadUsage, match="takes a column"):
        saccade.load(photos, group_by="video")
    with pytest.raises(BadUsage, match="header"):
        load(photos, "a/000.png,a\nb/000.png,b\n", group_by="video")


def test_options_that_do_not_fit_the_data_are_refused(photos):
    for options in ({"val_data": photos}, {"test_data": photos}):
        with pytest.raises(BadUsage, match="--val-data"):
            saccade.load("digits", **options)
    for options in ({"image_root": photos}, {"group_by": "x"}, {"weight_by": "x"}):
        with pytest.raises(BadUsage, match="digits"):
            saccade.load("digits", **options)
    with pytest.raises(BadUsage, match="--image-root"):
        saccade.load(photos, image_root=photos)
    with pytest.raises(BadData, match="no folder or file"):
        saccade.load(photos, test_data=photos / "none.csv")


def test_a_part_that_is_given_twice_is_refused(tmp_path, pictures):
    for part in ("train", "test"):
        pictures(tmp_path / "p" / part, each=4)
    flat = pictures(tmp_path / "q", each=2)
    with pytest.raises(BadUsage, match="has a test split of its own"):
        saccade.load(tmp_path / "p", test_data=flat)
    with pytest.raises(BadUsage, match="has several"):
        saccade.load(flat, test_data=tmp_path / "p")
    with pytest.raises(BadUsage, match="own test split"):
        saccade.load(tmp_path / "p", test_share=0.2)
    assert len(saccade.load(tmp_path / "p", val_data=flat).validation) == 6


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX only")
def test_a_pipe_that_a_csv_names_does_not_hang(photos):
    os.mkfifo(photos / "a" / "pipe.png")
    data = load(photos, rows(extra="a/pipe.png,a,x\n"))
    assert reasons(data) == {"a/pipe.png": "not_regular_file: a folder, a pipe or a device"}


def test_pictures_that_lie_packed_beside_it_are_found(photos, tmp_path):
    table = tmp_path / "d.csv"
    table.write_text(rows())
    with zipfile.ZipFile(tmp_path / "another.zip", "w") as other:
        other.writestr("readme.txt", "nothing")
    with tarfile.open(tmp_path / "photos.tar", "w") as packed:
        packed.add(photos, arcname=".")
    data = saccade.load(table)
    assert data.fingerprint == saccade.load(photos).fingerprint
    assert "pictures from photos.tar" in data.statement


def test_a_csv_without_its_pictures_says_what_to_do(tmp_path):
    (tmp_path / "d.csv").write_text(rows())
    with pytest.raises(BadData, match=r"a/000\.png: row 2: no such file.*--image-root"):
        saccade.load(tmp_path / "d.csv")
