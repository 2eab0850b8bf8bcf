"""The contract every model of the table keeps."""

import numpy as np
import pytest

from saccade.core.errors import BadUsage
from saccade.core.preprocess import Preprocess
from saccade.models import MODELS
from saccade.models.initialize import first_weights
from saccade.models.network import build, rebuild
from saccade.train.engine import Engine, Forms
from saccade.train.order import batch_ids
from saccade.train.recipes import DEFAULTS, recipe


@pytest.fixture
def rng():
    return np.random.default_rng(0)


SHAPES = [(28, 28, 1), (8, 8, 1), (11, 17, 3), (96, 96, 3)]


def test_every_model_has_a_default_recipe():
    assert set(DEFAULTS) == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_the_table_counts_parameters_right(name):
    entry = MODELS[name]
    assert build(name, entry.shape, 10).parameters == entry.parameters


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_any_shape_gives_one_finite_logit_a_class(name, shape, rng):
    network = build(name, shape, 3)
    engine = Engine(network.graph, recipe(name), Preprocess(*shape), Forms("patches", "patches"))
    pixels = rng.integers(0, 256, (5, *shape), dtype=np.uint8)
    logits = engine.logits(engine.first_state().weights, pixels)
    assert logits.shape == (5, 3)
    assert np.isfinite(logits).all()


@pytest.mark.parametrize("name", MODELS)
def test_every_trainable_weight_moves(name, rng):
    network = build(name, (8, 8, 1), 3)
    engine = Engine(network.graph, recipe(name), Preprocess(8, 8, 1), Forms("patches", "patches"))
    state = engine.first_state()
    before = {key: np.array(value) for key, value in state.weights.items()}
    train = engine.resident(stripes(rng, 50, 3))
    ids = batch_ids(50, 10, 0, 3, seed=0, shuffle="once")
    after = engine.run_chunk(state, train, ids, np.full(3, 0.01), 0).state.weights
    still = [key for key, value in before.items() if (value == np.asarray(after[key])).all()]
    assert still == []


@pytest.mark.parametrize("name", MODELS)
def test_a_run_can_build_it_again(name):
    network = build(name, (12, 12, 3), 4)
    again = rebuild(network.reference, network.input_shape, network.classes)
    assert [n for n in again.graph.weights] == [n for n in network.graph.weights]
    assert again.parameters == network.parameters


@pytest.mark.parametrize("name", MODELS)
def test_building_allocates_nothing(name):
    graph = build(name, (28, 28, 1), 10).graph
    assert all(variable._value is None for variable in graph.weights.values())


@pytest.mark.parametrize("name", [name for name, entry in MODELS.items() if entry.least > 1])
def test_a_picture_too_small_is_refused_with_the_least_size(name):
    with pytest.raises(BadUsage, match=f"at least {MODELS[name].least}x{MODELS[name].least}"):
        build(name, (2, 28, 1), 10)


def test_one_class_is_refused():
    with pytest.raises(BadUsage, match="at least two"):
        build("softmax", (8, 8, 1), 1)


@pytest.mark.parametrize("rule", ["layers", "truncated-normal"])
@pytest.mark.parametrize("name", MODELS)
def test_first_weights_are_a_function_of_the_seed(name, rule):
    graph = build(name, (28, 28, 1), 10).graph
    one, same, other = (first_weights(graph, rule, seed) for seed in (1, 1, 2))
    assert all((one[key] == same[key]).all() for key in one)
    assert name == "softmax" or any((one[key] != other[key]).any() for key in one)


def stripes(rng, count, classes):
    from saccade.core.records import Split

    labels = np.arange(count, dtype=np.int32) % classes
    pixels = rng.integers(0, 60, (count, 8, 8, 1), dtype=np.uint8)
    for i, label in enumerate(labels):
        pixels[i, :, label :: classes + 1] += 150
    return Split(pixels, labels, [str(i) for i in range(count)])
