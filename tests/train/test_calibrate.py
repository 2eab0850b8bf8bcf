"""Calibrating a run: never on test, never on what was learned from, and figures that are honest."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

import saccade
from saccade.core.errors import BadData, BadUsage
from saccade.run.calibration import read_calibration
from saccade.run.directory import Run
from saccade.train import calibrate as calibrating
from saccade.train import outside as answering
from saccade.train.calibrate import calibrate, judge
from saccade.train.evaluate import reload
from saccade.train.outside import outside_answers
from saccade.train.restore import restore


def reads_of(run):
    lines = (run.path / "eval/test_reads.jsonl").read_text().splitlines()
    return [json.loads(line)["why"] for line in lines]


@pytest.fixture(scope="session")
def validated_run(tmp_path_factory) -> Run:
    """A run of softmax on digits that held a tenth out."""
    run = saccade.create_run(tmp_path_factory.mktemp("validated") / "run")
    recipe = saccade.recipe("softmax", steps=120)
    recipe = replace(recipe, watch="validation", validation_share=0.25)
    for _ in saccade.record(saccade.fit("softmax", saccade.load("digits"), recipe), run):
        pass
    return Run(run.path)


@pytest.fixture(scope="session")
def deck_run(tmp_path_factory) -> Run:
    """A run of softmax on digits, 30 steps, that watched test and held nothing out."""
    run = saccade.create_run(tmp_path_factory.mktemp("deck") / "run")
    recipe = saccade.recipe("softmax", steps=30)
    recipe = replace(recipe, watch="test", validation_share=0.0, patience=None)
    for _ in saccade.record(saccade.fit("softmax", saccade.load("digits"), recipe), run):
        pass
    return Run(run.path)


@pytest.fixture
def deck(deck_run, tmp_path) -> Run:
    return Run(shutil.copytree(deck_run.path, tmp_path / "deck"))


@pytest.fixture
def validated(validated_run, tmp_path) -> Run:
    return Run(shutil.copytree(validated_run.path, tmp_path / "validated"))


def test_it_is_fitted_on_validation_and_test_is_not_touched(validated, monkeypatch):
    """The test split is taken away: whoever looks at it fails."""
    before = reads_of(validated)
    whole = reload(validated)

    def without_test(run):
        test = whole.test.take(np.zeros(0, int))
        return replace(whole, test=test)

    monkeypatch.setattr(calibrating, "reload", without_test)
    found = calibrate(validated, precision=0.8)
    assert found.what == "359 validation pictures"
    assert found.held.n == 359
    assert found.test is None
    assert reads_of(validated) == before


def test_validation_is_that_of_saccade_eval(validated):
    accuracy, predictions = saccade.evaluate(validated, "validation")
    outside = outside_answers(restore(validated), reload(validated))
    assert np.array_equal(outside.predictions.logits, predictions.logits)
    found = calibrate(validated)
    assert found.held.accuracy_before == accuracy.accuracy
    assert found.held.before["nll"].value == pytest.approx(accuracy.loss)


def test_the_loss_falls_and_the_figures_after_are_cross_validated(validated):
    found = calibrate(validated, "vector", precision=0.8)
    predictions = outside_answers(restore(validated), reload(validated)).predictions
    assert found.held.after["nll"].value < found.held.before["nll"].value
    assert found.held.after["nll"].value == pytest.approx(found.losses["vector"])
    flattered = judge(found.calibration, predictions)  # on what it was fitted on
    assert flattered.after["nll"].value < found.held.after["nll"].value


def test_test_is_read_once_when_asked_and_noted(validated):
    reads = reads_of(validated)
    found = calibrate(validated, test=True)
    assert reads_of(validated) == [*reads, "saccade calibrate --test"]
    accuracy, predictions = saccade.evaluate(validated)
    assert found.test.n == 359 and found.test.accuracy_before == accuracy.accuracy
    assert found.test.after["nll"].value == pytest.approx(
        judge(found.calibration, predictions).after["nll"].value
    )


def test_asking_for_test_changes_no_number_of_the_calibration(validated):
    assert calibrate(validated).calibration == calibrate(validated, test=True).calibration


def test_a_run_that_held_nothing_out_is_calibrated_out_of_fold(deck):
    """The deck's softmax watches test: its train is answered by three other networks."""
    seen = []

    def watch(training):
        seen.append((training.number, training.total, training.steps))
        return training.events

    found = calibrate(deck, watch=watch)
    assert seen == [(1, 3, 30), (2, 3, 30), (3, 3, 30)]
    assert found.what == "1,438 training pictures, each answered by one of 3 other networks"
    assert found.held.n == 1438


def test_no_network_answers_what_it_learned_from(deck, monkeypatch):
    real, seen = answering.fit, []

    def spy(network, data, recipe):
        seen.append((set(data.train.names), set(data.test.names), data.validation, recipe.watch))
        return real(network, data, recipe)

    monkeypatch.setattr(answering, "fit", spy)
    dataset = reload(deck)
    outside_answers(restore(deck), dataset)
    everything = set(dataset.train.names)
    for kept, held, validation, watch in seen:
        assert not kept & held and kept | held == everything
        assert validation is None and watch == "train"
    assert set().union(*(held for _, held, _, _ in seen)) == everything
    assert not everything & set(dataset.test.names)


