"""A network as one ONNX file: pixels in, probabilities out."""

import json
from collections.abc import Mapping, Sequence

import numpy as np

from saccade.bundle.graph import INPUT, LOGITS, PROBABILITIES
from saccade.core.calibration import Calibration
from saccade.core.preprocess import Numbers, Preprocess
from saccade.export.layers import LAYERS
from saccade.export.writer import NoRule, Value, Writer
from saccade.models.graph import Graph


def to_onnx(
    graph: Graph,
    weights: Mapping[str, np.ndarray],
    preprocess: Preprocess,
    calibration: Calibration,
    classes: Sequence[str],
) -> bytes:
    """An ONNX model's file.

    It takes `pixels`, uint8 [batch, height, width, channels], as `Preprocess.read` makes them, and
    gives `probabilities` and the uncalibrated `logits`, both float32 [batch, classes]: scaling,
    calibration and softmax are in it, and a binary network has two columns. Heads that are heard in
    training only are not.

    Raises:
        NoRule: a layer or an activation can't be written; names it.
    """
    nodes = graph.answering
    unknown = sorted({node.kind for node in nodes} - set(LAYERS))
    if unknown:
        raise NoRule(
            f"{', '.join(f'`{kind}`' for kind in unknown)} can't be exported: there is no rule for "
            f"such a layer"
        )
    writer = Writer(weights)
    flat = all(node.kind == "Flatten" for node in nodes if -1 in node.inputs)
    # Turning one channel moves nothing, and ONNX Runtime is slow along a last axis of length 1.
    values = {-1: _scaled(writer, preprocess, turned=not flat or preprocess.channels == 1)}
    for node in nodes:
        inputs = [values[position] for position in node.inputs if position in values]
        values[node.position] = LAYERS[node.kind](node, writer, *inputs)
    last = writer.channels_last(values[len(graph.nodes) - 1])
    logits = _two_columns(writer, last) if graph.binary else last.name
    writer.output(LOGITS, "Identity", logits)
    writer.output(PROBABILITIES, "Softmax", _calibrated(writer, logits, calibration))
    told = {
        "preprocess": json.dumps(preprocess.to_json()),
        "classes": json.dumps(list(classes)),
        "calibration": json.dumps(calibration.to_json()),
    }
    return writer.model(graph.input_shape, len(classes), told)


def _scaled(writer: Writer, preprocess: Preprocess, *, turned: bool) -> Value:
    """The network's input, as bytes turned over or not: that takes a quarter of the time."""
    pixels = Value(INPUT, (preprocess.height, preprocess.width, preprocess.channels))
    pixels = writer.channels_first(pixels) if turned else pixels
    name = writer.add("Cast", [pixels.name], {"to": 1})  # float32
    value = pixels.as_it_lies(name)
    for operator, numbers, idle in (("Mul", preprocess.scale, 1), ("Add", preprocess.offset, 0)):
        if np.any(np.asarray(numbers) != idle):
            name = writer.add(operator, [value.name, _spread(writer, numbers, value)])
            value = value.as_it_lies(name)
    return value


def _spread(writer: Writer, numbers: Numbers, value: Value) -> str:
    if isinstance(numbers, tuple):
        return writer.by_channel(np.array(numbers), value)
    return writer.constant(numbers)


def _two_columns(writer: Writer, one: Value) -> str:
    """The logits (0, z) of the one unit of a binary network."""
    return writer.add("MatMul", [one.name, writer.constant([[0.0, 1.0]])])


def _calibrated(writer: Writer, logits: str, calibration: Calibration) -> str:
    scale, offset = np.array(calibration.scale), np.array(calibration.offset)
    if (scale != 1).any():
        logits = writer.add("Mul", [logits, writer.constant(scale)])
    if (offset != 0).any():
        logits = writer.add("Add", [logits, writer.constant(offset)])
    return logits
