"""The scarcity curve: what is drawn, how it is learned from, what is kept and gone on with."""

import dataclasses

import numpy as np
import pytest

import saccade
from saccade.core.errors import BadRun, BadUsage
from saccade.models.bases import BASES
from saccade.run.directory import Run
from saccade.run.durable import read_json
from saccade.run.events import Finished, Prepared
from saccade.train.contender import contender, start_of
from saccade.train.scarcity import Plan, measure, points, prepared


@pytest.fixture(scope="module")
def digits():
    return saccade.load("digits")


@pytest.fixture(scope="module")
def source(digits, tmp_path_factory):
    """A run on the digits 0 to 4."""
    parts = {
        part: split.take(np.flatnonzero(split.labels < 5))
        for part, split in (("train", digits.train), ("test", digits.test))
    }
    few = dataclasses.replace(digits, classes=digits.classes[:5], **parts)
    run = saccade.create_run(tmp_path_factory.mktemp("source") / "run")
    recipe = saccade.recipe("conv-bn", steps=60, augment=())
    _ = list(saccade.record(saccade.fit("conv-bn", few, recipe), run))
    return Run(run.path)


def plan_of(digits, *names, per_class=(1, 5), weights="imagenet", **changes):
    contenders = [contender(name, digits, str(weights)) for name in names]
    return Plan(contenders, per_class, **{"seeds": 2, "share": 0.005, **changes})


def ends_of(trainings):
    """(model, per class, seed) of each training, and its last event."""
    ends = []
    for training in trainings:
        *_, last = training.events
        ends.append(((training.contender.name, training.per_class, training.seed), last))
    return ends


def test_every_model_every_count_and_every_seed_is_a_row(digits, tmp_path):
    plan = plan_of(digits, "softmax", "mlp+augment")
    ends = ends_of(measure(plan, tmp_path))
    assert [key for key, _ in ends] == [
        (model, count, seed)
        for count in (1, 5)
        for model in ("softmax", "mlp+augment")
        for seed in (0, 1)
    ]
    facts = read_json(tmp_path / "scarcity.json")
    for (key, last), row in zip(ends, facts["rows"], strict=True):
        assert isinstance(last, Finished)
        assert (row["model"], row["per_class"], row["seed"]) == key
        assert row["test"]["accuracy"] == last.test.accuracy
        assert row["labels"] == 10 * row["per_class"]
        assert row["validation"] == 0
    assert len({row["test"]["loss"] for row in facts["rows"]}) == len(ends)
    assert [(p["model"], p["seeds"]) for p in facts["points"]] == [
        ("softmax", 2),
        ("mlp+augment", 2),
    ] * 2


def test_it_goes_on_where_it_was_to_the_same_rows(digits, tmp_path):
    plan = plan_of(digits, "softmax")
    whole = ends_of(measure(plan, tmp_path / "whole"))
    trainings = measure(plan, tmp_path / "cut")
    first = next(trainings)
    _ = list(first.events)
    second = next(trainings)  # only now is the first one kept
    next(second.events)
    trainings.close()
    assert len(read_json(tmp_path / "cut" / "scarcity.json")["rows"]) == 1
    rest = list(ends_of(measure(plan, tmp_path / "cut")))
    assert [key for key, _ in rest] == [key for key, _ in whole[1:]]
    rows = [read_json(tmp_path / name / "scarcity.json")["rows"] for name in ("whole", "cut")]
    for row in (*rows[0], *rows[1]):
        row.pop("seconds")
    assert rows[0] == rows[1]
    assert list(measure(plan, tmp_path / "cut")) == []


def test_what_was_not_gone_through_is_no_row(digits, tmp_path):
    for training in measure(plan_of(digits, "softmax"), tmp_path):
        next(iter(training.events))
    assert not (tmp_path / "scarcity.json").exists()


def test_nothing_is_left_of_a_curve_without_a_row_but_what_was_there(digits, tmp_path):
    for folder, before in ((tmp_path / "new", []), (tmp_path / "mine", ["letter.txt"])):
        for name in before:
            folder.mkdir()
            (folder / name).write_text("mine")
        trainings = measure(plan_of(digits, "softmax"), folder)
        next(trainings)
        trainings.close()
        left = [path.name for path in folder.glob("*.*") if path.name != ".lock"]
        assert left == before and folder.exists() == bool(before)


def test_two_do_not_write_one_curve(digits, tmp_path):
    plan = plan_of(digits, "softmax")
    first = measure(plan, tmp_path)
    next(first)
    with pytest.raises(BadRun, match="being written by another process"):
        next(measure(plan, tmp_path))
    first.close()
    next(measure(plan, tmp_path))


@pytest.mark.parametrize("holds", ["{}", "[]", '{"plan": {}}', "x"])
def test_a_damaged_curve_is_said(digits, tmp_path, holds):
    (tmp_path / "scarcity.json").write_text(holds)
    with pytest.raises(BadRun, match=r"scarcity\.json"):
        next(measure(plan_of(digits, "softmax"), tmp_path))