def test_out_of_fold_answers_are_worse_than_answers_to_what_was_learned(deck):
    """Why it is done: a network of 300 steps is far surer of train."""
    run = saccade.create_run(deck.path.parent / "long")
    recipe = saccade.recipe("mlp-relu", steps=300)
    recipe = replace(recipe, watch="train", patience=None)
    for _ in saccade.record(saccade.fit("mlp-relu", saccade.load("digits"), recipe), run):
        pass
    trained, dataset = restore(run.path), reload(Run(run.path))
    outside = outside_answers(trained, dataset).predictions
    inside = trained.engine.answer(trained.weights, trained.engine.resident(dataset.train))
    assert outside.loss > 1.5 * inside.loss
    assert abs(np.log(outside.loss / saccade.evaluate(run.path)[0].loss)) < np.log(2)


def test_groups_are_never_parted(deck):
    dataset = reload(deck)
    train = replace(dataset.train, groups=np.arange(len(dataset.train)) // 10)
    grouped = replace(dataset, train=train)
    outside = outside_answers(restore(deck), grouped)
    assert np.array_equal(outside.groups, train.groups)
    alone = replace(dataset, train=replace(train, groups=np.arange(len(train)) // 1000))
    with pytest.raises(BadData, match="too few to hold some out"):
        outside_answers(restore(deck), alone)


def test_what_is_kept_belongs_to_the_weights_that_predict(validated):
    found = calibrate(validated)
    kept, trained = read_calibration(validated), restore(validated)
    assert kept.calibration == found.calibration
    assert kept.step == trained.step and kept.is_of(trained.weights)
    assert kept.figures["held_out"]["n"] == 359
    json.dumps(found.to_json(), allow_nan=False)


def test_predict_is_calibrated_and_says_what_to_do(validated):
    picture = validated.path / "eval/mistakes/01.png"
    [raw] = saccade.predict(validated, [picture])
    found = calibrate(validated, precision=0.8)
    [told] = saccade.predict(validated, [picture])
    assert raw.confidence is None
    trained = restore(validated)
    pixels = trained.preprocess.read(picture.read_bytes())[None]
    logits = trained.engine.logits(trained.weights, pixels)
    shares = found.calibration.probabilities(logits)[0]
    assert told.probability == pytest.approx(shares.max())
    assert told.probability != raw.probability
    assert told.confidence.decision == found.calibration.decisions(logits)[0]
    assert told.confidence.unknown_score == found.calibration.unknown_score(logits)[0]
    sets = [trained.classes[i] for i in found.calibration.sets(logits)[0]]
    assert list(told.confidence.possible) == sets


def test_a_run_that_went_on_is_no_longer_calibrated(validated):
    """Its weights are others: the old numbers are not used, and that is said."""
    calibrate(validated)
    path = validated.path / "eval/calibration.json"
    values = json.loads(path.read_text())
    path.write_text(json.dumps({**values, "weights_sha256": "0" * 64}))
    with pytest.warns(UserWarning, match="other weights"):
        [told] = saccade.predict(validated, [validated.path / "eval/mistakes/01.png"])
    assert told.confidence is None


@pytest.mark.parametrize("what", ["precision", "coverage"])
@pytest.mark.parametrize("value", [0, 1, -1, 95, float("nan")])
def test_shares_out_of_range_are_refused_before_anything_is_read(validated, what, value):
    with pytest.raises(BadUsage, match=f"--{what}"):
        calibrate(validated, **{what: value})
    assert not (validated.path / "eval/calibration.json").exists()


def test_data_that_has_changed_is_refused(validated):
    facts = json.loads((validated.path / "run.json").read_text())
    facts["data"]["fingerprint"] = "0" * 64
    (validated.path / "run.json").write_text(json.dumps(facts))
    with pytest.raises(BadData, match="is not what"):
        calibrate(Run(validated.path))


def test_a_binary_network_is_calibrated(tmp_path, pictures):
    """One sigmoid gives the logits (0, z): two columns."""
    file = tmp_path / "one.py"
    file.write_text(
        "import keras\n"
        "def build(shape, classes):\n"
        "    return keras.Sequential([keras.Input(shape), keras.layers.Flatten(),"
        " keras.layers.Dense(1, activation='sigmoid')])\n"
    )
    folder = pictures(tmp_path / "data", each=60, classes=("blobs", "stripes"), size=(12, 12))
    model, dataset = f"{file}:build", saccade.load(f"{folder}/")
    run = saccade.create_run(tmp_path / "run")
    events = saccade.fit(model, dataset, saccade.recipe(model, steps=30, batch_size=20))
    for _ in saccade.record(events, run):
        pass
    found = calibrate(run, precision=0.6, model=model)
    assert found.calibration.classes == 2
    assert np.isfinite(found.held.after["nll"].value)
    [told] = saccade.predict(run, [next(folder.rglob("*.png"))], model=model)
    assert told.confidence.decision in ("accept", "reject", "unknown")
