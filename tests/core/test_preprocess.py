"""One record turns any picture into a network's input, the same way everywhere."""

import io
import json

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from saccade.core.errors import BadData, BadUsage
from saccade.core.preprocess import Preprocess


def colours(*rows: str) -> np.ndarray:
    """uint8 [height, width, 3] from one letter a pixel."""
    value = {"r": (255, 0, 0), "g": (0, 255, 0), "b": (0, 0, 255), "w": (255,) * 3, "k": (0,) * 3}
    return np.array([[value[letter] for letter in row] for row in rows], np.uint8)


def test_a_picture_of_the_right_size_is_left_as_it_is():
    picture = np.random.default_rng(0).integers(0, 256, (6, 9, 3), np.uint8)
    assert np.array_equal(Preprocess(6, 9, 3).pixels(picture), picture)


def test_a_picture_of_the_right_size_on_its_side_is_cropped_not_read_along_other_rows():
    rows = np.repeat(np.arange(0, 90, 10, np.uint8)[:, None, None], 6, 1)
    got = Preprocess(6, 9, 1).pixels(rows)
    assert (got == got[:, :1]).all()
    assert (np.diff(got[:, 0, 0].astype(int)) > 0).all()


def test_crop_keeps_the_centre_of_a_wide_picture():
    got = Preprocess(2, 2, 3).pixels(colours("rggb", "rggb"))
    assert np.array_equal(got, colours("gg", "gg"))


def test_crop_keeps_the_centre_of_a_tall_picture():
    got = Preprocess(2, 2, 3).pixels(colours("rr", "gg", "gg", "bb"))
    assert np.array_equal(got, colours("gg", "gg"))


def test_crop_scales_the_shorter_side():
    picture = np.repeat(np.repeat(colours("rggb", "rggb"), 10, 0), 10, 1)
    got = Preprocess(2, 2, 3).pixels(picture)
    assert np.abs(got.astype(int) - colours("gg", "gg")).max() <= 70  # the edge is antialiased
    assert (got.argmax(2) == 1).all()


def test_crop_follows_the_aspect_ratio_of_the_target():
    got = Preprocess(1, 3, 3).pixels(colours("rrr", "ggg", "bbb"))
    assert np.array_equal(got, colours("ggg"))


def test_stretch_uses_the_whole_picture():
    picture = np.repeat(colours("rrbb", "rrbb"), 2, 0)
    got = Preprocess(2, 2, 3, fit="stretch").pixels(picture)
    assert got[:, 0, 0].min() > 200
    assert got[:, 1, 2].min() > 200


def test_shrinking_averages_instead_of_picking_pixels():
    checks = np.indices((64, 64)).sum(0) % 2 * 255
    got = Preprocess(8, 8, 1).pixels(checks.astype(np.uint8)[..., None])
    assert np.abs(got.astype(int) - 127).max() <= 3


def test_grey_is_itu_r_601_luma():
    got = Preprocess(1, 5, 1).pixels(colours("rgbwk"))
    assert got[0, :, 0].tolist() == [76, 150, 29, 255, 0]


def test_grey_becomes_rgb_with_equal_channels():
    grey = np.array([[[3], [200]]], np.uint8)
    assert Preprocess(1, 2, 3).pixels(grey).tolist() == [[[3] * 3, [200] * 3]]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    height=st.integers(1, 700),
    width=st.integers(1, 700),
    side=st.integers(1, 240),
    across=st.integers(1, 240) | st.none(),
)
@example(height=58, width=29, side=28, across=None)
@example(height=29, width=58, side=28, across=None)
@example(height=225, width=450, side=224, across=None)
def test_a_picture_of_any_size_comes_out_at_the_target_size(height, width, side, across):
    rule = Preprocess(side, across or side, 1)
    got = rule.pixels(np.full((height, width, 1), 9, np.uint8))
    assert got.shape == (side, across or side, 1)
    assert (got == 9).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (2, 3)])
@pytest.mark.parametrize("fit", ["crop", "stretch"])
def test_the_oddest_shapes_are_brought_to_size(shape, fit):
    got = Preprocess(96, 96, 3, fit=fit).pixels(np.full((*shape, 3), 7, np.uint8))
    assert got.shape == (96, 96, 3)
    assert (got == 7).all()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_the_same_bytes_always_give_the_same_array(kind):
    picture = np.random.default_rng(1).integers(0, 256, (300, 410, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind)
    rule = Preprocess(32, 32, 3)
    first = rule.read(file.getvalue())
    assert first.dtype == np.uint8
    assert all(np.array_equal(rule.read(file.getvalue()), first) for _ in range(3))
    assert np.array_equal(
        Preprocess(**json.loads(json.dumps(rule.to_json()))).read(file.getvalue()), first
    )


def test_a_large_jpeg_reduced_while_decoding_looks_like_the_full_one():
    rows, columns = np.mgrid[:600, :800]
    picture = np.stack([rows / 600, columns / 800, (rows + columns) / 1400], 2) * 255
    file = io.BytesIO()
    Image.fromarray(picture.astype(np.uint8)).save(file, "JPEG", quality=95)
    rule = Preprocess(32, 32, 3)
    exact = rule.pixels(picture.astype(np.uint8))
    assert np.abs(rule.read(file.getvalue()).astype(int) - exact).max() <= 4


def test_a_jpeg_is_never_reduced_so_far_that_detail_is_lost():
    stripes = np.repeat(255 * (np.arange(256) // 16 % 2)[None, :], 256, 0).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(stripes).save(file, "JPEG", quality=95)
    rule = Preprocess(32, 32, 1)
    exact = rule.pixels(stripes[..., None])
    assert np.abs(rule.read(file.getvalue()).astype(int) - exact).max() <= 12


def test_bytes_that_are_no_picture_are_bad_data():
    with pytest.raises(BadData):
        Preprocess(8, 8, 1).read(b"hello")


@pytest.mark.parametrize(
    "values",
    [
        {"height": 0, "width": 8, "channels": 1},
        {"height": 8, "width": -1, "channels": 1},
        {"height": 8, "width": 8, "channels": 2},
        {"height": 8, "width": 8, "channels": 3, "fit": "squeeze"},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(values):
    with pytest.raises(BadUsage):
        Preprocess(**values)
