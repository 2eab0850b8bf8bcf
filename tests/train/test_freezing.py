"""Freeze or not: what learns in each row, what it begins with, and what is missing."""

import pytest

import saccade
from saccade.core.errors import BadUsage
from saccade.run.checkpoint import read_checkpoint
from saccade.run.directory import Run
from saccade.run.durable import read_json
from saccade.train.freezing import Plan, climb, notebook, ways
from saccade.train.originals import RECIPES


@pytest.fixture(scope="module")
def digits():
    return saccade.load("digits")


@pytest.fixture(scope="module")
def climbed(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("freezing")
    run = saccade.create_run(folder / "source")
    recipe = saccade.recipe("conv-bn", steps=20, augment=())
    _ = list(saccade.record(saccade.fit("conv-bn", digits, recipe), run))
    stages = [*ways(digits, "conv-bn", str(run.path)), *notebook(None)]
    runs = {}
    for training in climb(Plan(stages, share=0.03), folder / "ladder"):
        _ = list(training.events)
        runs[training.rung.model] = Run(training.run.path)
    return read_json(folder / "ladder" / "ladder.json")["rows"], runs


def test_the_rows_and_how_much_of_each_learns(climbed):
    rows, runs = climbed
    assert [row["rung"] for row in rows] == ["frozen", "last-1", "all", "scratch", "L3-cnn", "L3"]
    frozen, last, everything, scratch = (row["parameters"] for row in rows[:4])
    assert frozen == 2570  # the head: 8 x 8 / 4 / 4 x 64 numbers, 10 units
    assert frozen < last < everything < scratch  # batch norms of a base never learn
    assert all(row["test"]["n"] == 359 and row["band"] is None for row in rows[:4])
    learns = {name: run.facts["model"]["unfreeze"] for name, run in runs.items()}
    assert learns == {"frozen": "none", "last-1": "last-1", "all": "all", "scratch": "none"}


def test_tuning_begins_with_the_frozen_run_and_pays_for_it(climbed):
    rows, runs = climbed
    seconds = {row["rung"]: row["seconds"] for row in rows[:4]}
    for name in ("last-1", "all"):
        model = runs[name].facts["model"]
        assert model["weights"]["from"] == str(runs["frozen"].path.resolve())
        assert seconds[name] > seconds["frozen"] > 0
    assert runs["scratch"].facts["model"]["weights"]["from"] == "none"

    def weights(name):
        run = runs[name]
        return read_checkpoint(run.checkpoints, run.best_or_last()).weights

    first, tuned = weights("frozen"), weights("last-1")
    kernels = [name for name in first if name.endswith("kernel")]
    changed = [name for name in kernels if (first[name] != tuned[name]).any()]
    assert len(changed) == 2  # its last convolution and the head


def test_the_notebooks_rows_say_why_they_are_missing(climbed):
    rows, _ = climbed
    assert all("pictures in files" in row["missing"] for row in rows[4:])
    assert [row["missing"] for row in rows[:4]] == [""] * 4


def test_the_notebooks_nets(pictures, tmp_path, monkeypatch):
    """Without the weights of MobileNetV2 its net from scratch is trained all the same."""
    monkeypatch.setenv("SACCADE_DATA_DIR", str(tmp_path))
    photos = saccade.load(pictures(tmp_path / "photos"), default_size=224, colour=True)
    own, base = notebook(photos)
    assert own.missing == ""
    assert own.network(None).name == "L3-cnn"
    assert (own.rung.band, base.rung.band) == ((0.19, 0.28), (0.59, 0.70))
    assert "mobilenet_v2" in base.missing and base.network is None


def test_the_notebooks_recipes():
    """seeds.md 4.3: five times five steps of 32, Adam, the deck's augmentation."""
    own, base = RECIPES["L3"], RECIPES["L3-transfer"]
    for recipe in (own, base):
        assert (recipe.steps, recipe.batch_size, recipe.evaluate_every) == (25, 32, 5)
        assert (recipe.optimizer, recipe.schedule.rate) == ("adam", 0.001)
        kinds = [type(each).__name__ for each in recipe.augment]
        assert kinds == ["Crop", "Flip", "Brightness", "Contrast"]
    assert (own.l2, base.l2) == (0.0, 1e-4)
    assert 0.59 < base.reported < 0.70


def test_no_seed_is_no_plan(digits):
    with pytest.raises(BadUsage, match="--seeds"):
        Plan([], seeds=0)
