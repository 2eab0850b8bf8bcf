"""The digits that come with scikit-learn, read without it."""

import subprocess
import sys

import numpy as np
import pytest

import saccade
from saccade.core.errors import MissingFile
from saccade.data import digits


def test_it_is_the_set_that_scikit_learn_has():
    from sklearn.datasets import load_digits

    theirs = load_digits()
    data = saccade.load("digits")
    ours = {}
    for part in (data.train, data.test):
        for name, pixels, label in zip(part.names, part.pixels, part.labels, strict=True):
            ours[int(name.split("/")[1])] = (pixels, label)
    assert sorted(ours) == list(range(1797))
    assert [ours[i][1] for i in range(1797)] == theirs.target.tolist()
    expected = np.round(theirs.images * 255 / 16).astype(np.uint8)
    assert np.array_equal(np.stack([ours[i][0][..., 0] for i in range(1797)]), expected)


def test_a_fifth_is_held_out_stratified():
    data = saccade.load("digits")
    assert (len(data.train), len(data.test), data.validation) == (1438, 359, None)
    whole = np.bincount(np.r_[data.train.labels, data.test.labels])
    assert np.abs(np.bincount(data.test.labels) - whole / 5).max() <= 0.5
    assert data.input_shape == (8, 8, 1)
    assert data.test_origin == "held out"
    assert data.train.pixels.max() == 255


def test_it_says_in_one_line_what_was_read():
    text = saccade.load("digits").statement
    assert text == (
        "digits: 1,797 grey images 8x8 in 10 classes; "
        "1,438 to train, 359 to test (held out, stratified)"
    )


def test_reading_it_does_not_import_scikit_learn_nor_jax():
    code = (
        "import saccade, sys; saccade.load('digits');"
        "print([m for m in ('sklearn', 'jax', 'keras', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_scikit_learn_it_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setattr(digits.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingFile, match="scikit-learn"):
        digits.read()
