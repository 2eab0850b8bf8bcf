"""Sums and products between layers run as Keras has them; other operations are refused."""

import numpy as np
import pytest

from saccade.core.errors import BadUsage
from saccade.models.activation import Mode
from saccade.models.backend import keras
from saccade.models.forward import forward
from saccade.models.graph import layer_graph

layers = keras.layers
DONE = {
    "x + number": (lambda x: x + 3.0, ["Rescaling"]),
    "number + x": (lambda x: 3 + x, ["Rescaling"]),
    "x * number": (lambda x: x * (1 / 6), ["Rescaling"]),
    "number * x": (lambda x: -2.0 * x, ["Rescaling"]),
    "both": (lambda x: (x + 3.0) * (1.0 / 6.0), ["Rescaling", "Rescaling"]),
    "x + y": (lambda x: layers.ReLU()(x) + x, ["ReLU", "Add"]),
    "x * y": (lambda x: layers.ReLU()(x) * x, ["ReLU", "Multiply"]),
    "x + x": (lambda x: x + x, ["Add"]),
    "a number a map": (
        lambda x: x * layers.GlobalAveragePooling2D(keepdims=True)(x),
        ["GlobalAveragePooling2D", "Multiply"],
    ),
}
REFUSED = {
    "x - number": lambda x: x - 3.0,
    "x / number": lambda x: x / 2.0,
    "an array": lambda x: x * np.array([1.0, 2, 3], np.float32),
    "other axes": lambda x: x + layers.GlobalAveragePooling2D()(x),
    "a function": lambda x: keras.ops.exp(x),
}


def model_of(make):
    picture = layers.Input((5, 4, 3))
    return keras.Model(picture, make(picture), name="net")


@pytest.mark.parametrize("form", ["patches", "direct", "layers"])
@pytest.mark.parametrize("case", DONE)
def test_a_sum_or_product_is_a_layer(case, form, rng):
    make, kinds = DONE[case]
    model = model_of(lambda x: layers.Flatten()(make(layers.Conv2D(3, 1)(x))))
    graph = layer_graph(model)
    assert [node.kind for node in graph.nodes] == ["Conv2D", *kinds, "Flatten"]
    images = rng.normal(size=(2, 5, 4, 3)).astype(np.float32)
    weights = {name: v.value for name, v in graph.weights.items()}
    got, _ = forward(graph, weights, images, form=form, mode=Mode())
    np.testing.assert_allclose(got, model(images), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", REFUSED)
def test_any_other_operation_is_refused_by_name(case):
    with pytest.raises(BadUsage, match="is an operation, not a layer"):
        layer_graph(model_of(lambda x: layers.Conv2D(3, 1)(REFUSED[case](x))))


def test_a_variable_without_a_name_is_called_the_same_in_every_process():
    class Offset(layers.Layer):
        def build(self, _):
            self.one, self.two = self.add_weight(shape=(3,)), self.add_weight(shape=(3,))

        def call(self, x):
            return x + self.one * self.two

    for _ in range(2):
        names = list(layer_graph(model_of(Offset())).weights)
        assert names == ["00-offset/variable_0", "00-offset/variable_1"]
