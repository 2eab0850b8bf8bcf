"""First weights against Keras' own and against known moments."""

import numpy as np
import pytest

from saccade.models.backend import keras
from saccade.models.graph import layer_graph
from saccade.models.initialize import first_weights, unallocated
from saccade.models.network import build


def graph_with(initializer):
    with unallocated():
        layer = keras.layers.Dense(300, kernel_initializer=initializer)
        return layer_graph(
            keras.Sequential([keras.layers.Input((20, 20, 1)), keras.layers.Flatten(), layer])
        )


KINDS = [
    "glorot_uniform",
    "glorot_normal",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    keras.initializers.TruncatedNormal(mean=0.5, stddev=0.2),
    keras.initializers.RandomNormal(mean=0.5, stddev=0.2),
    keras.initializers.RandomUniform(-0.3, 0.1),
    keras.initializers.VarianceScaling(2.0, "fan_avg", "untruncated_normal"),
]


@pytest.mark.parametrize(
    "initializer", KINDS, ids=lambda kind: kind if isinstance(kind, str) else type(kind).__name__
)
def test_spread_is_that_of_keras(initializer):
    ours = next(iter(first_weights(graph_with(initializer), "layers", 0).values()))
    theirs = np.asarray(keras.initializers.get(initializer)((400, 300)))
    assert ours.dtype == np.float32
    assert ours.mean() == pytest.approx(theirs.mean(), abs=3e-3)
    assert ours.std() == pytest.approx(theirs.std(), rel=0.01)
    assert np.abs(ours).max() == pytest.approx(np.abs(theirs).max(), rel=0.25)


@pytest.mark.parametrize("initializer", ["glorot_uniform", "he_normal", "lecun_normal"])
def test_the_fans_of_a_convolution_count_its_places(initializer):
    with unallocated():
        layer = keras.layers.Conv2D(60, 5, kernel_initializer=initializer)
        graph = layer_graph(keras.Sequential([keras.layers.Input((9, 9, 8)), layer]))
    ours = first_weights(graph, "layers", 0)["00-conv2d/kernel"]
    theirs = np.asarray(keras.initializers.get(initializer)((5, 5, 8, 60)))
    assert ours.std() == pytest.approx(theirs.std(), rel=0.03)


def test_the_decks_rule_is_a_normal_of_deviation_a_tenth_cut_at_two():
    weights = first_weights(build("conv", (28, 28, 1), 10).graph, "truncated-normal", 0)
    kernel = weights["04-dense/kernel"]
    assert np.abs(kernel).max() <= 0.2
    assert kernel.std() == pytest.approx(0.1 * 0.87962566, rel=0.01)
    assert set(weights["00-conv2d/bias"]) == {np.float32(0.1)}


def test_softmax_starts_at_zero_under_either_rule():
    graph = build("softmax", (28, 28, 1), 10).graph
    for rule in ("layers", "truncated-normal"):
        assert not any(value.any() for value in first_weights(graph, rule, 0).values())
