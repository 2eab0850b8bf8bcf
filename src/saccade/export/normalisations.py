"""Normalisations and scalings in ONNX, as they are when nothing learns."""

import numpy as np

from saccade.export.writer import NoRule, Value, Writer
from saccade.models.backend import keras
from saccade.models.graph import Node


def batch_normalization(node: Node, writer: Writer, x: Value) -> Value:
    """BatchNormalization with its moving mean and variance.

    ONNX Runtime puts it into the convolution before it, where there is one.
    """
    layer, axes = node.layer, len(x.shape)
    if layer.axis not in (-1, axes) or axes == 2:
        raise NoRule(f"layer `{layer.name}` over axis {layer.axis} can't be exported")
    x = writer.channels_first(x) if axes == 3 else writer.channels_last(x)
    mean, variance = (writer.weights[node.weight(f"moving_{w}")] for w in ("mean", "variance"))
    gamma = writer.weights[node.weight("gamma")] if layer.scale else np.ones_like(mean)
    beta = writer.weights[node.weight("beta")] if layer.center else np.zeros_like(mean)
    inputs = [x.name, *(writer.constant(each) for each in (gamma, beta, mean, variance))]
    return x.as_it_lies(writer.add("BatchNormalization", inputs, {"epsilon": float(layer.epsilon)}))


def layer_normalization(node: Node, writer: Writer, x: Value) -> Value:
    """LayerNormalization over the last axis."""
    layer = node.layer
    axis = layer.axis[0] if isinstance(layer.axis, list | tuple) else layer.axis
    several = isinstance(layer.axis, list | tuple) and len(layer.axis) != 1
    if several or axis not in (-1, len(x.shape)) or getattr(layer, "rms_scaling", False):
        raise NoRule(f"layer `{layer.name}` can be exported over the last axis only")
    x = writer.channels_last(x)
    units = x.shape[-1]
    gamma = writer.weights[node.weight("gamma")] if layer.scale else np.ones(units)
    beta = writer.weights[node.weight("beta")] if layer.center else np.zeros(units)
    inputs = [x.name, writer.constant(gamma), writer.constant(beta)]
    told = {"axis": -1, "epsilon": float(layer.epsilon)}
    return x.as_it_lies(writer.add("LayerNormalization", inputs, told))


def normalization(node: Node, writer: Writer, x: Value) -> Value:
    """Normalization by a mean and a variance that it was given, or that it has learnt of data."""
    layer = node.layer
    if layer.invert or layer.axis not in ((-1,), (len(x.shape),), -1):
        raise NoRule(f"layer `{layer.name}` can be exported by channel, not inverted")
    mean, variance = (_given(node, writer, what) for what in ("mean", "variance"))
    deviation = np.maximum(np.sqrt(variance), keras.backend.epsilon())
    moved = writer.add("Sub", [x.name, writer.by_channel(mean, x)])
    return x.as_it_lies(writer.add("Div", [moved, writer.by_channel(deviation, x)]))


def _given(node: Node, writer: Writer, what: str) -> np.ndarray:
    names = [name for name, _ in node.weights if name.endswith(f"/{what}")]
    values = writer.weights[names[0]] if names else np.asarray(getattr(node.layer, what))
    return np.ravel(np.asarray(values, np.float32))


def rescaling(node: Node, writer: Writer, x: Value) -> Value:
    """Rescaling, by one number or one a channel."""
    layer, name = node.layer, x.name
    scale, offset = (np.ravel(np.asarray(each, np.float32)) for each in (layer.scale, layer.offset))
    if (scale != 1).any():
        name = writer.add("Mul", [name, _spread(writer, scale, x)])
    if (offset != 0).any():
        name = writer.add("Add", [name, _spread(writer, offset, x)])
    return x.as_it_lies(name)


def _spread(writer: Writer, numbers: np.ndarray, x: Value) -> str:
    return writer.constant(numbers[0]) if len(numbers) == 1 else writer.by_channel(numbers, x)


def layer_scale(node: Node, writer: Writer, x: Value) -> Value:
    """ConvNeXt's LayerScale: a number a channel."""
    gamma = writer.by_channel(writer.weights[node.weights[0][0]], x)
    return x.as_it_lies(writer.add("Mul", [x.name, gamma]))


def added_scaled(node: Node, writer: Writer, x: Value, residue: Value) -> Value:
    """Inception-ResNet's sum of a value and a scaled one."""
    x, residue = writer.alike([x, residue])
    scaled = writer.add("Mul", [residue.name, writer.constant(float(node.layer.scale))])
    return x.as_it_lies(writer.add("Add", [x.name, scaled]))


def subsample(node: Node, writer: Writer, x: Value) -> Value:
    """LeNet-5's subsampling: the sum of each 2x2, times a weight, plus a bias, each a map's own."""
    x = writer.channels_first(x)
    pool = {"kernel_shape": [2, 2], "strides": [2, 2]}
    y = Value(writer.add("AveragePool", [x.name], pool), node.output_shape, first=True)
    weight = 4 * writer.weights[node.weight("weight")]
    scaled = writer.add("Mul", [y.name, writer.by_channel(weight, y)])
    bias = writer.by_channel(writer.weights[node.weight("bias")], y)
    return y.as_it_lies(writer.add("Add", [scaled, bias]))


def local_response(node: Node, writer: Writer, x: Value) -> Value:
    """LocalResponseNormalization; ONNX divides alpha by the number of maps."""
    layer, x = node.layer, writer.channels_first(x)
    told = {
        "size": layer.depth,
        "bias": float(layer.k),
        "alpha": float(layer.alpha * layer.depth),
        "beta": float(layer.beta),
    }
    return x.as_it_lies(writer.add("LRN", [x.name], told))
