"""What is said of a data set before every training."""

import json

import numpy as np
import pytest

import saccade
from saccade.core.records import Excluded
from saccade.data.source import Source, to_dataset
from saccade.doctor.quick import MOST_NAMED, quick_look, to_record


def source(rng, **changed):
    pixels = rng.integers(0, 256, (60, 6, 6, 1), dtype=np.uint8)
    labels = np.arange(60, dtype=np.int32) % 2
    train = saccade.Split(pixels, labels, [f"train/{i}" for i in range(60)])
    test = saccade.Split(pixels[:30] ^ 255, labels[:30], [f"test/{i}" for i in range(30)])
    rule = saccade.Preprocess(6, 6, 1)
    values = {"validation": None, "test": test, "preprocess": rule, **changed}
    return Source("made", "", ("a", "b"), train, **values)


def found(source):
    dataset = to_dataset(source, "made", 0.1)
    return {finding.code: finding for finding in quick_look(dataset)}


def test_a_clean_set_has_no_findings(rng):
    assert found(source(rng)) == {}


def test_copies_leaks_and_torn_labels_are_found(rng):
    made = source(rng)
    made.train.pixels[2] = made.train.pixels[0]  # of one class
    made.train.pixels[5] = made.train.pixels[4]  # of two
    made.test.pixels[7] = made.train.pixels[9]
    told = found(made)
    assert told["duplicate"].pictures == (("train/0", "train/2"),)
    assert told["two_labels"].pictures == (("train/4", "train/5"),)
    assert told["leak"].pictures == (("train/9", "test/7"),)


def test_pictures_of_one_colour_are_no_copies(rng):
    made = source(rng)
    made.train.pixels[:4] = 0
    assert found(made) == {}


def test_a_copy_in_a_held_out_test_is_a_leak(rng):
    made = source(rng, test=None)
    held = to_dataset(made, "made", 0.1)
    first, second = held.train.names[0], held.test.names[0]
    rows = {name: int(name.partition("/")[2]) for name in (first, second)}
    made.train.pixels[rows[first]] = made.train.pixels[rows[second]]
    told = found(made)
    assert sorted(told["leak"].pictures[0]) == sorted((first, second))


def test_lopsided_and_tiny_classes_and_what_is_left_out(rng):
    made = source(rng, excluded=(Excluded("x.jpg", "no such file"),))
    made.train.labels[:] = 0
    made.train.labels[:3] = 1
    assert found(made).keys() == {"left_out", "tiny_class", "imbalance"}


def test_a_record_names_some_and_counts_all(rng):
    made = source(rng, excluded=tuple(Excluded(f"{i}.jpg", "gone") for i in range(MOST_NAMED + 9)))
    dataset = to_dataset(made, "made", 0.1)
    [told] = to_record(quick_look(dataset))
    assert (told["count"], len(told["pictures"])) == (MOST_NAMED + 9, MOST_NAMED)
    assert json.loads(json.dumps(told)) == told


@pytest.mark.parametrize("reading", ["in memory", "on disk"])
def test_a_training_says_and_keeps_it(reading, tmp_path, pictures, monkeypatch, capsys):
    from saccade.cli import main
    from saccade.data import pictures as reader

    if reading == "on disk":
        monkeypatch.setattr(reader, "MOST_OF_MEMORY", 0)
    folder = pictures(tmp_path / "photos", each=20)
    (folder / "blobs" / "copy.png").write_bytes((folder / "blobs" / "000.png").read_bytes())
    words = f"train {folder} --model softmax --steps 3 --batch-size 8 --no-view"
    with pytest.raises(SystemExit) as ended:
        main([*words.split(), "--out", str(tmp_path / "run")])
    assert ended.value.code == 0
    said = capsys.readouterr().err
    assert "the same picture" in said and "copy.png" in said and "doctor" in said
    told = saccade.open_run(tmp_path / "run").facts["doctor"]
    assert {"duplicate", "leak"} & {one["code"] for one in told}
    assert "the same picture" in (tmp_path / "run" / "report.html").read_text("utf-8")
