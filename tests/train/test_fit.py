"""The stream of events: what comes, in which order, and what it is worth."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest

import saccade
from saccade.core.errors import BadData, BadUsage, Diverged
from saccade.core.records import Split
from saccade.run.directory import Run
from saccade.run.events import Evaluated, Finished, Saved, Started, StepsDone
from saccade.train.commands import Save, Stop
from saccade.train.originals import RECIPES
from saccade.train.prepare import fitting
from saccade.train.schedule import Constant
from saccade.train.standing import Best


@pytest.fixture(scope="module")
def digits():
    return saccade.load("digits")


def run(digits, model="softmax", commands=None, **changes):
    recipe = saccade.recipe(model, **{"steps": 40, "evaluate_every": 10, **changes})
    extra = {"commands": commands} if commands else {}
    return list(saccade.fit(model, digits, recipe, **extra))


def kinds(events, kind):
    return [event for event in events if isinstance(event, kind)]


def test_a_train_split_without_any_weight_is_refused(digits):
    weights = np.zeros(len(digits.train), np.float32)
    weightless = dataclasses.replace(
        digits, train=dataclasses.replace(digits.train, weights=weights)
    )
    with pytest.raises(BadData, match="weight 0"):
        run(weightless)


def test_events_come_in_order_and_cover_every_step_once(digits):
    events = run(digits)
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Finished)
    chunks = kinds(events, StepsDone)
    assert chunks[0].first == 1
    assert all(a.last + 1 == b.first for a, b in pairwise(chunks))
    assert chunks[-1].last == 40
    assert all(len(c.losses) == c.last - c.first + 1 for c in chunks)
    assert [e.step for e in kinds(events, Evaluated)] == [10, 20, 30, 40]


def test_it_learns(digits):
    first, *_, last = kinds(run(digits, steps=200, evaluate_every=2), Evaluated)
    assert last.accuracy > 0.85 > first.accuracy
    assert last.loss < first.loss


def test_the_same_seed_gives_the_same_events(digits):
    def numbers(events):
        losses = [loss for event in kinds(events, StepsDone) for loss in event.losses]
        return losses, [(e.accuracy, e.loss) for e in kinds(events, Evaluated)], events[-1].test

    assert numbers(run(digits, "mlp-relu")) == numbers(run(digits, "mlp-relu"))
    assert numbers(run(digits, "mlp-relu")) != numbers(run(digits, "mlp-relu", seed=1))


def test_the_seed_decides_the_order_of_pictures(digits):
    """Softmax starts at zero whatever the seed: only the order is left to differ."""
    losses = [
        [loss for event in kinds(run(digits, seed=seed), StepsDone) for loss in event.losses]
        for seed in (0, 1)
    ]
    assert losses[0][0] == losses[1][0]
    assert losses[0][1:] != losses[1][1:]


def test_what_an_evaluation_says_of_training_is_the_mean_since_the_last_one(digits):
    events = run(digits)
    told = {
        name: np.array([value for e in kinds(events, StepsDone) for value in getattr(e, name)])
        for name in ("losses", "accuracies")
    }
    for i, seen in enumerate(kinds(events, Evaluated)):
        since = slice(10 * i, 10 * (i + 1))
        assert seen.train_loss == pytest.approx(told["losses"][since].mean())
        assert seen.train_accuracy == pytest.approx(told["accuracies"][since].mean())


def test_every_step_has_the_rate_of_its_place(digits):
    recipe = saccade.recipe("softmax", steps=40, evaluate_every=10)
    rates = [rate for e in kinds(run(digits), StepsDone) for rate in e.learning_rates]
    assert rates == [recipe.rate(step, 40) for step in range(40)]


def test_pictures_are_scaled_as_the_recipe_says(digits):
    """Slopes of softmax grow with the pixels: so does the first step, and what it gains."""
    plain, brighter = (
        run(digits, steps=2, pixel_scale=scale, optimizer="sgd", schedule=Constant(0.01))
        for scale in (1 / 255, 2 / 255)
    )
    assert brighter[0].facts["preprocess"]["scale"] == 2 / 255
    gains = []
    for events in (plain, brighter):
        first, second = (loss for e in kinds(events, StepsDone) for loss in e.losses)
        gains.append(first - second)
    assert gains[1] / gains[0] == pytest.approx(4, rel=0.1)


def test_of_equal_accuracies_the_smaller_loss_is_the_better():
    logits, labels = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0, 1])
    surer, less_sure = (saccade.Predictions(logits * scale, labels) for scale in (3, 1))
    best = Best(less_sure.accuracy, less_sure.loss)
    assert best.beaten_by(surer)
    assert not Best(surer.accuracy, surer.loss).beaten_by(less_sure)
    assert not best.beaten_by(less_sure)


def test_validation_is_held_out_of_train_and_never_trained_on(digits):
    facts = run(digits)[0].facts["data"]
    assert facts["train"] + facts["validation"] == len(digits.train)
    assert facts["validation"] == pytest.approx(0.1 * len(digits.train), abs=10)


def test_test_is_read_with_the_weights_that_were_best_on_validation(digits):
    """A rate so high that accuracy jumps about: the last step is not the best one."""
    events = run(digits, schedule=Constant(2.0), optimizer="sgd", steps=60, evaluate_every=3)
    seen = kinds(events, Evaluated)
    finished = events[-1]
    best = max(seen, key=lambda e: (e.accuracy, -e.loss))
    assert finished.step_read == best.step
    assert finished.validation.accuracy == best.accuracy == finished.best_watched
    assert finished.step_read != finished.step
    saved = kinds(events, Saved)[-1]
    assert saved.checkpoint.names == {"last": 60, "best": best.step}
    assert saved.names == ("last",)


def test_a_watched_test_never_selects(digits):
    deck = dataclasses.replace(RECIPES["G1.0"], steps=60, evaluate_every=3, schedule=Constant(5.0))
    events = list(saccade.fit("softmax", digits, deck))
    seen = kinds(events, Evaluated)
    finished = events[-1]
    assert {e.split for e in seen} == {"test"}
    assert finished.validation is None
    assert finished.step_read == 60
    assert finished.test.accuracy == seen[-1].accuracy
    assert finished.best_watched == max(e.accuracy for e in seen) > finished.test.accuracy
    assert all(e.names == ("last",) for e in kinds(events, Saved))
    assert events[0].facts["data"]["train"] == len(digits.train)


def test_test_is_read_once_and_only_at_the_end(digits, monkeypatch):
    from saccade.train.engine import Engine

    sizes = []
    answer = Engine.answer

    def counted(self, weights, split):
        sizes.append(len(split.labels))
        return answer(self, weights, split)

    monkeypatch.setattr(Engine, "answer", counted)
    run(digits)
    assert sizes.count(len(digits.test)) == 1
    assert sizes[-1] == len(digits.test)


def test_stop_ends_with_evaluation_save_and_finished(digits):
    def after_17(events):
        return [Stop("enough")] if events[-1].step == 20 else []

    events = run(digits, commands=lambda seen: after_17(kinds(seen, Evaluated) or [run_zero]))
    assert [type(e).__name__ for e in events[-2:]] == ["Saved", "Finished"]
    assert events[-1].reason == "enough"
    assert events[-1].step == 20


run_zero = Evaluated(0, "validation", 0, 0, 1, False, None, None, None, 0)


def test_a_stop_between_evaluations_is_evaluated_too(digits):
    stopped = run(digits, commands=lambda seen: [Stop("now")], evaluate_every=1000, steps=2000)
    assert stopped[-1].step < 1000
    assert [e.step for e in kinds(stopped, Evaluated)] == [stopped[-1].step]


def test_save_is_obeyed_between_chunks(digits):
    events = run(digits, commands=lambda seen: [Save()])
    assert len(kinds(events, Saved)) > 4


def test_commands_are_told_everything_so_far(digits):
    told = []

    def spy(events):
        told.append(len(events))
        return []

    events = run(digits, commands=spy)
    assert told == sorted(told)
    assert told[-1] == len(kinds(events, StepsDone)) + len(kinds(events, Evaluated))


def test_a_loss_that_is_no_number_stops_at_its_step(digits):
    recipe = saccade.recipe("mlp-relu", steps=200, optimizer="sgd", schedule=Constant(1e6))
    events = []
    with pytest.raises(Diverged, match=r"step \d+ of 200.*halved the rate.*--lr 5e\+04"):
        events.extend(saccade.fit("mlp-relu", digits, recipe))
        raise AssertionError
    assert {saved.step for saved in kinds(events, Saved)} == {0}


def test_certain_and_wrong_is_a_large_loss_not_an_infinite_one(digits):
    """The decks' softmax takes log(0); ours is computed from logits."""
    recipe = saccade.recipe("softmax", steps=30, optimizer="sgd", schedule=Constant(1e4))
    *_, finished = saccade.fit("softmax", digits, recipe)
    assert 100 < finished.test.loss < np.inf


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"batch_size": 5000}, "5000 is more than there are training images: 1,295"),
        ({"validation_share": 0.0}, "--val-split above 0"),
    ],
)
def test_a_recipe_that_does_not_fit_is_refused(digits, changes, said):
    with pytest.raises(BadUsage, match=said):
        run(digits, **changes)


