"""The compiled step against the formula, and chunks that change nothing."""

from dataclasses import replace

import numpy as np
import pytest

from saccade.core.preprocess import Preprocess
from saccade.core.records import Split
from saccade.models.backend import keras
from saccade.models.graph import layer_graph
from saccade.models.initialize import unallocated
from saccade.models.network import build
from saccade.train.engine import ANSWER_BATCH, Engine
from saccade.train.forms import Forms
from saccade.train.geometry import Affine, Shift
from saccade.train.order import batch_ids
from saccade.train.recipe import Recipe
from saccade.train.schedule import Constant

PATCHES = Forms("patches", "patches")
LAYERS = Forms("layers", "layers")
DIRECT = Forms("direct", "layers")
HALVES = Forms("patches", "patches", parts=2)


@pytest.fixture
def noise():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (130, 8, 8, 1), dtype=np.uint8)
    return Split(pixels, rng.integers(0, 3, 130).astype(np.int32), range(130))


def engine_for(model, forms=PATCHES, **recipe):
    values = {"steps": 10, "batch_size": 10, "schedule": Constant(0.05), **recipe}
    return Engine(build(model, (8, 8, 1), 3).graph, Recipe(**values), Preprocess(8, 8, 1), forms)


def tiny(forms=PATCHES, dropped=0.0, **recipe):
    """Kernels, offset, scale, bias, moving averages and dropout, and soon compiled."""
    with unallocated():
        body = [
            keras.Input((8, 8, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(6, use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.Activation("relu"),
            keras.layers.Dropout(dropped),
            keras.layers.Dense(3),
        ]
        graph = layer_graph(keras.Sequential(body))
    values = {"steps": 10, "batch_size": 10, "schedule": Constant(0.05), **recipe}
    return Engine(graph, Recipe(**values), Preprocess(8, 8, 1), forms)


def trained(engine, noise, counts, rate=0.05):
    state, train, first = engine.first_state(), engine.resident(noise), 0
    losses = []
    for count in counts:
        ids = batch_ids(130, 10, first, count, seed=0, shuffle="every epoch")
        chunk = engine.run_chunk(state, train, ids, np.full(count, rate), first)
        state, first = chunk.state, first + count
        losses.append(chunk.losses)
    weights = {name: np.asarray(value) for name, value in state.weights.items()}
    return weights, np.concatenate(losses)


@pytest.mark.parametrize(
    "model, forms",
    [
        ("softmax", PATCHES),
        pytest.param("conv-bn", PATCHES, marks=pytest.mark.slow),  # HALVES is the same in two parts
        ("conv-bn", DIRECT),
        ("conv-bn", HALVES),
    ],
)
def test_the_length_of_chunks_changes_no_bit(model, forms, noise):
    results = []
    for counts in ([1] * 64, [7] * 9 + [1], [64]):
        engine = engine_for(model, forms, augment=(Affine(),))
        weights, losses = trained(engine, noise, counts)
        results.append(b"".join([losses.tobytes(), *(v.tobytes() for v in weights.values())]))
    assert results[0] == results[1] == results[2]


def test_another_seed_gives_other_weights(noise):
    one, _ = trained(engine_for("conv"), noise, [3])
    other, _ = trained(engine_for("conv", seed=1), noise, [3])
    assert any((one[key] != other[key]).any() for key in one)


@pytest.mark.parametrize("forms", [PATCHES, DIRECT], ids=["a loop", "a call a step"])
def test_every_step_and_every_seed_draws_anew(forms, noise):
    """At rate 0 on one batch over and over, only what is drawn can make losses differ."""
    rows = np.tile(np.arange(10), (3, 1))
    for dropped, augment, different in ((0.5, (), 6), (0.0, (Shift(),), 6), (0.0, (), 1)):
        losses = []
        for seed in (0, 1):
            engine = tiny(forms, dropped, optimizer="sgd", augment=augment, seed=seed)
            state = engine.first_state()._replace(weights=tiny().first_state().weights)
            chunk = engine.run_chunk(state, engine.resident(noise), rows, np.zeros(3), 0)
            losses += chunk.losses.tolist()
        assert len(set(losses)) == different, (dropped, augment)


@pytest.mark.parametrize("forms", [PATCHES, DIRECT], ids=["a loop", "a call a step"])
def test_moving_averages_move_and_lengths_are_those_of_the_last_update(forms, noise):
    engine = tiny(forms, optimizer="sgd")
    train = engine.resident(noise)
    ids = batch_ids(130, 10, 0, 3, seed=0, shuffle="once")
    states, state = [], engine.first_state()
    for first, count in ((0, 2), (2, 1)):
        states.append({name: np.array(value) for name, value in state.weights.items()})
        rates = np.full(count, 0.05)
        chunk = engine.run_chunk(state, train, ids[first : first + count], rates, first)
        state = chunk.state
    states.append({name: np.array(value) for name, value in state.weights.items()})
    assert all((states[0][name] != states[1][name]).all() for name in states[0] if "moving" in name)
    moved = [np.linalg.norm(states[2][name] - states[1][name]) for name in engine.layout.trainable]
    np.testing.assert_allclose(chunk.slopes, np.array(moved) / 0.05, rtol=1e-3)
    whole = engine.run_chunk(engine.first_state(), train, ids, np.full(3, 0.05), 0)
    assert (whole.slopes == chunk.slopes).all()


def test_the_accuracy_of_a_step_is_that_of_its_batch_before_it(noise):
    engine = engine_for("T1")
    rows, state = np.arange(10, 50).reshape(1, 40), engine.first_state()
    before = engine.answer(state.weights, engine.resident(noise.take(rows[0])))
    chunk = engine.run_chunk(state, engine.resident(noise), rows, np.array([0.1]), 0)
    assert chunk.accuracies == pytest.approx([before.accuracy])
    assert chunk.losses == pytest.approx([before.loss], rel=1e-5)


@pytest.mark.parametrize(
    "momentum, nesterov, forms",
    [(0.0, False, PATCHES), (0.0, False, DIRECT), (0.9, False, PATCHES), (0.9, True, PATCHES)],
)
def test_gradient_descent_on_softmax_is_the_textbook_formula(momentum, nesterov, forms, noise):
    """With momentum as Sutskever et al. 2013, in the form of Keras' documentation."""
    engine = engine_for("softmax", forms, optimizer="sgd", momentum=momentum, nesterov=nesterov)
    rates = (0.05, 0.2, 0.1, 0.01)
    weights, losses = trained(engine, noise, [4], rates)
    kernel, bias, expected_losses = np.zeros((64, 3)), np.zeros(3), []
    speeds = [np.zeros_like(kernel), np.zeros_like(bias)]
    ids = batch_ids(130, 10, 0, 4, seed=0, shuffle="every epoch")
    for rows, rate in zip(ids, rates, strict=True):
        x = noise.pixels[rows].reshape(10, 64) / 255
        y = np.eye(3)[noise.labels[rows]]
        scores = np.exp(x @ kernel + bias)
        p = scores / scores.sum(1, keepdims=True)
        expected_losses.append(-np.log((p * y).sum(1)).mean())
        for i, slope in enumerate((x.T @ (p - y) / 10, (p - y).mean(0))):
            speeds[i] = momentum * speeds[i] - rate * slope
            step = momentum * speeds[i] - rate * slope if nesterov else speeds[i]
            kernel, bias = (kernel + step, bias) if i == 0 else (kernel, bias + step)
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-5)
    np.testing.assert_allclose(weights["01-dense/kernel"], kernel, atol=1e-6)
    np.testing.assert_allclose(weights["01-dense/bias"], bias, atol=1e-6)


def test_the_rate_of_each_step_is_the_one_given(noise):
    """Kingma and Ba: Adam's first update is the rate times the slope's sign."""
    engine = engine_for("softmax", optimizer="adam", epsilon=1e-12)
    ids = batch_ids(130, 10, 0, 1, seed=0, shuffle="once")
    for rate in (0.01, 0.2):
        chunk = engine.run_chunk(
            engine.first_state(), engine.resident(noise), ids, np.array([rate]), 0
        )
        bias = np.asarray(chunk.state.weights["01-dense/bias"])
        np.testing.assert_allclose(np.abs(bias), rate, rtol=1e-3)


def test_adams_epsilon_is_the_one_given(noise):
    """Keras': added to the root of the second moment before its bias is taken out."""
    plain, _ = trained(engine_for("softmax", optimizer="sgd"), noise, [1])
    slope = -plain["01-dense/bias"] / 0.05
    for epsilon in (1e-3, 0.1):
        found, _ = trained(engine_for("softmax", optimizer="adam", epsilon=epsilon), noise, [1])
        expected = -0.05 * slope / (np.abs(slope) + epsilon / np.sqrt(1 - 0.999))
        np.testing.assert_allclose(found["01-dense/bias"], expected, rtol=1e-4)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "rmsprop", "muon"])
