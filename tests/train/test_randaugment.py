"""Every operation of RandAugment against Pillow's or a known move, and how they are drawn."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from saccade.core.errors import BadUsage
from saccade.models.backend import jax
from saccade.train.geometry import Affine
from saccade.train.randaugment import MOVE, OPERATIONS, SHEAR, TURN, Drawn, RandAugment


@pytest.fixture
def pictures(rng):
    """Four of 24x20 in colour: rough in one, smooth in others, not all from black to white."""
    small = rng.integers(20, 200, (4, 5, 6, 3), dtype=np.uint8)
    images = [Image.fromarray(one).resize((20, 24), Image.Resampling.BICUBIC) for one in small]
    return np.stack([*map(np.asarray, images[:3]), rng.integers(0, 256, (24, 20, 3), np.uint8)])


def applied(name, images, sign=1.0, magnitude=0.9):
    count = len(images)
    drawn = Drawn(np.full((count, 1), OPERATIONS.index(name)), np.full((count, 1), sign))
    return np.asarray(RandAugment(1, magnitude).apply(images, drawn))


PILLOWS = {
    "identity": lambda image: image,
    "autocontrast": ImageOps.autocontrast,
    "equalize": ImageOps.equalize,
    "solarize": lambda image: ImageOps.solarize(image, 192),
    "posterize": lambda image: ImageOps.posterize(image, 7),
    "colour": lambda image: ImageEnhance.Color(image).enhance(1.225),
    "contrast": lambda image: ImageEnhance.Contrast(image).enhance(1.225),
    "brightness": lambda image: ImageEnhance.Brightness(image).enhance(1.225),
    "sharpness": lambda image: ImageEnhance.Sharpness(image).enhance(1.225),
}


@pytest.mark.parametrize("name", PILLOWS)
def test_what_changes_values_does_so_as_pillow(name, pictures):
    expected = np.stack([np.asarray(PILLOWS[name](Image.fromarray(one))) for one in pictures])
    most = 0 if name == "equalize" else 1.5  # Pillow rounds on its way
    np.testing.assert_allclose(applied(name, pictures, magnitude=0.25), expected, atol=most)


def test_equalizing_rounds_as_pillow_where_a_value_takes_several_pixels(rng):
    picture = rng.integers(20, 90, (48, 40, 3), dtype=np.uint8)
    expected = np.asarray(ImageOps.equalize(Image.fromarray(picture)))
    assert (applied("equalize", picture[None])[0] == expected).all()


@pytest.mark.parametrize("name", ["colour", "contrast", "brightness", "sharpness"])
def test_the_other_way_is_nearer_to_nothing(name, pictures):
    there, same, back = (applied(name, pictures[:3], sign, 0.1) for sign in (1, 0, -1))
    inside = (there > 0) & (there < 255)
    np.testing.assert_allclose((there + back)[inside], 2 * same[inside], atol=1e-3)
    assert (there != back).any()


AFFINE = {  # angle, scale, down, right, shear of the same move
    "rotate": [TURN, 1, 0, 0, 0],
    "translate-x": [0, 1, 0, MOVE, 0],
    "translate-y": [0, 1, MOVE, 0, 0],
    "shear-x": [0, 1, 0, 0, SHEAR],
}


@pytest.mark.parametrize("name", AFFINE)
@pytest.mark.parametrize("sign", [1, -1])
def test_moves_are_those_of_affine(name, sign, pictures):
    drawn = np.array(AFFINE[name]) - [0, 1, 0, 0, 0]
    drawn = np.tile(sign * drawn * 0.5 + [0, 1, 0, 0, 0], (4, 1)).astype(np.float32)
    expected = np.asarray(Affine().apply(pictures, drawn))
    np.testing.assert_allclose(applied(name, pictures, sign, 0.5), expected, atol=1e-2)


def test_shear_y_is_shear_x_of_the_picture_on_its_side(pictures):
    turned = applied("shear-x", pictures.swapaxes(1, 2)).swapaxes(1, 2)
    np.testing.assert_allclose(applied("shear-y", pictures), turned, atol=1e-2)


def test_each_picture_has_its_own_and_one_follows_the_other(pictures):
    names = [["solarize", "translate-x"], ["identity", "identity"], ["brightness", "equalize"]]
    drawn = Drawn(np.array([[OPERATIONS.index(n) for n in row] for row in names]), np.ones((3, 2)))
    together = np.asarray(RandAugment().apply(pictures[:3], drawn))
    for picture, result, (first, second) in zip(pictures, together, names, strict=False):
        expected = applied(second, applied(first, picture[None]))[0]
        np.testing.assert_allclose(result, expected, atol=1e-3)
    assert (together[1] == pictures[1]).all()


def test_grey_pictures_have_no_colour_and_flat_ones_stay(pictures):
    grey = pictures[..., :1]
    for name in OPERATIONS:
        assert applied(name, grey).shape == grey.shape
    assert (applied("colour", grey) == grey).all()
    flat = np.full((1, 5, 5, 1), 90, np.uint8)
    for name in ("autocontrast", "equalize", "sharpness"):
        assert applied(name, flat) == pytest.approx(90, abs=1e-3)


def test_every_operation_is_as_likely_and_goes_both_ways():
    drawn = RandAugment(3).draw(jax.random.key(0), 7000)
    assert drawn.operations.shape == drawn.signs.shape == (7000, 3)
    for column in np.asarray(drawn.operations).T:
        share = np.bincount(column, minlength=14) / 7000
        assert share == pytest.approx(1 / 14, abs=0.015)
    assert np.unique(drawn.signs).tolist() == [-1, 1]
    assert np.asarray(drawn.signs).mean() == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("numbers", [(0, 0.9), (2, 1.1), (2, -0.1)])
def test_numbers_out_of_range_are_refused(numbers):
    with pytest.raises(BadUsage, match="got"):
        RandAugment(*numbers)