def test_a_keras_model_of_ones_own_just_trains(digits):
    from saccade.models.backend import keras

    layers = keras.layers
    body = [keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(10, activation="softmax")]
    network = saccade.from_keras(keras.Sequential(body, name="mine"), 10)
    recipe = saccade.recipe("softmax", steps=300)
    *_, finished = saccade.fit(network, digits, recipe)
    assert finished.test.accuracy > 0.9
    assert isinstance(next(saccade.fit(network, digits)), Started)


def test_a_network_of_another_shape_is_refused(digits):
    network = saccade.build("softmax", (28, 28, 1), 10)
    with pytest.raises(BadUsage, match=r"takes \(28, 28, 1\)"):
        next(saccade.fit(network, digits))


def test_started_comes_before_anything_is_compiled(digits, monkeypatch):
    from saccade.train.engine import Engine

    monkeypatch.setattr(Engine, "run_chunk", lambda *_: pytest.fail("compiled"))
    assert isinstance(next(saccade.fit("softmax", digits)), Started)


def test_given_splits_are_kept(digits):
    split = Split(digits.train.pixels[:50], digits.train.labels[:50], range(50))
    given = dataclasses.replace(digits, validation=split)
    facts = run(given)[0].facts["data"]
    assert (facts["train"], facts["validation"]) == (len(digits.train), 50)


