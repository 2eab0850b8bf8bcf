"""Golden pictures: the same everywhere, and unlike for whoever reads pictures otherwise."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from saccade.bundle.bundle import golden_of
from saccade.core.decode import decode
from saccade.core.preprocess import Preprocess
from saccade.export.golden import as_files, drawn, golden_file

RULE = Preprocess(24, 24, 3)
SHARE = 0.01  # of the brightness, on average over some picture


def test_they_are_drawn_alike_every_time():
    assert drawn(28, 28) == drawn(28, 28)
    assert drawn(28, 28) != drawn(28, 29)
    assert len(set(drawn(28, 28))) == 6


@pytest.mark.parametrize("height, width", [(1, 1), (8, 8), (32, 32), (96, 64), (224, 224)])
def test_they_can_be_read_for_any_network(height, width):
    for channels in (1, 3):
        rule = Preprocess(height, width, channels)
        for file in drawn(height, width):
            assert rule.read(file).shape == (height, width, channels)


def opened(file):
    with Image.open(io.BytesIO(file)) as image:
        image.load()
        return image


def by(file, *, turn=True, white=True, blue_first=False, how=Image.Resampling.BILINEAR, crop=True):
    """A picture as somebody else's program may read it."""
    image = opened(file)
    image = ImageOps.exif_transpose(image) if turn else image
    if image.mode == "RGBA" and white:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB")
    box = RULE._centre(*image.size) if crop else None
    pixels = np.asarray(image.resize((24, 24), how, box=box))
    return pixels[..., ::-1] if blue_first else pixels


def apart(**how):
    """The largest mean difference of a picture, of 255."""
    return max(
        np.abs(RULE.read(file).astype(float) - by(file, **how)).mean() for file in drawn(24, 24)
    )


def test_whoever_reads_as_we_do_sees_the_same():
    assert apart() < 255 * SHARE  # decoders of JPEG differ a little


@pytest.mark.parametrize(
    "how",
    [
        {"turn": False},
        {"white": False},
        {"blue_first": True},
        {"crop": False},
        {"how": Image.Resampling.NEAREST},
    ],
)
def test_whoever_reads_otherwise_sees_another_picture(how):
    assert apart(**how) > 255 * SHARE


@pytest.mark.parametrize("channels", [1, 3])
def test_held_out_pictures_come_without_loss(rng, channels):
    pixels = rng.integers(0, 256, (3, 9, 7, channels), dtype=np.uint8)
    for file, each in zip(as_files(pixels), pixels, strict=True):
        np.testing.assert_array_equal(decode(file), each)
        np.testing.assert_array_equal(Preprocess(9, 7, channels).read(file), each)


def test_the_file_holds_what_was_given(tmp_path):
    pictures, right = drawn(8, 8), np.full((6, 2), 0.5)
    back, probabilities = golden_of(tmp_path, golden_file(pictures, right), 2)
    assert back == pictures and (probabilities == right).all()