def test_weight_decay_pulls_kernels_and_leaves_biases_offsets_and_scales(optimizer, noise):
    moved, ids = [], np.arange(10)[None]
    for decay in (0.0, 0.5):
        engine = tiny(optimizer=optimizer, weight_decay=decay)
        state = engine.first_state()
        state = state._replace(weights={name: v + 0.1 for name, v in state.weights.items()})
        first = {name: np.array(value) for name, value in state.weights.items()}
        moved.append(engine.run_chunk(state, engine.resident(noise), ids, np.array([0.05]), 0))
    plain, pulled = (chunk.state.weights for chunk in moved)
    for name in first:
        pull = 0.05 * 0.5 * first[name] if name.endswith("/kernel") else 0
        np.testing.assert_allclose(plain[name] - pulled[name], pull, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("forms", [LAYERS, DIRECT, HALVES])
@pytest.mark.parametrize("model", ["conv", "mlp-relu"])
def test_all_forms_train_alike(model, forms, noise):
    one, _ = trained(engine_for(model, PATCHES, optimizer="sgd"), noise, [5])
    other, _ = trained(engine_for(model, forms, optimizer="sgd"), noise, [5])
    for key in one:
        np.testing.assert_allclose(one[key], other[key], atol=2e-5, err_msg=key)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "rmsprop", "muon"])
