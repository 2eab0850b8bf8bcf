"""Pooling, padding, and layers that only move numbers, in ONNX."""

from collections.abc import Callable

import numpy as np

from saccade.export.convolutions import window
from saccade.export.writer import NoRule, Value, Writer
from saccade.models.graph import Node


def max_pooling(node: Node, writer: Writer, x: Value) -> Value:
    """MaxPooling2D.

    ONNX Runtime puts a padding with zeros before it into its own, with minus infinity: right only
    where nothing is negative (seen with 1.31: ResNet-50 V2). A maximum between the two keeps them
    apart.
    """
    x = writer.channels_first(x)
    padding = writer.maker(x.name, "Pad")
    if padding and not writer.maker(padding.input[0], "Relu"):
        lowest = writer.constant(np.finfo(np.float32).min)
        x = x.as_it_lies(writer.add("Max", [x.name, lowest]))
    return _pooled(node, writer, x, "MaxPool")


def average_pooling(node: Node, writer: Writer, x: Value) -> Value:
    """AveragePooling2D: what `same` adds at the border does not count."""
    return _pooled(node, writer, x, "AveragePool")


def _pooled(node: Node, writer: Writer, x: Value, operator: str) -> Value:
    inputs = [writer.channels_first(x).name]
    name = writer.add(operator, inputs, window(node, node.layer.pool_size))
    return Value(name, node.output_shape, first=True)


def pooled_whole(operator: str) -> Callable[[Node, Writer, Value], Value]:
    """GlobalAveragePooling2D, GlobalMaxPooling2D."""

    def write(node: Node, writer: Writer, x: Value) -> Value:
        _check_last(node)
        name = writer.add(operator, [writer.channels_first(x).name])
        if node.layer.keepdims:
            return Value(name, node.output_shape, first=True)
        return Value(writer.add("Flatten", [name]), node.output_shape)

    return write


def flatten(node: Node, writer: Writer, x: Value) -> Value:
    """Flatten; a picture's numbers stay as they lie, and the dense layer behind takes them so."""
    name = writer.add("Flatten", [x.name])
    height_width_channels = x.shape if len(x.shape) == 3 and x.first else None
    if height_width_channels is None:
        return x if len(x.shape) == 1 else Value(name, node.output_shape)
    height, width, channels = height_width_channels
    moves = channels > 1 and height * width > 1
    return Value(name, node.output_shape, flat=(height, width, channels) if moves else None)


def reshape(node: Node, writer: Writer, x: Value) -> Value:
    """Reshape, in the order Keras has numbers in."""
    to = node.output_shape
    if len(x.shape) == 1 and x.flat is None and len(to) == 3 and to[:2] == (1, 1):
        name = writer.shaped(x, (to[2], 1, 1)).name
        return Value(name, to, first=True)
    return writer.shaped(writer.channels_last(x), to)


def permute(node: Node, writer: Writer, x: Value) -> Value:
    """Permute."""
    order = [0, *node.layer.dims]
    x = writer.channels_last(x)
    return Value(writer.add("Transpose", [x.name], {"perm": order}), node.output_shape)


def zero_padding(node: Node, writer: Writer, x: Value) -> Value:
    """ZeroPadding2D."""
    x = writer.channels_first(x)
    _check_last(node)
    (top, bottom), (left, right) = node.layer.padding
    pads = writer.constant([0, 0, top, left, 0, 0, bottom, right], np.int64)
    return Value(writer.add("Pad", [x.name, pads]), node.output_shape, first=True)


def widened(node: Node, writer: Writer, x: Value) -> Value:
    """A shortcut of ResNet: every second pixel, and maps of zeros behind."""
    x = writer.channels_first(x)
    (down, across), behind = node.layer.strides, node.output_shape[2] - node.input_shape[2]
    height, width, _ = node.input_shape
    numbers = ([0, 0], [height, width], [2, 3], [down, across])
    inputs = [x.name, *(writer.constant(each, np.int64) for each in numbers)]
    pads = writer.constant([0, 0, 0, 0, 0, behind, 0, 0], np.int64)
    name = writer.add("Pad", [writer.add("Slice", inputs), pads])
    return Value(name, node.output_shape, first=True)


def cropping(node: Node, writer: Writer, x: Value) -> Value:
    """Cropping2D."""
    x = writer.channels_first(x)
    _check_last(node)
    (top, _), (left, _) = node.layer.cropping
    height, width, _ = node.output_shape
    numbers = ([top, left], [top + height, left + width], [2, 3])
    inputs = [x.name, *(writer.constant(each, np.int64) for each in numbers)]
    return Value(writer.add("Slice", inputs), node.output_shape, first=True)


def up_sampling(node: Node, writer: Writer, x: Value) -> Value:
    """UpSampling2D that repeats pixels."""
    if node.layer.interpolation != "nearest":
        raise NoRule(f"layer `{node.layer.name}` is exported with nearest interpolation only")
    _check_last(node)
    down, across = node.layer.size
    scales = writer.constant([1.0, 1.0, down, across])
    how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    inputs = [writer.channels_first(x).name, "", scales]
    name = writer.add("Resize", inputs, {"mode": "nearest", **how})
    return Value(name, node.output_shape, first=True)


def nothing(node: Node, writer: Writer, x: Value) -> Value:
    """A layer that does something only while a network learns."""
    return x


def _check_last(node: Node) -> None:
    if node.layer.data_format != "channels_last":
        raise NoRule(f"layer `{node.layer.name}`: only channels last are known")
