"""A network's file, looked through before anything runs it."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from saccade.core.errors import BadBundle

INPUT, PROBABILITIES, LOGITS = "pixels", "probabilities", "logits"
# What `saccade.export` writes, and what jax2onnx writes for it; nothing else runs. None of it holds
# a program of its own or calls for another file, and how much each makes is known before.
OWN = frozenset(
    """
    Add AveragePool BatchNormalization Cast Clip Concat Conv Div Elu Erf Exp Flatten Gemm
    GlobalAveragePool GlobalMaxPool HardSigmoid HardSwish Identity LRN LayerNormalization LeakyRelu
    MatMul Max MaxPool Min Mul Neg PRelu Pad ReduceSum Relu Reshape Resize Selu Sigmoid Slice
    Softmax Softplus Softsign Sub Tanh Transpose
    """.split()
)
TRACED = frozenset(
    """
    Abs And Equal Expand Floor Gather Greater GreaterOrEqual Less LessOrEqual Log Not Or Pow
    Reciprocal ReduceMax ReduceMean ReduceMin ReduceSumSquare Shape Sign Sqrt Squeeze Unsqueeze
    Where
    """.split()
)
OPERATORS = OWN | TRACED
# And what each part of the file may say: no external data, no graphs in graphs, no functions.
SAYS = {
    "ModelProto": {"ir_version", "opset_import", "producer_name", "graph", "metadata_props"},
    "GraphProto": {"name", "node", "input", "output", "initializer"},
    "NodeProto": {"name", "op_type", "domain", "input", "output", "attribute"},
    "AttributeProto": {"name", "type", "f", "i", "s", "floats", "ints", "strings"},
    "TensorProto": {"name", "data_type", "dims", "raw_data"},
}
MOST_SIDE, MOST_CLASSES = 4096, 1_000_000
TOGETHER = (64, 16, 4, 1)  # pictures
MOST_NUMBERS = 1 << 28  # that are there at one time: 1 GiB
SMALL = 1 << 10  # bytes


class Looked(NamedTuple):
    """`shape` is (height, width, channels); `together` how many pictures there is room for."""

    shape: tuple[int, int, int]
    classes: int
    together: int


def look_through(data: bytes) -> Looked:
    """What a network's file takes and gives.

    Raises:
        BadBundle: it is none of ours, or would need too much memory; says why.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(data)
        odd = sorted(set(_odd(model)))
        model.DiscardUnknownFields()
        if odd or model.ByteSize() != len(data):
            raise BadBundle(f"model.onnx has parts that are not run here: {_listed(odd)}")
        shape, classes = _ends(model.graph)
        return Looked(shape, classes, _together(model))
    except (DecodeError, ValueError, RecursionError) as error:
        raise BadBundle(f"model.onnx is no network: {line(error)}") from None


def line(error: Exception) -> str:
    """An error's text on one short line."""
    return " ".join(str(error).split())[:200] or type(error).__name__


def _odd(model: Any) -> Iterator[str]:
    """The name of everything that does not belong in it."""
    nodes = model.graph.node
    parts = [model, model.graph, *nodes, *(a for node in nodes for a in node.attribute)]
    for part in (*parts, *model.graph.initializer):
        kind = type(part).__name__
        yield from ({field.name for field, _ in part.ListFields()} - SAYS[kind])
    for domain in {part.domain for part in (*nodes, *model.opset_import)} - {"", "ai.onnx"}:
        yield f"domain {domain}"
    yield from map(str, {node.op_type for node in nodes} - OPERATORS)


def _listed(names: list[str]) -> str:
    return ", ".join(names)[:200] or "unknown fields"


def _ends(graph: Any) -> tuple[tuple[int, int, int], int]:
    inputs, outputs = {v.name: v for v in graph.input}, {v.name: v for v in graph.output}
    if set(inputs) != {INPUT} or set(outputs) != {PROBABILITIES, LOGITS}:
        raise BadBundle(
            f"model.onnx takes `{INPUT}` and gives `{PROBABILITIES}` and `{LOGITS}`, got "
            f"{[*inputs]} and {[*outputs]}"[:300]
        )
    picture, classes = _sizes(inputs[INPUT]), _sizes(outputs[PROBABILITIES])
    right = len(picture) == 3 and len(classes) == 1 and min(*picture, *classes) > 0
    if not right or max(picture) > MOST_SIDE or classes[0] > MOST_CLASSES:
        raise BadBundle(f"model.onnx takes pictures {picture} and gives {classes}")
    kinds = [value.type.tensor_type.elem_type for value in (*graph.input, *graph.output)]
    if kinds != [2, 1, 1]:  # TensorProto's UINT8 and FLOAT
        raise BadBundle("model.onnx takes uint8 and gives float32, got something else")
    height, width, channels = picture
    return (height, width, channels), classes[0]


def _sizes(value: Any) -> tuple[int, ...]:
    """Without the batch, which must be left open; 0 for what is left open, too."""
    batch, *sizes = value.type.tensor_type.shape.dim or [None]
    if batch is None or batch.dim_value:
        raise BadBundle(f"model.onnx does not take any number of pictures: `{value.name}`")
    return tuple(each.dim_value for each in sizes)


def _together(model: Any) -> int:
    """How many pictures can be asked at once. `model` is changed."""
    from onnx import helper
    from onnx.shape_inference import InferenceError, infer_shapes

    graph = model.graph
    # Large weights are not looked at, so they need not be copied.
    kept = [tensor for tensor in graph.initializer if len(tensor.raw_data) <= SMALL]
    for tensor in graph.initializer:
        if len(tensor.raw_data) > SMALL:
            told = helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
            graph.input.append(told)
    del graph.initializer[:]
    graph.initializer.extend(kept)
    for value in graph.output:  # what is said is not what is believed
        value.type.tensor_type.ClearField("shape")
    for count in TOGETHER:
        graph.input[0].type.tensor_type.shape.dim[0].dim_value = count
        try:
            inferred = infer_shapes(model, True, strict_mode=True, data_prop=True).graph
        except InferenceError as error:
            raise BadBundle(f"model.onnx is no network: {line(error)}") from None
        if _numbers(inferred) <= MOST_NUMBERS:
            return count
    raise BadBundle(f"model.onnx needs more than {MOST_NUMBERS:,} numbers at once for a picture")


def _numbers(graph: Any) -> int:
    """How many numbers are there at one time, if its nodes run in the order they stand in."""
    sizes = {}
    for value in (*graph.value_info, *graph.output):
        shape = value.type.tensor_type.shape
        if all(each.HasField("dim_value") for each in shape.dim):
            sizes[value.name] = math.prod(each.dim_value for each in shape.dim)
    last = {name: place for place, node in enumerate(graph.node) for name in node.input}
    there = most = 0
    for place, node in enumerate(graph.node):
        for name in node.output:
            if name not in sizes:
                raise BadBundle(f"model.onnx does not tell how large `{name[:40]}` is")
            there += sizes[name]
        most = max(most, there)
        there -= sum(sizes.get(name, 0) for name in set(node.input) if last[name] == place)
    return most
