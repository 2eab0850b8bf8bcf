"""Augmentations that turn one class into another are warned of, those that do not are not."""

import json

import numpy as np
import pytest
from PIL import Image

from saccade.cli import main
from saccade.core.preprocess import Preprocess
from saccade.core.records import Predictions, Split
from saccade.data.source import Source
from saccade.doctor.changes import changes, exchanges, judged
from saccade.doctor.pictures import look, of_source
from saccade.doctor.probe import Probe, teach
from saccade.train.augment import named
from saccade.train.geometry import Affine

EACH = 60


def answers(rows, sure=True):
    """Of classes a, b, c, EACH pictures each: a row names how many are answered a, b and c."""
    said = np.concatenate([np.repeat(np.arange(3), row) for row in rows])
    logits = np.eye(3)[said] * (9.0 if sure else 1.0)
    return Predictions(logits, np.repeat(np.arange(3), EACH))


AS_THEY_ARE = answers([[60, 0, 0], [0, 60, 0], [0, 0, 60]])
SWAPPED = [[30, 30, 0], [30, 30, 0], [0, 0, 60]]


def pairs(after, before=AS_THEY_ARE):
    return [(e.one, e.other) for e in exchanges(before, after, 3)]


def test_an_exchange_of_two_classes_is_found_with_its_shares():
    [found] = exchanges(AS_THEY_ARE, [answers(SWAPPED), AS_THEY_ARE], 3)
    assert (found.one, found.other, found.taken, found.back) == (0, 1, 0.25, 0.25)


@pytest.mark.parametrize(
    "after",
    [
        [AS_THEY_ARE],
        [answers([[30, 30, 0], [0, 60, 0], [0, 0, 60]])],  # one way only
        [answers([[10, 0, 50], [0, 10, 50], [30, 0, 30]])],  # c is what all flee to
        [answers(SWAPPED, sure=False)],
        [answers([[56, 4, 0], [4, 56, 0], [0, 0, 60]])] * 9,  # fewer than a tenth
        [answers([[53, 7, 0], [7, 53, 0], [0, 0, 60]])] * 4,  # might be chance
    ],
)
def test_what_is_no_exchange_is_not_told(after):
    assert pairs(after) == []


def test_an_exchange_of_a_class_that_was_not_known_is_not_told():
    assert pairs([answers(SWAPPED)], answers([[36, 0, 24], [0, 60, 0], [0, 0, 60]])) == []
    assert pairs([answers(SWAPPED)], answers([[48, 0, 12], [0, 60, 0], [0, 0, 60]])) == [(0, 1)]


def told(before, after):
    split = Split(np.zeros((180, 4, 4, 1), np.uint8), before.labels, [*map(str, range(180))])
    return [f.level for f in judged("x", Probe(None, {}, split), "abc", before, after)]


def test_all_that_is_lost_is_told_once_and_not_of_a_network_that_knew_nothing():
    lost = answers([[60, 0, 0], [60, 0, 0], [60, 0, 0]])
    assert told(AS_THEY_ARE, [lost]) == ["warn"]
    assert told(AS_THEY_ARE, [AS_THEY_ARE]) == ["note"]
    weak = answers([[50, 5, 5], [10, 30, 20], [20, 10, 30]])
    assert told(weak, [lost]) == ["note"]


def set_of(pixels, labels):
    """Pictures of arrays, all in train, classes a, b, ..."""
    names = tuple("abcdef"[: labels.max() + 1])
    split = Split(pixels, labels.astype(np.int32), [f"train/{i}" for i in range(len(labels))])
    rule = Preprocess(*pixels.shape[1:])
    return of_source("made", Source("made", "", names, split, None, None, rule))


def blobs(rng, n=360, side=12):
    """A spot (a), a bar across (b) or both (c), somewhere near the middle."""
    labels = np.arange(n) % 3
    pixels = rng.integers(0, 40, (n, side, side, 1)).astype(np.uint8)
    for picture, label, (y, x) in zip(pixels, labels, rng.integers(4, 7, (n, 2)), strict=True):
        if label != 1:
            picture[y : y + 3, x : x + 3] = 220
        if label != 0:
            picture[y - 3 : y - 1, 1:11] = 220
    return pixels, labels


def slopes(rng, n=300, side=12):
    """A line that falls (a) or rises (b): each other's mirror image; colour by chance."""
    labels = np.arange(n) % 2
    pixels = rng.integers(0, 40, (n, side, side, 3)).astype(np.uint8)
    for picture, label, at in zip(pixels, labels, rng.integers(-2, 3, n), strict=True):
        line = np.eye(side, k=at, dtype=bool)
        picture[line[:, ::-1] if label else line] = rng.integers(150, 255, 3)
    return pixels, labels


