"""Every augmentation: known moves on both axes, and draws in range."""

import numpy as np
import pytest

from saccade.models.backend import jax
from saccade.train.augment import AUGMENTATIONS, Affine, Crop, Flip, Shift, augment

IMAGE = np.arange(1, 10, dtype=np.uint8).reshape(1, 3, 3, 1)
MOVES = [
    ((0, 0), [[1, 2, 3], [4, 5, 6], [7, 8, 9]]),
    ((1, 0), [[0, 0, 0], [1, 2, 3], [4, 5, 6]]),
    ((0, 1), [[0, 1, 2], [0, 4, 5], [0, 7, 8]]),
    ((-1, -1), [[5, 6, 0], [8, 9, 0], [0, 0, 0]]),
]


@pytest.mark.parametrize("move, expected", MOVES)
def test_shift_by_a_known_move(move, expected):
    moved = Shift(1).apply(IMAGE, np.array([move]))
    assert np.asarray(moved)[0, :, :, 0].tolist() == expected


@pytest.mark.parametrize("move, expected", MOVES)
def test_affine_moves_as_shift_does(move, expected):
    drawn = np.array([[0, 1, move[0] / 3, move[1] / 3]], np.float32)
    moved = Affine().apply(IMAGE, drawn)
    np.testing.assert_allclose(np.asarray(moved)[0, :, :, 0], expected, atol=1e-4)


def test_affine_turns_clockwise_a_quarter():
    drawn = np.array([[np.pi / 2, 1, 0, 0]], np.float32)
    turned = np.asarray(Affine().apply(IMAGE, drawn))[0, :, :, 0]
    np.testing.assert_allclose(turned, np.rot90(IMAGE[0, :, :, 0], -1), atol=1e-4)


def test_affine_enlarges_around_the_centre():
    drawn = np.array([[0, 2, 0, 0]], np.float32)
    larger = np.asarray(Affine().apply(IMAGE, drawn))[0, :, :, 0]
    np.testing.assert_allclose(larger, [[3, 3.5, 4], [4.5, 5, 5.5], [6, 6.5, 7]], atol=1e-4)


@pytest.mark.parametrize("kind", AUGMENTATIONS.values())
def test_draws_differ_by_picture_and_key_and_keep_shape_and_range(kind):
    change = kind()
    images = np.random.default_rng(0).integers(0, 256, (20, 9, 11, 3), dtype=np.uint8)
    one, same, other = (change.draw(jax.random.key(k), 20) for k in (0, 0, 1))
    assert (np.asarray(one) == np.asarray(same)).all()
    assert (np.asarray(one) != np.asarray(other)).any()
    assert len(np.unique(np.asarray(one), axis=0)) > 1
    result = np.asarray(change.apply(images, one))
    assert result.shape == images.shape
    assert result.min() >= 0
    assert result.max() <= 255


def test_affine_draws_within_its_limits_on_both_sides():
    drawn = np.asarray(Affine(10, 0.1, 0.06).draw(jax.random.key(0), 4000))
    limits = [np.radians(10), 0.1, 0.06, 0.06]
    centred = drawn - [0, 1, 0, 0]
    np.testing.assert_allclose(centred.max(0), limits, rtol=0.02)
    np.testing.assert_allclose(centred.min(0), -np.array(limits), rtol=0.02)


def test_shift_draws_every_move_alike():
    drawn = np.asarray(Shift(2).draw(jax.random.key(0), 5000))
    for along in drawn.T:
        moves, counts = np.unique(along, return_counts=True)
        assert moves.tolist() == [-2, -1, 0, 1, 2]
        assert counts / 5000 == pytest.approx(0.2, abs=0.02)


def test_flip_draws_every_second_picture():
    drawn = np.asarray(Flip().draw(jax.random.key(0), 5000))
    assert drawn.mean() == pytest.approx(0.5, abs=0.02)


def test_crop_draws_from_its_least_share_up_and_from_anywhere():
    drawn = np.asarray(Crop(0.6).draw(jax.random.key(0), 5000))
    assert drawn.min(0) == pytest.approx([0.6, 0, 0], abs=0.01)
    assert drawn.max(0) == pytest.approx([1, 1, 1], abs=0.01)


def test_affine_moves_by_shares_of_each_side():
    wide = np.zeros((1, 4, 8, 1), np.uint8)
    wide[0, 1, 2] = 9
    moved = np.asarray(Affine().apply(wide, np.array([[0, 1, 0.25, 0.5]], np.float32)))
    assert np.argwhere(moved[0, :, :, 0] > 4).tolist() == [[2, 6]]


def test_flip_mirrors_left_to_right_and_only_those_drawn():
    pair = np.concatenate([IMAGE, IMAGE])
    flipped = np.asarray(Flip().apply(pair, np.array([True, False])))[..., 0]
    assert flipped[0].tolist() == [[3, 2, 1], [6, 5, 4], [9, 8, 7]]
    assert flipped[1].tolist() == IMAGE[0, :, :, 0].tolist()


def test_crop_takes_the_window_it_is_told():
    whole = np.asarray(Crop().apply(IMAGE, np.array([[1.0, 0.3, 0.9]], np.float32)))
    np.testing.assert_allclose(whole, IMAGE, atol=1e-5)
    corner = np.asarray(Crop(0.5).apply(IMAGE, np.array([[0.5, 1.0, 0.0]], np.float32)))
    np.testing.assert_allclose(
        corner[0, :, :, 0], [[4, 4.5, 5], [5.5, 6, 6.5], [7, 7.5, 8]], atol=1e-5
    )


def test_several_follow_one_another_with_keys_of_their_own():
    changes = (Flip(), Shift(1))
    key = jax.random.key(5)
    images = np.repeat(IMAGE, 8, axis=0)
    expected = images
    for i, change in enumerate(changes):
        expected = change.apply(expected, change.draw(jax.random.fold_in(key, i), 8))
    assert (np.asarray(augment(changes, images, key)) == np.asarray(expected)).all()
    assert augment((), images, key) is images