def test_another_curve_is_not_gone_on_with(digits, tmp_path):
    _ = ends_of(measure(plan_of(digits, "softmax", per_class=(1,)), tmp_path))
    for other, what in [
        (plan_of(digits, "softmax", per_class=(1,), share=0.01), "share"),
        (plan_of(digits, "conv", per_class=(1,)), "models"),
        (plan_of(digits, "softmax"), "per_class"),
    ]:
        with pytest.raises(BadUsage, match=what):
            next(measure(other, tmp_path))


def test_rows_of_another_recipe_are_not_averaged_with_new_ones(digits, tmp_path):
    plan = plan_of(digits, "softmax", per_class=(1,))
    _ = ends_of(measure(plan, tmp_path))
    assert list(measure(plan, tmp_path)) == []  # the same finds all its rows
    [one] = plan.contenders
    other = dataclasses.replace(one, recipe=one.recipe.with_rate(0.123))
    with pytest.raises(BadUsage, match="models"):
        next(measure(dataclasses.replace(plan, contenders=[other]), tmp_path))


def test_with_few_nothing_is_held_out_and_with_enough_a_tenth_is(digits):
    one = contender("conv-bn", digits)
    data, recipe = prepared(one, 1, 0, share=1)
    assert (recipe.watch, recipe.patience, data.validation) == ("train", None, None)
    assert (recipe.batch_size, recipe.steps, len(data.train)) == (10, 1500, 10)
    data, recipe = prepared(one, 49, 0, share=1)
    assert (recipe.watch, len(data.train)) == ("train", 490)
    data, recipe = prepared(one, 50, 0, share=1)
    assert (recipe.watch, recipe.patience) == ("validation", 10)
    assert (len(data.train), len(data.validation)) == (450, 50)
    assert not set(data.train.names) & set(data.validation.names)


def test_all_are_learned_from_as_train_does(digits):
    data, recipe = prepared(contender("conv-bn+augment", digits), None, 3, share=1)
    usual = saccade.recipe("conv-bn", seed=3)
    assert recipe == usual.in_steps(len(data.train))
    assert recipe.steps == usual.total_steps(len(data.train))


def test_a_validation_split_of_the_datas_own_is_no_free_labels(digits):
    own = digits.with_validation(digits.train, digits.test)
    data, _ = prepared(contender("softmax", own), 5, 0, share=1)
    assert data.validation is None
    data, _ = prepared(contender("softmax", own), 50, 0, share=1)
    assert set(data.validation.names) < set(digits.train.names)


def test_only_the_first_training_pays_for_the_base(digits, source, tmp_path):
    """The others find the test pictures' features, and those of fewer labels."""
    plan = plan_of(digits, "conv-bn+transfer", weights=source.path, seeds=1)
    passed = []
    for training in measure(plan, tmp_path):
        passed.append(0)
        for event in training.events:
            passed[-1] += isinstance(event, Prepared) and event.split == "test"
    assert passed[0] > 0 == passed[1]
    row = read_json(tmp_path / "scarcity.json")["rows"][0]
    assert (row["start"], row["parameters"]) == ("transfer", 2570)


def test_names_say_how_they_begin(digits):
    assert start_of("mlp+augment") == ("mlp", "augmented")
    assert all(start_of(base)[1] == "transfer" for base in BASES)
    assert contender("conv", digits).recipe.augment == ()
    assert contender("mlp+augment", digits).recipe == saccade.recipe("mlp")


@pytest.mark.parametrize(
    ("name", "weights", "says"),
    [
        ("konv", "imagenet", "`conv`"),
        ("conv+augmented", "imagenet", "augment"),
        ("softmax+augment", "imagenet", "augments nothing"),
        ("squeezenet1.1+augment", "imagenet", "not augmented"),
        ("conv+transfer", "imagenet", "nobody has published"),
        ("conv+transfer", "none", "from scratch"),
    ],
)
def test_what_cannot_take_part_is_refused(digits, name, weights, says):
    with pytest.raises(BadUsage, match=says):
        contender(name, digits, weights)


@pytest.mark.parametrize("bad", [{"seeds": 0}, {"contenders": []}])
def test_a_plan_of_nothing_is_refused(digits, bad):
    plan = plan_of(digits, "softmax")
    with pytest.raises(BadUsage):
        dataclasses.replace(plan, **bad)
    with pytest.raises(BadUsage, match="each name once"):
        plan_of(digits, "softmax", "softmax")


def test_points_rise_and_stop_where_all_are():
    labels = np.repeat([0, 1], [30, 20])
    assert points([10, 1, 10], labels) == (1, 10)
    assert points([None, 5], labels) == (5, None)
    assert points([29, 30, 500], labels) == (29, None)
    for bad in ([], [0]):
        with pytest.raises(BadUsage):
            points(bad, labels)
