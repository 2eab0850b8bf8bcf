"""Activations in ONNX."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from saccade.export.writer import NoRule, Value, Writer
from saccade.models.backend import keras
from saccade.models.graph import Node
from saccade.models.lenet import squash

functions = keras.activations
# (writer, name of what comes in) -> name of what comes out.
Pointwise = Callable[[Writer, str], str]


def _operator(operator: str, attributes: Mapping[str, Any] | None = None) -> Pointwise:
    return lambda writer, x: writer.add(operator, [x], attributes)


def _clipped(writer: Writer, x: str, most: float) -> str:
    return writer.add("Clip", [x, writer.constant(0.0), writer.constant(most)])


def _silu(writer: Writer, x: str) -> str:
    return writer.add("Mul", [x, writer.add("Sigmoid", [x])])


def _gelu(writer: Writer, x: str) -> str:
    """x/2 (1 + erf(x / sqrt 2)), which ONNX Runtime knows again as one operation."""
    inner = writer.add("Erf", [writer.add("Div", [x, writer.constant(np.sqrt(2))])])
    outer = writer.add("Mul", [x, writer.add("Add", [inner, writer.constant(1.0)])])
    return writer.add("Mul", [outer, writer.constant(0.5)])


def _squash(writer: Writer, x: str) -> str:
    inner = writer.add("Tanh", [writer.add("Mul", [x, writer.constant(2 / 3)])])
    return writer.add("Mul", [inner, writer.constant(1.7159)])


# By the function itself: a name proves nothing.
POINTWISE: Mapping[Any, Pointwise] = {
    functions.linear: lambda writer, x: x,
    functions.relu: _operator("Relu"),
    functions.relu6: lambda writer, x: _clipped(writer, x, 6.0),
    functions.leaky_relu: _operator("LeakyRelu", {"alpha": 0.2}),
    functions.elu: _operator("Elu", {"alpha": 1.0}),
    functions.selu: _operator("Selu"),
    functions.sigmoid: _operator("Sigmoid"),
    functions.hard_sigmoid: _operator("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
    functions.tanh: _operator("Tanh"),
    functions.softplus: _operator("Softplus"),
    functions.softsign: _operator("Softsign"),
    functions.exponential: _operator("Exp"),
    functions.silu: _silu,
    functions.hard_silu: _operator("HardSwish"),
    functions.gelu: _gelu,
    squash: _squash,
}


def activated(layer: Any, function: Any, writer: Writer, x: Value) -> Value:
    """A value after a layer's activation.

    Raises:
        NoRule: it is none that is known here; names the layer.
    """
    if function is functions.softmax:
        return _softmax(writer, x, -1)
    if function not in POINTWISE:
        name = getattr(function, "__name__", type(function).__name__)
        raise NoRule(f"the activation `{name}` of layer `{layer.name}` can't be exported")
    return x.as_it_lies(POINTWISE[function](writer, x.name))


def activation(node: Node, writer: Writer, x: Value) -> Value:
    """Activation."""
    return activated(node.layer, node.layer.activation, writer, x)


def relu(node: Node, writer: Writer, x: Value) -> Value:
    """ReLU, with a slope below 0 or an upper limit."""
    layer = node.layer
    if layer.threshold:
        raise NoRule(f"layer `{layer.name}` with a threshold can't be exported")
    slope, most = float(layer.negative_slope or 0), layer.max_value
    if not slope:
        name = writer.add("Relu", [x.name]) if most is None else _clipped(writer, x.name, most)
        return x.as_it_lies(name)
    name = writer.add("LeakyRelu", [x.name], {"alpha": slope})
    if most is not None:
        name = writer.add("Min", [name, writer.constant(float(most))])
    return x.as_it_lies(name)


def leaky_relu(node: Node, writer: Writer, x: Value) -> Value:
    """LeakyReLU."""
    alpha = float(node.layer.negative_slope)
    return x.as_it_lies(writer.add("LeakyRelu", [x.name], {"alpha": alpha}))


def elu(node: Node, writer: Writer, x: Value) -> Value:
    """ELU."""
    return x.as_it_lies(writer.add("Elu", [x.name], {"alpha": float(node.layer.alpha)}))


def prelu(node: Node, writer: Writer, x: Value) -> Value:
    """PReLU: a slope for each number, or shared along some axes."""
    x = writer.channels_last(x)
    slopes = writer.constant(writer.weights[node.weight("alpha")])
    return x.as_it_lies(writer.add("PRelu", [x.name, slopes]))


def softmax(node: Node, writer: Writer, x: Value) -> Value:
    """Softmax along one axis."""
    if not isinstance(node.layer.axis, int):
        raise NoRule(f"layer `{node.layer.name}` over several axes can't be exported")
    return _softmax(writer, x, node.layer.axis)


def _softmax(writer: Writer, x: Value, axis: int) -> Value:
    x = writer.channels_last(x)
    return x.as_it_lies(writer.add("Softmax", [x.name], {"axis": axis}))