def test_how_a_loop_keeps_kernels_is_not_seen_outside(optimizer, noise):
    """Everything a kernel has: the optimizer's slots, decay, penalty, clipping, average."""
    dense = keras.layers.Dense
    with unallocated():
        body = [dense(6, activation="relu"), dense(6), dense(5, activation="softmax"), dense(3)]
        start = [keras.Input((8, 8, 1)), keras.layers.Flatten()]
        graph = layer_graph(keras.Sequential([*start, *body]))
    recipe = Recipe(
        steps=10,
        batch_size=10,
        optimizer=optimizer,
        schedule=Constant(0.05),
        momentum=0.9 if optimizer == "sgd" else 0.0,
        weight_decay=0.1,
        l2=0.01,
        clip_norm=1.0,
        ema=0.9,
    )
    states = []
    for forms in (PATCHES, LAYERS):
        engine = Engine(graph, recipe, Preprocess(8, 8, 1), forms)
        state = engine.first_state()
        for first in (0, 3):
            ids = batch_ids(130, 10, first, 3, seed=0, shuffle="every epoch")
            state = engine.run_chunk(
                state, engine.resident(noise), ids, np.full(3, 0.05), first
            ).state
        assert [slot.shape for slot in state.optimizer] == engine.layout.optimizer_shapes
        states.append(state)
    kept, plain = states
    for one, other in zip(kept.optimizer, plain.optimizer, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=2e-5)
    for one, other in ((kept.weights, plain.weights), (kept.average, plain.average)):
        for name in graph.weights:
            np.testing.assert_allclose(one[name], other[name], atol=2e-5, err_msg=name)


