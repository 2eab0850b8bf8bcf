"""The arithmetic of every layer, as a person would write it down."""

import math
from dataclasses import dataclass

from saccade.models.graph import Graph, Node


@dataclass(frozen=True)
class Row:
    """One layer of a table: `working` ends in its number of trainable parameters."""

    name: str
    what: str
    output: str
    working: str
    parameters: int


def arithmetic(graph: Graph) -> list[Row]:
    """One row a layer, in order.

    >>> from saccade.models.network import build
    >>> arithmetic(build("softmax", (28, 28, 1), 10).graph)[-1].working
    '784*10 + 10 = 7,850'
    """
    return [
        Row(
            name=node.layer.name,
            what=_what(node),
            output=_shape(node.output_shape),
            working=_working(node),
            parameters=node.parameters,
        )
        for node in graph.nodes
    ]


def _what(node: Node) -> str:
    layer = node.layer
    if node.kind == "Conv2D":
        high, wide = layer.kernel_size
        return (
            f"convolution {high}x{wide}, stride {layer.strides[0]}, {layer.padding}"
            f"{_activation(node)}"
        )
    if node.kind == "Dense":
        return f"dense{_activation(node)}"
    if node.kind == "Activation":
        return str(layer.activation.__name__)
    if node.kind == "Dropout":
        return f"dropout {layer.rate:g}, while training"
    names = {
        "BatchNormalization": "batch norm",
        "Flatten": "flatten",
        "Add": "sum",
        "GlobalAveragePooling2D": "mean of each map",
    }
    return names.get(node.kind, node.kind)


def _activation(node: Node) -> str:
    name = node.layer.activation.__name__
    return "" if name == "linear" else f", {name}"


def _working(node: Node) -> str:
    layer, total = node.layer, node.parameters
    if node.kind == "Flatten":
        return f"{'*'.join(map(str, node.input_shape))} = {math.prod(node.input_shape):,} values"
    if not total:
        return ""
    if node.kind in ("Dense", "Conv2D"):
        outputs = node.output_shape[-1]
        kernel = layer.kernel_size if node.kind == "Conv2D" else ()
        inputs = node.input_shape[-1] // (layer.groups if node.kind == "Conv2D" else 1)
        product = "*".join(map(str, (*kernel, inputs, outputs)))
        bias = f" + {outputs}" if layer.use_bias else ""
        return f"{product}{bias} = {total:,}"
    trainable = [(v.name, math.prod(v.shape)) for _, v in node.weights if v.trainable]
    kept = sum(math.prod(v.shape) for _, v in node.weights if not v.trainable)
    words = " + ".join(f"{size} {name}" for name, size in trainable)
    beside = f" ({kept} running statistics beside)" if kept else ""
    return f"{words} = {total:,}{beside}"


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
