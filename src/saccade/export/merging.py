"""Layers that bring several values together, in ONNX."""

from collections.abc import Callable

from saccade.export.writer import NoRule, Value, Writer
from saccade.models.graph import Node


def merged(operator: str) -> Callable[..., Value]:
    """Add, Subtract, Multiply, Maximum, Minimum: number by number, two at a time."""

    def write(node: Node, writer: Writer, *values: Value) -> Value:
        first, *rest = writer.alike(values)
        name = first.name
        for value in rest:
            name = writer.add(operator, [name, value.name])
        return Value(name, node.output_shape, first=first.first)

    return write


def average(node: Node, writer: Writer, *values: Value) -> Value:
    """Average."""
    total = merged("Add")(node, writer, *values)
    share = writer.constant(1 / len(values))
    return total.as_it_lies(writer.add("Mul", [total.name, share]))


def joined(node: Node, writer: Writer, *values: Value) -> Value:
    """A join of FractalNet: the mean of its columns; which of them a picture sees comes last."""
    return average(node, writer, *values[:-1])


def concatenate(node: Node, writer: Writer, *values: Value) -> Value:
    """Concatenate, of pictures by channel, of vectors end to end."""
    axes = len(values[0].shape)
    if node.layer.axis not in (-1, axes) or axes == 2:
        raise NoRule(f"layer `{node.layer.name}` over axis {node.layer.axis} can't be exported")
    pictures = axes == 3
    turn = writer.channels_first if pictures else writer.channels_last
    name = writer.add("Concat", [turn(value).name for value in values], {"axis": 1})
    return Value(name, node.output_shape, first=pictures)


def first(node: Node, writer: Writer, answer: Value) -> Value:
    """WithAuxiliary: what leads to the other answers is not written."""
    return answer
