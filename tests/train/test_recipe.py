"""Recipes: the originals' numbers, ranges, and values that survive JSON."""

import json
import math

import pytest

from saccade.core.errors import BadUsage
from saccade.models import MODELS
from saccade.train.geometry import Affine, Crop, Shift
from saccade.train.originals import RECIPES
from saccade.train.recipe import Recipe
from saccade.train.recipes import recipe
from saccade.train.schedule import Constant, Cosine, Exponential, OneCycle, Step

EVERY = [recipe(model) for model in MODELS] + list(RECIPES.values())


@pytest.mark.parametrize("one", EVERY, ids=lambda r: f"{r.name}")
def test_a_recipe_survives_json(one):
    assert Recipe.from_json(json.loads(json.dumps(one.to_json()))) == one


@pytest.mark.parametrize("name", RECIPES)
def test_an_original_says_where_it_comes_from(name):
    original = RECIPES[name]
    assert original.name == name
    assert original.source.partition(", ")[0] or original.source
    assert original.reported is None or 0.1 < original.reported < 1
    # Either nothing is held out and test is watched, as most decks do, or the other way round.
    assert (original.watch == "test") == (original.validation_share == 0)


@pytest.mark.parametrize("name", [name for name in RECIPES if name[0] == "G" and name != "GML"])
def test_goerners_recipes_share_their_habits(name):
    original = RECIPES[name]
    assert original.source.startswith("Görner, mnist_")
    assert (original.watch, original.shuffle, original.batch_size) == ("test", "once", 100)
    assert original.pixel_scale == 1 / 256
    assert 0.9 < original.reported < 1


def test_the_decks_rates():
    """seeds.md 1: the values the original prints."""
    g3 = RECIPES["G3.0"].schedule
    table = {0: 0.0031, 1000: 0.0019196, 2000: 0.0012036, 5000: 0.00034625, 10_000: 0.00012021}
    for step, rate in table.items():
        assert g3(step, 10_001) == pytest.approx(rate, rel=1e-4)
    assert RECIPES["G4.2"].schedule(1600, 10_001) == pytest.approx(0.0001 + 0.02 / math.e)
    assert RECIPES["G1.0"].schedule(1999, 2001) == 0.5


@pytest.mark.parametrize(
    "schedule",
    [
        Constant(0.1),
        Exponential(0.1, 0.01, 50),
        Cosine(0.1),
        Cosine(0.1, warmup=0.0),
        OneCycle(0.1),
        OneCycle(0.1, warmup=0.0, end=0.1),
        Step(0.1, 3),
    ],
)
@pytest.mark.parametrize("total", [1, 2, 7, 1000])
def test_every_schedule_stays_finite_and_not_below_zero(schedule, total):
    rates = [schedule(step, total) for step in range(total)]
    assert all(0 <= rate <= 0.12 for rate in rates)
    assert max(rates) > 0


def test_cosine_rises_then_falls():
    rates = [Cosine(1.0, warmup=0.1)(step, 1000) for step in range(1000)]
    assert rates[:100] == sorted(rates[:100])
    assert rates[100:] == sorted(rates[100:], reverse=True)
    assert max(rates) == 1.0
    assert rates[-1] < 1e-4


def test_one_cycle_starts_and_ends_at_its_shares_of_the_rate():
    one = OneCycle(0.4, warmup=0.5, start=0.5, end=0.1)
    rates = [one(step, 10) for step in (0, 4, 5, 9, 10)]
    assert rates == pytest.approx([0.2, 0.36, 0.4, 0.112, 0.04])


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"batch_size": 0}, "--batch-size must be a number above 0, got 0"),
        ({"steps": -3}, "--steps must be a number above 0, got -3"),
        ({"epochs": math.nan}, "--epochs must be a number above 0, got nan"),
        ({"epochs": math.inf}, "--epochs must be a number above 0, got inf"),
        ({"schedule": Cosine(math.nan)}, "--lr must be a number above 0, got nan"),
        ({"schedule": Constant(0.0)}, "--lr must be a number above 0, got 0"),
        ({"weight_decay": -1}, "--weight-decay must be a number of at least 0"),
        ({"l1": -1}, "--l1 must be a number of at least 0"),
        ({"label_smoothing": 1.0}, "--label-smoothing must be at least 0 and below 1"),
        ({"ema": 1.5}, "--ema must be at least 0 and below 1"),
        ({"momentum": math.nan}, "--momentum must be at least 0 and below 1"),
        ({"clip_norm": 0.0}, "--clip-norm must be a number above 0"),
        ({"weight_decay": math.inf}, "--weight-decay must be a number of at least 0"),
        ({"validation_share": 1.0}, "--val-split must be at least 0 and below 1"),
        ({"validation_share": math.nan}, "--val-split must be at least 0 and below 1"),
        ({"evaluate_every": 0}, "--eval-every must be a number above 0"),
        ({"patience": -1}, "--patience must be a number of at least 0"),
        ({"seed": -1}, "--seed must be a number of at least 0"),
        ({"optimizer": "adan"}, "Did you mean `adam`"),
        ({"precision": "float16"}, "Did you mean `bfloat16`"),
        ({"accumulate": 0}, "--accumulate must be a number above 0"),
        ({"accumulate": 3, "batch_size": 50}, "50 pictures are not to be divided by 3"),
        ({"grow_from": 0.0}, "--grow-from must be above 0 and at most 1"),
        ({"grow_from": 1.5}, "--grow-from must be above 0 and at most 1"),
    ],
)
def test_a_number_out_of_range_is_named(changes, said):
    with pytest.raises(BadUsage, match=said):
        recipe("softmax", **changes)


def test_stopping_by_a_watched_test_is_refused():
    with pytest.raises(BadUsage, match="choosing by test"):
        recipe("softmax", "G1.0", patience=3)


def test_an_unknown_recipe_names_the_nearest():
    with pytest.raises(BadUsage, match=r"G1.0"):
        recipe("softmax", "G1")


@pytest.mark.parametrize(
    "values, images, total, every",
    [
        ({"epochs": 2}, 1000, 20, 10),
        ({"epochs": 2}, 1001, 21, 11),
        ({"epochs": 0.5}, 1000, 5, 10),
        ({"steps": 7}, 1000, 7, 10),
        ({"epochs": 10, "least_steps": 500}, 1000, 500, 50),
        ({"epochs": 10, "least_steps": 500}, 10_000, 1000, 100),
        ({"epochs": 3, "evaluate_every": 4}, 1000, 30, 4),
    ],
)
def test_lengths(values, images, total, every):
    one = Recipe(**values)
    assert (one.total_steps(images), one.evaluation_interval(images)) == (total, every)


@pytest.mark.parametrize("changes", [{"epochs": 3}, {"steps": 3}])
def test_typing_a_length_replaces_the_recipes_own(changes):
    one = recipe("conv", **changes)
    assert one.total_steps(1000) == {"epochs": 60, "steps": 3}[next(iter(changes))]


@pytest.mark.parametrize(
    "kind",
    [lambda: Shift(0), lambda: Shift(edge="white"), lambda: Affine(degrees=-1), lambda: Crop(0)],
)
def test_an_augmentation_out_of_range_is_refused(kind):
    with pytest.raises(BadUsage):
        kind()


def test_warm_up_rises_to_any_schedule():
    one = recipe("softmax", schedule=Constant(0.4), warmup_steps=4, steps=10)
    assert [one.rate(step, 10) for step in (0, 1, 3, 4, 9)] == [0.1, 0.2, 0.4, 0.4, 0.4]
