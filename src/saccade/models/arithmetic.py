"""The arithmetic of every layer, as a person would write it down."""

import math
from dataclasses import dataclass
from typing import Any

from saccade.models.graph import Graph, Node

# What a window moves over, and the layers that look at one place at a time.
WINDOWS = {
    "Conv2D": "kernel_size",
    "DepthwiseConv2D": "kernel_size",
    "SeparableConv2D": "kernel_size",
    "MaxPooling2D": "pool_size",
    "AveragePooling2D": "pool_size",
    "saccade.models.lenet.Subsample": "pool_size",
    "saccade.models.lenet.TableConvolution": "kernel_size",
    "saccade.models.whitened.Whitening": "kernel_size",
    "saccade.models.resnet_cifar.Widen": "pool_size",
    "saccade.models.weight_norm.WeightNormConv2D": "kernel_size",
}
PLACE_BY_PLACE = frozenset(
    "BatchNormalization Activation ReLU LeakyReLU PReLU ELU Softmax Dropout SpatialDropout2D "
    "AlphaDropout GaussianNoise GaussianDropout Rescaling Dense Add Subtract Multiply Average "
    "Maximum Minimum Concatenate ZeroPadding2D Cropping2D saccade.models.fractalnet.Join "
    "saccade.models.local_response.LocalResponseNormalization".split()
)
# What draws without looking at the picture.
BLIND = "saccade.models.fractalnet.Columns"


@dataclass(frozen=True)
class Row:
    """One layer of a table: `working` ends in its number of trainable parameters.

    `field` is the receptive field, the side in input pixels of what one value can see (both sides
    where they differ); `-` from where a value may see the whole picture.
    """

    name: str
    what: str
    output: str
    working: str
    parameters: int
    field: str


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
            field=_field(seen),
        )
        for node, seen in zip(graph.nodes, receptive_fields(graph), strict=True)
    ]


@dataclass(frozen=True)
class Seen:
    """What one value sees along one axis: `side` input pixels, `step` from one value to the next.

    >>> Seen().through(kernel=5, stride=2).through(kernel=3, stride=1)
    Seen(side=9, step=2)
    """

    side: int = 1
    step: int = 1

    def through(self, kernel: int, stride: int, dilation: int = 1) -> "Seen":
        """After a window of `kernel` values, `dilation` apart, that moves by `stride`."""
        return Seen(self.side + (kernel - 1) * dilation * self.step, self.step * stride)


Field = tuple[Seen, Seen] | None


def receptive_fields(graph: Graph) -> list[Field]:
    """(down, across) of each layer; None from where a value may see the whole picture."""
    fields: dict[int, Field] = {-1: (Seen(), Seen())}
    blind = {node.position for node in graph.nodes if node.kind == BLIND}
    for node in graph.nodes:
        fields[node.position] = _through(node, [fields[i] for i in node.inputs if i not in blind])
    return [fields[node.position] for node in graph.nodes]


def _through(node: Node, inputs: list[Field]) -> Field:
    known = [field for field in inputs if field is not None]
    if len(known) < len(inputs) or len(node.output_shape) != 3:
        return None
    # Ways that meet have walked the same steps; the one that saw most decides.
    down, across = (max((field[i] for field in known), key=_side) for i in (0, 1))
    if node.kind in PLACE_BY_PLACE or _of_each_place(node):
        return down, across
    if node.kind not in WINDOWS:
        return None
    layer = node.layer
    high, wide = getattr(layer, WINDOWS[node.kind])
    apart = getattr(layer, "dilation_rate", (1, 1))
    return (
        down.through(high, layer.strides[0], apart[0]),
        across.through(wide, layer.strides[1], apart[1]),
    )


def _of_each_place(node: Node) -> bool:
    return node.kind == "LayerNormalization" and node.layer.axis in (-1, [-1], 3, [3])


def _side(seen: Seen) -> int:
    return seen.side


def _field(seen: Field) -> str:
    if seen is None:
        return "-"
    down, across = seen
    return str(down.side) if down.side == across.side else f"{down.side}x{across.side}"


def _what(node: Node) -> str:
    layer = node.layer
    if node.kind.endswith("WeightNormConv2D"):
        return f"convolution {_window(layer, layer.kernel_size)}, weight norm"
    if node.kind == "Conv2D":
        groups = f", in {layer.groups} groups" if layer.groups > 1 else ""
        return f"convolution {_window(layer, layer.kernel_size)}{groups}{_activation(node)}"
    if node.kind in ("MaxPooling2D", "AveragePooling2D"):
        what = "largest" if node.kind.startswith("Max") else "mean"
        return f"{what} of {_window(layer, layer.pool_size)}"
    if node.kind == "Dense":
        return f"dense{_activation(node)}"
    if node.kind == "Activation":
        return _activation(node).removeprefix(", ") or "linear"
    if node.kind == "Dropout" and layer.noise_shape is not None:
        return f"all of a picture dropped {layer.rate:.3g}, while training"
    if node.kind in ("Dropout", "SpatialDropout2D", "AlphaDropout"):
        return f"dropout {layer.rate:g}, while training"
    return NAMES.get(node.kind, node.kind.rpartition(".")[2])


NAMES = {
    "BatchNormalization": "batch norm",
    "LayerNormalization": "layer norm",
    "saccade.models.weight_norm.WeightNormDense": "dense, weight norm",
    "Flatten": "flatten",
    "Add": "sum",
    "Concatenate": "side by side",
    "ReLU": "relu",
    "LeakyReLU": "leaky relu",
    "ELU": "elu",
    "Rescaling": "rescaling",
    "ZeroPadding2D": "zeros around",
    "GlobalAveragePooling2D": "mean of each map",
    "GlobalMaxPooling2D": "largest of each map",
    "saccade.models.auxiliary.WithAuxiliary": "the first; the others are heard while training",
    "saccade.models.local_response.LocalResponseNormalization": "local response normalisation",
    "saccade.models.lenet.Subsample": "sum of 2x2, with a weight and a bias a map",
    "saccade.models.lenet.TableConvolution": "convolution 5x5, valid, by the table of 1998",
    "saccade.models.whitened.Whitening": "convolution 2x2, valid, computed from the pictures",
    "saccade.models.resnet_cifar.Widen": "every second pixel, and maps of zeros",
    "saccade.models.fractalnet.Columns": "which column is seen alone, while training",
    "saccade.models.fractalnet.Join": "mean of columns, some dropped while training",
    "saccade.models.lenet.Distances": "minus the squared distance to a fixed code a class",
}


def _window(layer: Any, size: tuple[int, int]) -> str:
    strides = layer.strides
    stride = strides[0] if strides[0] == strides[1] else f"{strides[0]}x{strides[1]}"
    return f"{size[0]}x{size[1]}, stride {stride}, {layer.padding}"


def _activation(node: Node) -> str:
    return node.activation and f", {node.activation}"


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
