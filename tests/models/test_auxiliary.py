"""Auxiliary heads: what they say counts while a network learns, and nowhere else."""

import numpy as np
import pytest

from saccade.core.preprocess import Preprocess
from saccade.core.records import Split
from saccade.models.activation import Mode
from saccade.models.auxiliary import WithAuxiliary
from saccade.models.backend import jax, keras
from saccade.models.forward import forward
from saccade.models.graph import layer_graph
from saccade.models.network import build
from saccade.models.transfer import base_graph
from saccade.train.engine import Engine
from saccade.train.forms import Forms
from saccade.train.recipe import Recipe
from saccade.train.schedule import Constant

layers, jnp = keras.layers, jax.numpy
SHARE, RATE, PICTURES, CLASSES = 0.3, 0.5, 12, 3
SHAPE = (6, 5, 1)


@pytest.fixture
def two_headed():
    """(Keras model of both logits, the graph of it that ends in the first)."""
    keras.utils.set_random_seed(1)
    picture = layers.Input(SHAPE)
    x = layers.Conv2D(4, 3, activation="relu", name="trunk")(picture)
    y = layers.Conv2D(3, 2, activation="relu", name="deep")(x)
    aside = layers.Dense(CLASSES, name="aside")(layers.Flatten()(x))
    logits = layers.Dense(CLASSES, name="logits")(layers.Flatten()(y))
    answer = WithAuxiliary(SHARE, name="answer")([logits, aside])
    return keras.Model(picture, [logits, aside]), layer_graph(keras.Model(picture, answer))


@pytest.fixture
def split(rng):
    pixels = rng.integers(0, 256, (PICTURES, *SHAPE), dtype=np.uint8)
    labels = (np.arange(PICTURES) % CLASSES).astype(np.int32)
    return Split(pixels, labels, [str(i) for i in range(PICTURES)])


def engine_of(graph, **changes):
    recipe = Recipe(
        steps=1,
        batch_size=PICTURES,
        optimizer="sgd",
        schedule=Constant(RATE),
        pixel_scale=1 / 255,
        **changes,
    )
    return Engine(graph, recipe, Preprocess(*SHAPE), Forms("layers", "layers"))


def after_one_step(graph, split, **changes):
    engine = engine_of(graph, **changes)
    before = {name: np.array(v.value) for name, v in graph.weights.items()}
    state = engine.first_state(before)
    chunk = engine.run_chunk(
        state, engine.resident(split), np.arange(PICTURES)[None], np.array([RATE]), 0
    )
    return before, {name: np.asarray(v) for name, v in chunk.state.weights.items()}, chunk.losses[0]


def entropy(logits, labels):
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1).mean()


def expected_slopes(model, graph, split):
    """Of the main loss and a share of the other, by Keras and JAX alone."""
    images = split.pixels.astype(np.float32) / 255

    def loss(values):
        (main, aside), _ = model.stateless_call(values, [], images)
        return entropy(main, split.labels) + SHARE * entropy(aside, split.labels), main

    values = [v.value for v in model.trainable_variables]
    slopes, main = jax.grad(loss, has_aux=True)(values)
    by_id = {id(v): s for v, s in zip(model.trainable_variables, slopes, strict=True)}
    return {name: by_id[id(v)] for name, v in graph.weights.items()}, entropy(main, split.labels)


@pytest.mark.parametrize("accumulate", [1, 3])
def test_a_step_goes_down_the_slopes_of_all_losses(two_headed, split, accumulate):
    model, graph = two_headed
    slopes, main = expected_slopes(model, graph, split)
    before, after, shown = after_one_step(graph, split, accumulate=accumulate)
    for name, slope in slopes.items():
        np.testing.assert_allclose((before[name] - after[name]) / RATE, slope, atol=2e-5)
        assert np.abs(slope).max() > 1e-4
    assert shown == pytest.approx(float(main), rel=1e-5)  # the answer's loss alone


def test_smoothing_is_of_all_heads(two_headed, split):
    model, graph = two_headed
    kernel = model.get_layer("aside").kernel
    [name] = [full for full, variable in graph.weights.items() if variable is kernel]
    plain, smooth = (
        after_one_step(graph, split, label_smoothing=share)[1][name] for share in (0.0, 0.5)
    )
    assert np.abs(plain - smooth).max() > 1e-3


def test_answers_do_not_hear_them(two_headed, rng):
    _, graph = two_headed
    weights = {name: np.array(v.value) for name, v in graph.weights.items()}
    images = rng.normal(size=(4, *SHAPE)).astype(np.float32)
    led = {name for node in graph.answering for name, _ in node.weights}
    aside = {n: rng.normal(size=w.shape) for n, w in weights.items() if n not in led}
    assert len(aside) == 2
    for mode in (Mode(), Mode(training=True, key=jax.random.key(0))):
        plain, stirred = (
            forward(graph, w, images, form="layers", mode=mode)[0]
            for w in (weights, {**weights, **aside})
        )
        np.testing.assert_array_equal(plain, stirred)


def test_they_come_last_so_that_a_base_keeps_its_names():
    whole, base = build("googlenet", (32, 32, 3), 10).graph, base_graph("googlenet", (32, 32, 3))
    assert [*whole.weights][: len(base.weights)] == [*base.weights]
    assert len(base.weights) == 2 * 57  # convolutions, with biases
    led = [node.position for node in whole.answering]
    assert led[:-1] == [*range(len(led) - 1)] and led[-1] == len(whole.nodes) - 1


def test_muon_leaves_all_answers_alone():
    graph = build("googlenet", (32, 32, 3), 10).graph
    layout = engine_of(graph).layout
    names = {layout.trainable[i] for i in layout.matrices}
    last = [
        node.weight("kernel")
        for node in graph.nodes
        if node.output_shape == (10,) and node.kind == "Dense"
    ]
    assert len(last) == 3 and not names & {*last}
    assert len(names) == 57 + 2 * 2


def test_a_network_without_them_has_none():
    graph = build("residual", (32, 32, 3), 10).graph
    assert graph.auxiliary == {}
    assert graph.answering == graph.nodes
    assert graph.answering_parameters == graph.parameters
