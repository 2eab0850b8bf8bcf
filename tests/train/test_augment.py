"""Every augmentation: known moves on both axes, and draws in range."""

import numpy as np
import pytest

from saccade.core.errors import BadUsage
from saccade.models.backend import jax
from saccade.train.augment import AUGMENTATIONS, SETS, augment, from_json, named, to_json
from saccade.train.colour import Brightness, Contrast
from saccade.train.geometry import Affine, AlternatingFlip, Crop, Cutout, Flip, Shift
from saccade.train.loss import cross_entropy, mixed_losses
from saccade.train.mixing import CutMix, Mix, MixUp

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


def test_shift_may_repeat_the_edge():
    moved = Shift(1, edge="nearest").apply(IMAGE, np.array([(-1, 1)]))
    assert np.asarray(moved)[0, :, :, 0].tolist() == [[4, 4, 5], [7, 7, 8], [7, 7, 8]]


@pytest.mark.parametrize("move, expected", MOVES)
def test_affine_moves_as_shift_does(move, expected):
    drawn = np.array([[0, 1, move[0] / 3, move[1] / 3, 0]], np.float32)
    moved = Affine().apply(IMAGE, drawn)
    np.testing.assert_allclose(np.asarray(moved)[0, :, :, 0], expected, atol=1e-4)


def test_affine_turns_clockwise_a_quarter():
    drawn = np.array([[np.pi / 2, 1, 0, 0, 0]], np.float32)
    turned = np.asarray(Affine().apply(IMAGE, drawn))[0, :, :, 0]
    np.testing.assert_allclose(turned, np.rot90(IMAGE[0, :, :, 0], -1), atol=1e-4)


def test_affine_enlarges_around_the_centre():
    drawn = np.array([[0, 2, 0, 0, 0]], np.float32)
    larger = np.asarray(Affine().apply(IMAGE, drawn))[0, :, :, 0]
    np.testing.assert_allclose(larger, [[3, 3.5, 4], [4.5, 5, 5.5], [6, 6.5, 7]], atol=1e-4)


def leaves(drawn):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(drawn)]


@pytest.mark.parametrize("kind", AUGMENTATIONS.values())
def test_draws_differ_by_picture_and_key_and_keep_the_shape(kind):
    change = kind()
    images = np.random.default_rng(0).integers(0, 256, (20, 9, 11, 3), dtype=np.uint8)
    one, same, other = (change.draw(jax.random.key(k), 20) for k in (0, 0, 1))
    for first, again, another in zip(leaves(one), leaves(same), leaves(other), strict=True):
        assert (first == again).all()
        assert (first != another).any() or first.shape[-1] == 5
        assert len(np.unique(first, axis=0)) > 1
    result = np.asarray(augment((change,), images, jax.random.key(0)).images)
    assert result.shape == images.shape
    assert (result != images).any()
    if kind not in (Brightness, Contrast):  # those go beyond white and black, as the decks' do
        assert result.min() >= 0
        assert result.max() <= 255


def test_affine_draws_within_its_limits_on_both_sides():
    drawn = np.asarray(Affine(10, 0.1, 0.06, 0.2).draw(jax.random.key(0), 4000))
    limits = [np.radians(10), 0.1, 0.06, 0.06, 0.2]
    centred = drawn - [0, 1, 0, 0, 0]
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


def test_alternating_flip_mirrors_every_picture_in_every_second_epoch():
    numbers = jax.numpy.arange(5000)
    epochs = [np.asarray(AlternatingFlip().turn(numbers, np.int32(epoch))) for epoch in range(4)]
    assert (epochs[0] == ~epochs[1]).all()
    assert (epochs[0] == epochs[2]).all() and (epochs[1] == epochs[3]).all()
    assert epochs[0].mean() == pytest.approx(0.5, abs=0.02)
    # And not one after the other: neighbours are often of one class.
    assert (epochs[0][1:] == epochs[0][:-1]).mean() == pytest.approx(0.5, abs=0.15)


def test_crop_draws_from_its_least_share_up_and_from_anywhere():
    drawn = np.asarray(Crop(0.6).draw(jax.random.key(0), 5000))
    assert drawn.min(0) == pytest.approx([0.6, 0, 0], abs=0.01)
    assert drawn.max(0) == pytest.approx([1, 1, 1], abs=0.01)


def test_affine_moves_by_shares_of_each_side():
    wide = np.zeros((1, 4, 8, 1), np.uint8)
    wide[0, 1, 2] = 9
    moved = np.asarray(Affine().apply(wide, np.array([[0, 1, 0.25, 0.5, 0]], np.float32)))
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
    assert (np.asarray(augment(changes, images, key).images) == np.asarray(expected)).all()
    assert augment((), images, key).images is images


