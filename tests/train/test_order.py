"""Which pictures come when."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saccade.train.order import batch_ids, batches, evenly
from saccade.train.recipe import Recipe


@given(images=st.integers(1, 60), size=st.integers(1, 60), seed=st.integers(0, 9))
def test_every_image_comes_once_an_epoch_and_no_batch_is_short(images, size, seed):
    size = min(size, images)
    steps = 3 * images
    ids = batch_ids(images, size, 0, steps, seed=seed, shuffle="every epoch")
    assert ids.shape == (steps, size)
    for epoch in ids.ravel()[: 3 * size * images // images * images].reshape(-1, images):
        assert sorted(epoch) == list(range(images))


@given(first=st.integers(0, 50), count=st.integers(1, 40))
def test_any_part_of_the_stream_is_the_same_stream(first, count):
    whole = batch_ids(17, 5, 0, 100, seed=3, shuffle="every epoch")
    part = batch_ids(17, 5, first, count, seed=3, shuffle="every epoch")
    assert (part == whole[first : first + count]).all()


@pytest.mark.parametrize("shuffle, alike", [("once", True), ("every epoch", False)])
def test_epochs_repeat_only_if_shuffled_once(shuffle, alike):
    ids = batch_ids(40, 40, 0, 2, seed=0, shuffle=shuffle)
    assert (ids[0] == ids[1]).all() == alike


def test_no_epoch_of_one_seed_is_an_epoch_of_another():
    orders = [
        tuple(batch_ids(40, 40, epoch, 1, seed=seed, shuffle="every epoch")[0])
        for seed in range(4)
        for epoch in range(4)
    ]
    assert len(set(orders)) == 16


def test_order_follows_the_seed():
    one, other = (batch_ids(40, 40, 0, 1, seed=s, shuffle="once") for s in (0, 1))
    assert (one != other).any()
    assert not (one[0] == np.arange(40)).all()


@given(counts=st.lists(st.integers(1, 30), min_size=2, max_size=5), epoch=st.integers(0, 5))
def test_an_even_epoch_has_every_class_alike_and_of_each_every_picture_alike(counts, epoch):
    labels = np.repeat(np.arange(len(counts)), counts)
    order = evenly(labels, 3, epoch)
    assert len(order) == len(labels)
    told = np.bincount(labels[order], minlength=len(counts))
    assert told.max() - told.min() <= 1
    for label in range(len(counts)):
        times = np.bincount(order, minlength=len(labels))[labels == label]
        assert times.max() - times.min() <= 1


def test_any_part_of_an_even_stream_is_the_same_stream_and_epochs_differ():
    labels = np.array([0] * 13 + [1] * 4)
    whole = batch_ids(17, 5, 0, 100, seed=3, shuffle="every epoch", even=labels)
    part = batch_ids(17, 5, 41, 9, seed=3, shuffle="every epoch", even=labels)
    assert (part == whole[41:50]).all()
    epochs = whole.ravel()[: 17 * 20].reshape(20, 17)
    assert len({tuple(epoch) for epoch in epochs}) == 20
    assert set(epochs.ravel()) == set(range(17)), "a picture never comes"


def test_a_recipe_says_its_batches():
    labels = np.array([0] * 9 + [1])
    for recipe, even in (
        (Recipe(epochs=1, batch_size=4, seed=5, shuffle="once"), None),
        (Recipe(epochs=1, batch_size=4, seed=5, balance="sampling"), labels),
        (Recipe(epochs=1, batch_size=4, seed=5, balance="weights"), None),
    ):
        ids = batch_ids(10, 4, 2, 3, seed=5, shuffle=recipe.shuffle, even=even)
        assert (batches(recipe, labels, 2, 3) == ids).all()
    drawn = labels[batches(Recipe(epochs=1, batch_size=4, balance="sampling"), labels, 0, 5)]
    assert (drawn == 1).sum() == 10
