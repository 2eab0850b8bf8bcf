"""Weight norm against its definition, and its first weights against a first batch."""

import numpy as np
import pytest

from saccade.models.backend import jax, keras
from saccade.models.from_data import drawn_from, first_pictures, wants_data
from saccade.models.graph import layer_graph
from saccade.models.initialize import first_weights, unallocated
from saccade.models.network import build
from saccade.models.weight_norm import WeightNormConv2D, WeightNormDense, multiplied_out


def test_each_unit_has_the_length_gamma_whatever_the_direction(rng):
    direction = rng.normal(size=(3, 3, 5, 4))
    gamma = np.array([1.0, 2.0, 0.5, -3.0])
    kernel = np.asarray(multiplied_out(direction, gamma))
    lengths = np.sqrt((kernel**2).sum((0, 1, 2)))
    np.testing.assert_allclose(lengths, np.abs(gamma), rtol=1e-5)
    np.testing.assert_allclose(kernel, multiplied_out(7 * direction, gamma), rtol=1e-4)
    last = direction[..., 3]
    np.testing.assert_allclose(kernel[..., 3], -3 * last / np.linalg.norm(last), rtol=1e-4)


def test_slopes_of_a_direction_stand_upright_on_it(rng):
    """Salimans and Kingma 2016, equation 3: the slope of v is orthogonal to v."""
    direction, gamma = rng.normal(size=(6, 4)).astype(np.float32), np.ones(4, np.float32)
    x = rng.normal(size=(9, 6)).astype(np.float32)

    def loss(v):
        return (jax.numpy.tanh(x @ multiplied_out(v, gamma)) ** 3).sum()

    slope = np.asarray(jax.grad(loss)(direction))
    assert np.abs(slope).max() > 1e-3
    np.testing.assert_allclose((slope * direction).sum(0), 0, atol=1e-5)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_convolution_is_that_of_its_kernel(stride, rng):
    layer = WeightNormConv2D(4, 3, stride, name="c")
    x = rng.normal(size=(2, 7, 6, 3)).astype(np.float32)
    layer.build(x.shape)
    values = [rng.normal(size=v.shape).astype(np.float32) for v in layer.variables]
    for variable, value in zip(layer.variables, values, strict=True):
        variable.assign(value)
    plain = keras.layers.Conv2D(4, 3, strides=stride, padding="same")
    plain.build(x.shape)
    direction, gamma, bias = values
    length = np.sqrt((direction.astype(float) ** 2).sum((0, 1, 2)))
    plain.kernel.assign(direction * gamma / length)
    plain.bias.assign(bias)
    np.testing.assert_allclose(layer(x), plain(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["mlp-deep", "conv-bn"])
def test_every_layer_begins_with_mean_zero_and_deviation_one(name, rng):
    """Equations 5 and 6, layer after layer, as a NumPy pass of its own finds it."""
    graph = build(name, (8, 8, 1), 3, "weight").graph
    images = rng.uniform(0, 1, (200, 8, 8, 1)).astype(np.float32)
    drawn = drawn_from(graph, first_weights(graph, "layers", 0), images)
    x = images
    seen = 0
    for node in graph.nodes:
        if "weight_norm" in node.kind:
            own = {local.rpartition("/")[2]: drawn[local] for local, _ in node.weights}
            layer = node.layer
            if hasattr(layer, "kernel_size"):
                layer = WeightNormConv2D(layer.filters, layer.kernel_size[0], layer.strides[0], "x")
            else:
                layer = WeightNormDense(layer.units, name="x")
            layer.build(x.shape)
            for variable in layer.variables:
                variable.assign(own[variable.name])
            x = np.asarray(layer(x))
            others = tuple(range(x.ndim - 1))
            np.testing.assert_allclose(x.mean(others), 0, atol=1e-3)
            varies = x.std(others) > 0.1  # a unit that nothing reaches has nothing to spread
            np.testing.assert_allclose(x.std(others)[varies], 1, rtol=1e-3)
            assert varies.mean() > 0.9
            seen += 1
        elif node.kind == "Flatten":
            x = x.reshape(len(x), -1)
        elif node.kind == "Activation":
            x = np.maximum(x, 0)
    assert seen == {"mlp-deep": 16, "conv-bn": 4}[name]


def test_the_first_weights_alone_do_not_spread_evenly(rng):
    """The fault that the test above would miss if it measured nothing."""
    graph = of_one_dense_layer()
    images = rng.uniform(0, 1, (50, 4, 4, 1)).astype(np.float32)
    first = first_weights(graph, "layers", 0)
    drawn = drawn_from(graph, first, images)
    changed = [name for name in first if (first[name] != drawn[name]).any()]
    assert {name.rpartition("/")[2] for name in changed} == {"gamma", "bias"}


def of_one_dense_layer():
    layers = keras.layers
    with unallocated():
        return layer_graph(
            keras.Sequential(
                [layers.Input((4, 4, 1)), layers.Flatten(), WeightNormDense(5, name="d")]
            )
        )


def test_a_unit_that_never_varies_stays_finite():
    graph = of_one_dense_layer()
    images = np.ones((20, 4, 4, 1), np.float32)
    drawn = drawn_from(graph, first_weights(graph, "layers", 0), images)
    assert all(np.isfinite(value).all() for value in drawn.values())
    assert (drawn[graph.nodes[1].weight("gamma")] == 1).all()


def test_only_layers_that_want_it_change_and_the_same_twice(rng):
    images = rng.uniform(0, 1, (30, 8, 8, 1)).astype(np.float32)
    plain = build("conv-bn", (8, 8, 1), 3).graph
    first = first_weights(plain, "layers", 0)
    assert not wants_data(plain)
    assert all(drawn_from(plain, first, images)[name] is first[name] for name in first)
    graph = build("conv-bn", (8, 8, 1), 3, "weight").graph
    first = first_weights(graph, "layers", 0)
    one, same = (drawn_from(graph, first, images) for _ in range(2))
    assert all((one[name] == same[name]).all() for name in first)
    assert list(one) == list(first)
    assert all(value.dtype == np.float32 for value in one.values())


def test_what_has_learnt_is_kept(rng):
    images = rng.uniform(0, 1, (30, 8, 8, 1)).astype(np.float32)
    graph = build("mlp-deep", (8, 8, 1), 3, "weight").graph
    first = first_weights(graph, "layers", 0)
    learnt = graph.nodes[1].weight("direction")
    drawn = drawn_from(graph, first, images, kept={learnt})
    still = {name for name in first if (drawn[name] == first[name]).all()}
    nodes = [node for node in graph.nodes if node.weights]
    same = [node.name for node in nodes if {name for name, _ in node.weights} <= still]
    assert same == [graph.nodes[1].name, graph.nodes[-1].name]


class Whitened(keras.layers.Layer):
    """A layer of another kind that looks at the data: the mean of what it reads is taken off."""

    def build(self, input_shape):
        self.shift = self.add_weight(shape=input_shape[1:], initializer="zeros", name="shift")

    def call(self, x):
        return x - self.shift

    def from_data(self, x, weights):
        assert set(weights) == {"shift"}
        return {"shift": x.mean(0)}


def test_any_layer_may_look_at_the_data(rng):
    layers = keras.layers
    with unallocated():
        body = [layers.Input((4, 4, 1)), layers.Rescaling(2.0), Whitened(), layers.Flatten()]
        graph = layer_graph(keras.Sequential([*body, layers.Dense(2)]))
    images = rng.uniform(0, 1, (30, 4, 4, 1)).astype(np.float32)
    drawn = drawn_from(graph, first_weights(graph, "layers", 0), images)
    np.testing.assert_allclose(drawn[graph.nodes[1].weight("shift")], 2 * images.mean(0), rtol=1e-5)


def test_the_pictures_are_a_function_of_the_seed():
    one, same, other = (first_pictures(5_000, (28, 28, 1), seed) for seed in (0, 0, 1))
    assert (one == same).all() and (one != other).any()
    assert len(one) == 500 and (np.diff(one) > 0).all() and one.max() < 5_000