def test_affine_shears_rows_against_each_other_about_the_middle():
    sheared = np.asarray(Affine().apply(IMAGE, np.array([[0, 1, 0, 0, 1.0]], np.float32)))
    assert sheared[0, :, :, 0].round(4).tolist() == [[2, 3, 0], [4, 5, 6], [0, 7, 8]]


def test_what_lies_outside_is_black_or_the_outermost_pixels():
    drawn = np.array([[0, 1, 1 / 3, 0, 0]], np.float32)
    black = np.asarray(Affine().apply(IMAGE, drawn))[0, 0, :, 0]
    nearest = np.asarray(Affine(edge="nearest").apply(IMAGE, drawn))[0, 0, :, 0]
    assert black.round(4).tolist() == [0, 0, 0]
    assert nearest.round(4).tolist() == [1, 2, 3]


def test_brightness_adds_the_same_everywhere_and_contrast_spreads_each_channel():
    picture = np.array([[[[10, 0], [30, 100]]]], np.uint8)  # two pixels, two channels
    lighter = np.asarray(Brightness().apply(picture, np.array([-20.0], np.float32)))
    assert lighter.tolist() == [[[[-10, -20], [10, 80]]]]
    spread = np.asarray(Contrast().apply(picture, np.array([0.5], np.float32)))
    assert spread.tolist() == [[[[15, 25], [25, 75]]]]
    drawn = np.asarray(Brightness().draw(jax.random.key(0), 4000))
    assert (drawn.min(), drawn.max()) == pytest.approx((-63, 63), abs=0.5)
    drawn = np.asarray(Contrast().draw(jax.random.key(0), 4000))
    assert (drawn.min(), drawn.max()) == pytest.approx((0.2, 1.8), abs=0.01)


def test_a_cut_out_square_lies_where_it_was_drawn_and_may_reach_over_the_edge():
    white = np.full((2, 8, 6, 1), 255, np.uint8)
    middles = np.array([[0.5, 0.5], [0.0, 1.0]], np.float32)
    cut = np.asarray(Cutout(2 / 3).apply(white, middles))[..., 0] == 0
    assert cut.sum((1, 2)).tolist() == [16, 4]  # 4x4, and a corner's quarter
    assert cut[1, :2, 4:].all()


def test_mixed_up_pictures_and_cut_mixed_ones_are_of_their_shares():
    pair = np.stack([np.full((4, 4, 1), 0), np.full((4, 4, 1), 200)]).astype(np.uint8)
    middle = np.array([0.5, 0.5], np.float32)
    mix = Mix(np.array([1, 0]), np.array([0.75, 0.4], np.float32), middle, middle)
    laid, told = MixUp().apply(pair, mix)
    assert np.asarray(laid)[:, 0, 0, 0] == pytest.approx([50, 80])
    cut, told = CutMix().apply(pair, mix)
    assert np.asarray(told.share) == pytest.approx((np.asarray(cut) == pair).mean((1, 2, 3)))


def test_the_loss_of_a_mixed_picture_is_of_both_labels_by_their_shares():
    logits = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    labels, other = np.array([0, 1, 2]), np.array([2, 0, 1])
    share = np.array([1.0, 0.25, 0.5], np.float32)
    mix = Mix(other, share, np.zeros(3), np.zeros(3))
    plain, swapped = (np.asarray(cross_entropy(logits, each)) for each in (labels, labels[other]))
    found = mixed_losses(logits, labels, mix, 0.0)
    assert np.asarray(found) == pytest.approx(share * plain + (1 - share) * swapped)
    assert np.asarray(mixed_losses(logits, labels, None, 0.0)) == pytest.approx(plain)


def test_a_name_may_be_a_set_and_every_one_goes_through_json():
    assert named("flowers,cutout") == (*SETS["flowers"], Cutout())
    for one in (named(name) for name in [*AUGMENTATIONS, *SETS]):
        assert from_json(to_json(one)) == one
    with pytest.raises(BadUsage, match="not both"):
        named("mixup,cutmix")
    with pytest.raises(BadUsage, match="Did you mean `cutout`"):
        named("cutot")


@pytest.mark.parametrize(
    "change",
    [
        lambda: Affine(shear=1.5),
        lambda: Affine(edge="white"),
        lambda: Brightness(0),
        lambda: Contrast(2, 1),
        lambda: Cutout(0),
        lambda: MixUp(0),
        lambda: CutMix(-1),
    ],
)
def test_numbers_out_of_range_are_refused(change):
    with pytest.raises(BadUsage, match="got"):
        change()
