"""The ladder: rungs, their recipes, and what a row says."""

import dataclasses

import pytest

import saccade
from saccade.core.errors import BadUsage
from saccade.models import MODELS
from saccade.run.directory import Run
from saccade.run.durable import read_json
from saccade.run.events import Finished
from saccade.train.commands import SetLearningRate, Stop
from saccade.train.ladder import Plan, climb, climbs, recipe_of, row
from saccade.train.originals import RECIPES
from saccade.train.rungs import FAMILIES, Rung, choose

LADDER = FAMILIES["goerner"]

SMALL = (LADDER[0], dataclasses.replace(LADDER[0], recipe="G2.1"))


@pytest.fixture(scope="module")
def climbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ladder") / "here"
    done = []
    for training in climb(saccade.load("digits"), Plan(SMALL, seeds=2, share=0.002), folder):
        *_, last = training.events
        done.append((training, last))
    return folder, done


def test_every_rung_is_trained_with_every_seed_and_keeps_its_run(climbed):
    _, done = climbed
    assert [(t.rung.recipe, t.seed) for t, _ in done] == [
        ("G1.0", 0),
        ("G1.0", 1),
        ("G2.1", 0),
        ("G2.1", 1),
    ]
    assert all(isinstance(last, Finished) for _, last in done)
    assert all(t.run.state == "finished" for t, _ in done)
    assert len({t.run.path for t, _ in done}) == 4


def test_a_row_is_the_mean_of_its_seeds(climbed):
    folder, done = climbed
    first = read_json(folder / "ladder.json")["rows"][0]
    tests = [last.test for t, last in done if t.rung.recipe == "G1.0"]
    assert first["test"]["n"] == sum(t.n for t in tests)
    assert first["test"]["accuracy"] == pytest.approx(sum(t.accuracy for t in tests) / 2)
    assert first["test"]["low"] < first["test"]["accuracy"] < first["test"]["high"]
    assert first["parameters"] == 650
    assert first["band"] is first["in_band"] is first["watched_loss_climbs"] is None


@pytest.mark.parametrize("rung", LADDER, ids=lambda r: r.recipe)
def test_a_full_rung_is_the_original_at_its_cadence(rung):
    recipe = recipe_of(rung, Plan(LADDER), seed=3)
    assert (recipe.steps, recipe.seed, recipe.watch) == (10_001, 3, "test")
    assert recipe.evaluate_every == (50 if rung.recipe == "G1.0" else 100)
    if rung.band is not None:
        assert rung.band[0] < recipe.reported < rung.band[1] + 1e-9


@pytest.mark.parametrize(
    "rung", [r for name in ("keras", "google", "estimator") for r in FAMILIES[name]], ids=str
)
def test_a_notebook_is_held_to_half_a_point_around_what_it_prints(rung):
    original = RECIPES[rung.recipe]
    assert rung.band == pytest.approx((original.reported - 0.005, original.reported + 0.005))
    assert rung.judged_by == "last step"
    assert rung.recipe in MODELS[rung.model].ids
    recipe = recipe_of(rung, Plan((rung,)), seed=0)
    assert (recipe.steps, recipe.evaluate_every) == (original.steps, original.evaluate_every)


@pytest.mark.parametrize(
    "judged_by, band, expected",
    [
        ("best watched", (0.90, 0.95), (True, False)),
        ("best watched", (0.81, 0.89), (True, True)),
        ("best watched", (0.91, 0.95), (False, False)),
        ("last step", (0.75, 0.85), (True, False)),
        ("last step", (0.81, 0.85), (False, False)),
        ("best watched", None, (None, None)),
    ],
)
def test_a_row_is_held_against_the_figure_its_original_prints(climbed, judged_by, band, expected):
    _, done = climbed
    run = Run(done[0][0].run.path)
    run.metrics["test"] = {**run.metrics["test"], "n": 1000, "accuracy": 0.8}
    run.metrics["best_watched"] = 0.9
    rung = Rung("softmax", "G1.0", "", band, 1, judged_by=judged_by)
    values = row(rung, [run], bands=True)
    assert (values["in_band"], values["above_band"]) == expected


@pytest.mark.parametrize(
    "command, words",
    [
        (Stop("stopped by the page", "page"), "stopped at step {step}"),
        (Stop("enough"), "stopped at step {step}"),
        (SetLearningRate(0.1, "page"), "steered on its way"),
    ],
)
def test_a_rung_that_was_steered_is_held_against_nothing(tmp_path, command, words):
    """It would be judged as if it had been run in full, as the original was."""

    def commands(run):
        left = [command]
        return lambda events: [left.pop()] if left and len(events) > 2 else []

    rung = dataclasses.replace(LADDER[0], band=(0.0, 0.5))
    plan = Plan((rung,), share=0.02)
    [training] = [
        t for t in climb(saccade.load("digits"), plan, tmp_path / "l", commands) if list(t.events)
    ]
    values = row(rung, [Run(training.run.path)], bands=True)
    assert values["steered"] == words.format(step=Run(training.run.path).metrics["steps"])
    assert [values[key] for key in ("band", "in_band", "above_band", "watched_loss_climbs")] == [
        None
    ] * 4


def test_a_quick_ladder_takes_a_tenth_of_the_steps():
    assert recipe_of(LADDER[0], Plan(LADDER, share=0.1), seed=0).steps == 1000


def test_our_own_recipes_watch_validation():
    recipe = recipe_of(LADDER[0], Plan(LADDER, recipe="default"), seed=1)
    assert (recipe.watch, recipe.seed, recipe.name) == ("validation", 1, "default")


def test_unknown_rungs_and_families_name_the_nearest():
    with pytest.raises(BadUsage, match="`conv`"):
        choose("goerner", ["convv"])
    with pytest.raises(BadUsage, match="goerner"):
        choose("gorner", None)


def test_rungs_can_be_chosen():
    assert [r.model for r in choose("goerner", ["conv", "softmax"])] == ["conv", "softmax"]


@pytest.mark.parametrize(
    "losses, expected",
    [
        ([3, 2, 1] + [1] * 17, False),
        ([3, 2, 1, 1] + [1.5] * 16, True),
        ([3, 1, 1, 1] + [1.1] * 16, False),
        ([1] * 9 + [0.2] + [1] * 10, True),
        ([1] * 19 + [5], True),
        ([2], False),
    ],
)
def test_a_loss_that_climbs_is_told_from_noise(losses, expected):
    class Log:
        def events(self):
            return [{"event": "Evaluated", "loss": loss} for loss in losses]

    assert climbs(Log()) == expected


def test_the_estimate_grows_with_seeds_and_shrinks_with_steps():
    rung = Rung("softmax", "G1.0", "", (0, 1), seconds=100)
    assert Plan((rung,)).seconds() == 104
    assert Plan((rung,), seeds=2).seconds() == 208
    assert Plan((rung,), share=0.1).seconds() == 14
