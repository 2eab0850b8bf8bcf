"""Convolutions and dense layers in ONNX."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from saccade.export.activations import activated
from saccade.export.writer import NoRule, Value, Writer
from saccade.models.graph import Node
from saccade.models.lenet import TABLE
from saccade.models.weight_norm import multiplied_out


def same_pads(
    sizes: Sequence[int], windows: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> list[int]:
    """[top, left, bottom, right] of Keras' `same`: the odd pixel comes after.

    >>> same_pads((28, 28), (2, 3), (2, 2), (1, 1))
    [0, 0, 0, 1]
    """
    missing = [
        max((-(-size // stride) - 1) * stride + (window - 1) * dilation + 1 - size, 0)
        for size, window, stride, dilation in zip(sizes, windows, strides, dilations, strict=True)
    ]
    before = [each // 2 for each in missing]
    return [*before, *(each - half for each, half in zip(missing, before, strict=True))]


def window(node: Node, size: Sequence[int], dilations: Sequence[int] = (1, 1)) -> dict[str, Any]:
    """What a layer that slides a window of this size says of it.

    Raises:
        NoRule: it takes its channels first, or pads otherwise than `same` and `valid`.
    """
    layer = node.layer
    if layer.data_format != "channels_last" or layer.padding not in ("same", "valid"):
        raise NoRule(f"layer `{layer.name}`: channels last and same or valid padding are known")
    pads = [0] * 4
    if layer.padding == "same":
        pads = same_pads(node.input_shape[:2], size, layer.strides, dilations)
    return {"kernel_shape": list(size), "strides": list(layer.strides), "pads": pads}


def conv2d(node: Node, writer: Writer, x: Value) -> Value:
    """Conv2D, also in groups, and with weight norm, which is multiplied out."""
    layer = node.layer
    kernel = _kernel(node, writer).transpose(3, 2, 0, 1)
    told = window(node, layer.kernel_size, layer.dilation_rate)
    told |= {"dilations": list(layer.dilation_rate), "group": layer.groups}
    return _activated(node, writer, _convolved(writer, x, kernel, told, _bias(node, writer)))


def depthwise_conv2d(node: Node, writer: Writer, x: Value) -> Value:
    """DepthwiseConv2D."""
    spread = _each_channel(node, writer, x, "kernel", _bias(node, writer))
    return _activated(node, writer, spread)


def separable_conv2d(node: Node, writer: Writer, x: Value) -> Value:
    """SeparableConv2D: a depthwise convolution and one across channels."""
    across = writer.weights[node.weight("pointwise_kernel")].transpose(3, 2, 0, 1)
    spread = _each_channel(node, writer, x, "depthwise_kernel")
    told = {"kernel_shape": [1, 1]}
    return _activated(node, writer, _convolved(writer, spread, across, told, _bias(node, writer)))


def table_convolution(node: Node, writer: Writer, x: Value) -> Value:
    """LeNet-5's convolution by a connection table: what is not connected is 0."""
    layer, weights = node.layer, writer.weights[node.weight("kernel")]
    full = np.append(weights, np.float32(0))[layer._where]
    kernel = full.reshape(*layer.kernel_size, -1, len(TABLE)).transpose(3, 2, 0, 1)
    told = {"kernel_shape": list(layer.kernel_size)}
    y = _convolved(writer, x, kernel, told, writer.weights[node.weight("bias")])
    return Value(y.name, node.output_shape, first=True)


def dense(node: Node, writer: Writer, x: Value) -> Value:
    """Dense: of a vector, or of each pixel; with weight norm, too, which is multiplied out."""
    layer, kernel, bias = node.layer, _kernel(node, writer), _bias(node, writer)
    if len(x.shape) == 1:
        if x.flat is not None:
            # The rows are put where the picture's numbers stand: nothing is turned over.
            kernel = kernel.reshape(*x.flat, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)
        added = [] if bias is None else [writer.constant(bias)]
        name = writer.add("Gemm", [x.name, writer.constant(kernel), *added])
    else:
        name = writer.add("MatMul", [writer.channels_last(x).name, writer.constant(kernel)])
        if bias is not None:
            name = writer.add("Add", [name, writer.constant(bias)])
    return activated(layer, layer.activation, writer, Value(name, node.output_shape))


def distances(node: Node, writer: Writer, x: Value) -> Value:
    """LeNet-5's outputs: minus the squared distance to each class' code.

    |x - c|^2 as |x|^2 - 2 x.c + |c|^2 would lose digits where they are close; the differences are
    small here (84 numbers, ten codes), so they are taken as they are.
    """
    codes = node.layer._codes.T  # [classes, features]
    apart = writer.shaped(writer.channels_last(x), (1, codes.shape[1])).name
    differences = writer.add("Sub", [apart, writer.constant(codes)])
    squares = writer.add("Mul", [differences, differences])
    sums = writer.add("ReduceSum", [squares, writer.constant([2], np.int64)], {"keepdims": 0})
    return Value(writer.add("Neg", [sums]), node.output_shape)


def _each_channel(
    node: Node, writer: Writer, x: Value, weight: str, bias: np.ndarray | None = None
) -> Value:
    layer = node.layer
    kernel = writer.weights[node.weight(weight)]
    height, width, channels, multiplier = kernel.shape
    kernel = kernel.reshape(height, width, 1, channels * multiplier).transpose(3, 2, 0, 1)
    told = window(node, layer.kernel_size, layer.dilation_rate)
    told |= {"dilations": list(layer.dilation_rate), "group": channels}
    return _convolved(writer, x, kernel, told, bias)


def _convolved(
    writer: Writer,
    x: Value,
    kernel: np.ndarray,
    told: dict[str, Any],
    bias: np.ndarray | None = None,
) -> Value:
    added = [] if bias is None else [writer.constant(bias)]
    inputs = [writer.channels_first(x).name, writer.constant(kernel), *added]
    return Value(writer.add("Conv", inputs, told), x.shape, first=True)


def _kernel(node: Node, writer: Writer) -> np.ndarray:
    if hasattr(node.layer, "direction"):
        direction, gamma = (writer.weights[node.weight(name)] for name in ("direction", "gamma"))
        return np.asarray(multiplied_out(direction, gamma), np.float32)
    kernel: np.ndarray = writer.weights[node.weight("kernel")]
    return kernel


def _bias(node: Node, writer: Writer) -> np.ndarray | None:
    return writer.weights[node.weight("bias")] if node.layer.use_bias else None


def _activated(node: Node, writer: Writer, y: Value) -> Value:
    y = Value(y.name, node.output_shape, first=True)
    return activated(node.layer, node.layer.activation, writer, y)