def test_numbers_of_the_end_agree(digits):
    events = run(digits, steps=400)
    finished = events[-1]
    chunks = kinds(events, StepsDone)
    assert finished.seconds == pytest.approx(sum(c.seconds for c in chunks))
    timed = sum(c.images for c in chunks[1:]) / sum(c.seconds for c in chunks[1:])
    assert finished.images_per_second == pytest.approx(timed)
    assert finished.test.n == len(digits.test) == len(finished.names)
    wrong = finished.test.n - finished.predictions.correct
    assert len(finished.worst_ids) == min(50, wrong)
    assert (digits.test.pixels[list(finished.worst_ids)] == finished.worst.pixels).all()


def test_the_default_takes_smaller_batches_of_few_pictures(digits):
    few = dataclasses.replace(digits, train=digits.train.take(np.arange(40)))
    started, *_ = saccade.fit("softmax", few)
    left = started.facts["data"]["train"]
    assert started.facts["recipe"]["batch_size"] == left < 40
    with pytest.raises(BadUsage, match="more than there are"):
        list(saccade.fit("softmax", few, saccade.recipe("softmax", batch_size=41)))
    assert fitting(saccade.recipe("softmax", "G1.0"), few).batch_size == 100
    parts = saccade.recipe("softmax", batch_size=96, accumulate=8)
    assert fitting(parts, few).batch_size == left - left % 8


def test_watching_train_holds_nothing_out_and_ends_with_the_last_weights(digits, tmp_path):
    recipe = saccade.recipe("softmax", steps=40, evaluate_every=10, watch="train", patience=None)
    kept = saccade.create_run(tmp_path / "run")
    events = list(saccade.record(saccade.fit("softmax", digits, recipe), kept))
    seen = [(e.split, e.n) for e in events if isinstance(e, Evaluated)]
    assert seen == [("train", len(digits.train))] * 4
    finished = events[-1]
    assert (finished.step_read, finished.validation) == (40, None)
    assert Run(kept.path).best_or_last() == "last"
    page = saccade.write_report(kept).read_text("utf-8")
    assert "Nothing was held out" in page and "best on validation" not in page
    with pytest.raises(BadUsage, match="no validation split"):
        saccade.evaluate(kept.path, split="validation")