@pytest.mark.parametrize("forms", [PATCHES, DIRECT])
def test_weights_of_classes_are_those_of_their_losses(forms, noise):
    """One step of gradient descent on softmax, by the formula."""
    rows = np.arange(10)[None]
    weights, _ = trained_once(
        engine_for("softmax", forms, optimizer="sgd", balance="weights"), noise
    )
    counts = np.bincount(noise.labels)
    each = 130 / (3 * counts[noise.labels[rows[0]]])
    x = noise.pixels[rows[0]].reshape(10, 64) / 255
    error = np.full((10, 3), 1 / 3) - np.eye(3)[noise.labels[rows[0]]]
    slope = x.T @ (error * each[:, None]) / 10
    np.testing.assert_allclose(weights["01-dense/kernel"], -0.1 * slope, atol=1e-6)


@pytest.mark.parametrize("forms", [PATCHES, DIRECT])
@pytest.mark.parametrize("balance", ["none", "weights"])
def test_weights_of_pictures_are_those_of_their_losses(balance, forms, noise):
    """One step of gradient descent on softmax, by the formula; evaluation does not ask."""
    own = np.where(np.arange(130) % 3, 2, 0).astype(np.float32)
    weighted = replace(noise, weights=own)
    engine = engine_for("softmax", forms, optimizer="sgd", balance=balance)
    weights, _ = trained_once(engine, weighted)
    rows = np.arange(10)
    each = own[rows] / own.mean(dtype=float)
    if balance == "weights":
        each *= 130 / (3 * np.bincount(noise.labels)[noise.labels[rows]])
    x = noise.pixels[rows].reshape(10, 64) / 255
    error = np.full((10, 3), 1 / 3) - np.eye(3)[noise.labels[rows]]
    slope = x.T @ (error * each[:, None]) / 10
    np.testing.assert_allclose(weights["01-dense/kernel"], -0.1 * slope, atol=1e-6)
    answers = [engine.answer(weights, engine.resident(split)) for split in (noise, weighted)]
    assert answers[0].loss == answers[1].loss


def test_a_picture_of_weight_zero_teaches_nothing(noise):
    other = noise.pixels.copy()
    other[::3] = 255 - other[::3]
    own = np.where(np.arange(130) % 3, 1, 0).astype(np.float32)
    engine = engine_for("softmax", optimizer="sgd")
    one, another = (
        trained_once(engine, replace(noise, pixels=pixels, weights=own))[0]
        for pixels in (noise.pixels, other)
    )
    assert all((one[name] == another[name]).all() for name in one)


def trained_once(engine, noise):
    rows = np.arange(10)[None]
    state = engine.first_state()
    chunk = engine.run_chunk(state, engine.resident(noise), rows, np.array([0.1]), 0)
    return {name: np.asarray(v) for name, v in chunk.state.weights.items()}, chunk.losses


@pytest.mark.parametrize("count", [1, 3, ANSWER_BATCH, ANSWER_BATCH + 1, 130])
def test_answers_do_not_depend_on_how_many_are_asked(count, noise):
    engine = engine_for("conv-bn")
    weights = engine.first_state().weights
    everything = engine.logits(weights, noise.pixels)
    assert everything.shape == (130, 3)
    part = engine.logits(weights, noise.pixels[:count])
    np.testing.assert_allclose(part, everything[:count], atol=1e-5)