def shades(rng, n=300, side=8):
    """Dark grey (a) or light grey (b), and nothing else."""
    labels = np.arange(n) % 2
    grey = np.where(labels, 150, 105) + rng.integers(-5, 6, n)
    noise = rng.integers(-8, 9, (n, side, side, 1))
    return (grey[:, None, None, None] + noise).astype(np.uint8), labels


def warned(pictures, augmentations):
    findings, _ = changes(pictures, augmentations)
    return {f.says.partition(" in ")[0] for f in findings if f.level == "warn"}


def test_mirrored_lines_are_each_other_and_their_drawings_come_first(rng):
    pictures = set_of(*slopes(rng))
    findings, drawings = changes(pictures, named("flip,mixup"))
    assert [(f.code, f.level) for f in findings] == [
        ("augmentation", "warn"),
        ("augmentation", "note"),
    ]
    assert findings[0].says.startswith("flip: a is taken for b in ")
    assert [one.augmentation for one in drawings] == ["flip", "mixup"]
    flipped = drawings[0]
    assert flipped.pixels.shape == (8, 4, 12, 12, 3)
    assert tuple((name,) for name in flipped.names) == tuple(findings[0].pictures)
    for name, drawn in zip(flipped.names, flipped.pixels, strict=True):
        original = pictures.pixels[pictures.names.index(name)]
        for one in drawn:
            assert (one == original).all() or (one == original[:, ::-1]).all()
    again, _ = changes(pictures, named("flip"))
    assert again == findings


@pytest.mark.slow
def test_where_light_is_the_label_brightness_changes_it_and_a_mirror_does_not(rng):
    assert warned(set_of(*shades(rng)), named("brightness,flip")) == {
        "brightness: a is taken for b"
    }


@pytest.mark.slow
def test_spots_and_bars_stay_what_they_are_when_mirrored_or_moved(rng):
    assert warned(set_of(*blobs(rng)), named("flip,shift,brightness")) == set()


@pytest.mark.slow
def test_turned_digits_of_mnist_are_others_and_hardly_turned_ones_are_not(mnist_dir):
    found = warned(look("mnist"), (Affine(), Affine(180, 0, 0)))
    assert "affine: 6 is taken for 9" in found
    assert len(found) <= 3


def test_the_network_sees_no_test_picture_and_no_group_on_both_sides(rng):
    pixels, labels = blobs(rng)
    names = [str(i) for i in range(len(labels))]
    whole = Split(pixels, labels.astype(np.int32), names, np.arange(len(labels)) // 6)
    train, test = whole.take(np.arange(300)), whole.take(np.arange(300, 360))
    rule = Preprocess(12, 12, 1)
    pictures = of_source("made", Source("made", "", tuple("abc"), train, None, test, rule))
    object.__setattr__(pictures, "groups", [f"g{i // 6}" for i in range(360)])
    asked = teach(pictures).asked
    assert not set(asked.names) & set(test.names)
    counts = np.bincount([int(name) // 6 for name in asked.names])
    assert set(counts.tolist()) <= {0, 6}


def test_too_few_pictures_are_said_to_be_too_few(rng):
    pixels, labels = blobs(rng, n=3)
    [finding], drawings = changes(set_of(pixels, labels), named("flip"))
    assert finding.level == "note"
    assert "too few" in finding.says
    assert drawings == []


def said(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code, capsys.readouterr()


def test_the_command_warns_and_the_page_shows_originals_beside_drawings(rng, tmp_path, capsys):
    for i, (picture, label) in enumerate(zip(*slopes(rng, n=120), strict=True)):
        folder = tmp_path / "lines" / ("falls", "rises")[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(folder / f"{i}.png")
    page = tmp_path / "doctor.html"
    code, out = said(
        capsys, "doctor", tmp_path / "lines", "--augment", "flip", "--html", page, "--json"
    )
    findings = [f for f in json.loads(out.out)["findings"] if f["code"] == "augmentation"]
    assert code == 1
    assert findings[0]["says"].startswith("flip: falls is taken for rises in ")
    assert page.read_text().count('alt="changed"') == 8 * 4
    code, out = said(capsys, "doctor", tmp_path / "lines", "--augment", "flap")
    assert code == 2
    assert "Did you mean `flip`" in out.err
