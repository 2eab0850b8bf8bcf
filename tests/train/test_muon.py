"""Muon against its authors' formula; Adam where it is not for."""

import numpy as np
import pytest

from saccade.models.backend import keras
from saccade.models.graph import layer_graph
from saccade.models.initialize import unallocated
from saccade.train.engine import Engine
from saccade.train.recipe import Recipe
from saccade.train.schedule import Constant

from .test_engine import DIRECT, PATCHES, Preprocess, noise

__all__ = ["noise"]
layers = keras.layers
RATE, MOMENTUM = 0.05, 0.95
HIDDEN = ["00-conv2d/kernel", "02-separableconv2d/pointwise_kernel", "04-dense/kernel"]


def engine_of(optimizer, forms=PATCHES):
    with unallocated():
        body = [
            keras.Input((8, 8, 1)),
            layers.Conv2D(12, 3, strides=2, activation="relu"),
            layers.DepthwiseConv2D(2),
            layers.SeparableConv2D(6, 1),
            layers.Flatten(),
            layers.Dense(7, activation="relu"),
            layers.Dense(3),
        ]
        graph = layer_graph(keras.Sequential(body))
    recipe = Recipe(steps=10, batch_size=10, optimizer=optimizer, schedule=Constant(RATE))
    return Engine(graph, recipe, Preprocess(8, 8, 1), forms)


def moved(engine, noise, weights, steps=1, rate=RATE):
    """How far some updates on the same batch move every variable."""
    state = engine.first_state()._replace(weights={k: v + 0 for k, v in weights.items()})
    before = {name: np.array(value) for name, value in weights.items()}
    rows = np.tile(np.arange(10), (steps, 1))
    chunk = engine.run_chunk(state, engine.resident(noise), rows, np.full(steps, rate), 0)
    return {name: np.asarray(v) - before[name] for name, v in chunk.state.weights.items()}


def orthogonal(matrix):
    """github.com/KellerJordan/Muon, its `zeropower_via_newtonschulz5`, in float64."""
    x = matrix / np.linalg.norm(matrix)
    x = x.T if len(matrix) > len(matrix.T) else x
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.T if len(matrix) > len(matrix.T) else x


@pytest.mark.parametrize("forms", [PATCHES, DIRECT], ids=["a loop", "a call a step"])
def test_a_hidden_kernel_moves_orthogonally_and_anything_else_as_adam_has_it(forms, noise):
    weights = engine_of("sgd").first_state().weights
    plain = moved(engine_of("sgd", forms), noise, weights)
    adam = moved(engine_of("adam", forms), noise, weights)
    found = moved(engine_of("muon", forms), noise, weights)
    for name, change in found.items():
        if name not in HIDDEN:
            np.testing.assert_allclose(change, adam[name], atol=1e-5, err_msg=name)
            continue
        matrix = change.reshape(-1, change.shape[-1])
        length = RATE * 0.2 * np.sqrt(max(matrix.shape))
        expected = orthogonal(plain[name].astype(float).reshape(matrix.shape)) * length
        np.testing.assert_allclose(matrix, expected, atol=2e-3 * length, err_msg=name)
        values = np.linalg.svd(matrix / length, compute_uv=False)
        assert values.max() < 1.3, name


def test_momentum_looks_ahead_as_nesterov_does(noise):
    """Two updates of which the first is of rate 0: the slope is the same both times."""
    weights = engine_of("sgd").first_state().weights
    slope = moved(engine_of("sgd"), noise, weights, rate=1.0)
    engine = engine_of("muon")
    train = engine.resident(noise)
    state = engine.first_state()._replace(weights={k: v + 0 for k, v in weights.items()})
    first = engine.run_chunk(state, train, np.arange(10)[None], np.zeros(1), 0).state
    other = np.arange(10, 20)
    sgd = engine_of("sgd")
    state = sgd.first_state()._replace(weights={k: v + 0 for k, v in weights.items()})
    after = sgd.run_chunk(state, sgd.resident(noise), other[None], np.ones(1), 0).state.weights
    second = engine.run_chunk(first, train, other[None], np.array([RATE]), 1).state.weights
    name = "04-dense/kernel"
    before = np.asarray(weights[name])
    one, two = -slope[name].astype(float), before - np.asarray(after[name])
    speed = MOMENTUM * one + two
    expected = -orthogonal(two + MOMENTUM * speed) * RATE * 0.2 * np.sqrt(max(before.shape))
    np.testing.assert_allclose(np.asarray(second[name]) - before, expected, atol=1e-4)


def test_what_it_is_for_is_known_by_position():
    layout = engine_of("muon").layout
    assert [layout.trainable[i] for i in sorted(layout.matrices)] == HIDDEN