def test_evaluation_sees_neither_augmentation_nor_dropout(noise):
    engine = engine_for("conv-bn", augment=(Affine(),))
    weights = engine.first_state().weights
    assert (engine.logits(weights, noise.pixels) == engine.logits(weights, noise.pixels)).all()
    plain = engine_for("conv-bn").logits(weights, noise.pixels)
    assert (engine.logits(weights, noise.pixels) == plain).all()


@pytest.mark.parametrize("l1, l2", [(0.01, 0.0), (0.0, 0.01)])
def test_penalties_pull_kernels_by_their_slope_and_stay_out_of_the_loss(l1, l2, noise):
    """d/dw of l1 |w| + l2 w^2 is l1 sign(w) + 2 l2 w; biases have none."""
    plain, losses = trained(engine_for("mlp-relu", optimizer="sgd"), noise, [1])
    pulled, same = trained(engine_for("mlp-relu", optimizer="sgd", l1=l1, l2=l2), noise, [1])
    first = np.asarray(engine_for("mlp-relu").first_state().weights["01-dense/kernel"])
    difference = (plain["01-dense/kernel"] - pulled["01-dense/kernel"]) / 0.05
    np.testing.assert_allclose(difference, l1 * np.sign(first) + 2 * l2 * first, atol=1e-4)
    assert (plain["01-dense/bias"] == pulled["01-dense/bias"]).all()
    assert losses.tolist() == same.tolist()


def test_clipping_keeps_the_direction_and_shortens_the_step(noise):
    free, _ = trained(engine_for("softmax", optimizer="sgd"), noise, [1])
    held, _ = trained(engine_for("softmax", optimizer="sgd", clip_norm=0.01), noise, [1])
    length = np.sqrt(sum(np.square(v).sum() for v in held.values()))
    assert length == pytest.approx(0.05 * 0.01, rel=1e-4)
    ratio = held["01-dense/bias"] / free["01-dense/bias"]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-4)
    loose, _ = trained(engine_for("softmax", optimizer="sgd", clip_norm=1e3), noise, [1])
    assert all((loose[name] == free[name]).all() for name in free)  # none is made longer


def test_smoothing_mixes_in_the_mean_of_all_classes(noise):
    _, plain = trained(engine_for("mlp-relu"), noise, [1])
    _, smoothed = trained(engine_for("mlp-relu", label_smoothing=0.2), noise, [1])
    engine = engine_for("mlp-relu")
    rows = batch_ids(130, 10, 0, 1, seed=0, shuffle="every epoch")[0]
    logits = engine.logits(engine.first_state().weights, noise.pixels[rows])
    mean = -(logits - np.log(np.exp(logits).sum(1, keepdims=True))).mean()
    assert smoothed[0] == pytest.approx(0.8 * plain[0] + 0.2 * mean, rel=1e-5)


def test_the_average_of_weights_forgets_at_its_rate_and_answers(noise):
    engine = engine_for("softmax", optimizer="sgd", ema=0.5)
    state, train = engine.first_state(), engine.resident(noise)
    expected = np.zeros(3)
    for step in range(12):
        ids = batch_ids(130, 10, step, 1, seed=0, shuffle="once")
        state = engine.run_chunk(state, train, ids, np.array([0.05]), step).state
        keep = min(0.5, (1 + step) / (10 + step))
        expected = expected * keep + np.asarray(state.weights["01-dense/bias"]) * (1 - keep)
    np.testing.assert_allclose(state.answering["01-dense/bias"], expected, atol=1e-6)
    assert (np.asarray(state.weights["01-dense/bias"]) != expected).any()


def test_rmsprop_divides_by_the_root_of_the_mean_square(noise):
    """Hinton's lecture 6e: the first step is rate / sqrt(1 - rho) times the slope's sign."""
    engine = engine_for("softmax", optimizer="rmsprop", rho=0.9, epsilon=1e-12)
    weights, _ = trained(engine, noise, [1])
    np.testing.assert_allclose(np.abs(weights["01-dense/bias"]), 0.05 / np.sqrt(0.1), rtol=1e-3)
