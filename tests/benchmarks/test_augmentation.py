"""What the benchmark of augmentation compares differs in augmentation, or is the deck's."""

from dataclasses import replace

import pytest


@pytest.fixture
def recipes():
    import augmentation

    return lambda pair, **how: augmentation.recipes(augmentation.PAIRS[pair], **how)


def test_ours_differ_in_augmentation_alone(recipes):
    ways = recipes("flowers", seed=3, share=1.0)
    augmented = [recipe.augment for recipe in ways.values()]
    assert augmented[0] == () and all(augmented[1:]) and len(set(augmented)) == 3
    bare = [replace(recipe, augment=()) for recipe in ways.values()]
    assert bare == [bare[0]] * 3 and bare[0].seed == 3


@pytest.mark.parametrize("share", [1.0, 0.1])
def test_the_deck_s_are_as_it_has_them(recipes, share):
    plain, augmented = recipes("cats-dogs", seed=0, share=share).values()
    assert (plain.steps, plain.batch_size, plain.augment) == (2_000 * share, 20, ())
    assert (augmented.steps, augmented.batch_size) == (6_000 * share, 32)
    assert augmented.augment
