"""Pictures made small, and laid out on a sheet."""

import numpy as np
import pytest

from saccade.core.thumbnails import contact_sheet, thumbnails


@pytest.mark.parametrize(
    "shape, longest, expected",
    [
        ((28, 28, 1), 48, (28, 28, 1)),
        ((96, 96, 3), 48, (48, 48, 3)),
        ((97, 50, 3), 48, (33, 17, 3)),
        ((299, 299, 3), 32, (30, 30, 3)),
        ((8, 100, 1), 32, (2, 25, 1)),
    ],
)
def test_no_side_is_longer_and_the_shape_is_kept(shape, longest, expected):
    small = thumbnails(np.zeros((3, *shape), np.uint8), longest)
    assert small.shape == (3, *expected)
    assert small.dtype == np.uint8


def test_a_pixel_is_the_mean_of_its_square_and_edges_repeat():
    picture = np.array([[0, 100, 7], [100, 200, 9]], np.uint8)[None, :, :, None]
    np.testing.assert_array_equal(thumbnails(picture, 2)[0, :, :, 0], [[100, 8]])


def test_small_pictures_stay_as_they_are(rng):
    pictures = rng.integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)
    assert thumbnails(pictures, 48) is pictures


def test_a_sheet_has_them_row_after_row():
    pictures = np.arange(1, 8, dtype=np.uint8)[:, None, None, None] * np.ones(
        (1, 2, 3, 1), np.uint8
    )
    sheet = contact_sheet(pictures, columns=3)[..., 0]
    expected = [[1, 2, 3], [4, 5, 6], [7, 0, 0]]
    np.testing.assert_array_equal(sheet[::2, ::3], expected)
    np.testing.assert_array_equal(sheet, np.kron(expected, np.ones((2, 3))))
