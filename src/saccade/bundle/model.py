"""A bundle's network: looked through before it runs, then run by ONNX Runtime."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from saccade.bundle.threads import processors
from saccade.core.errors import BadBundle

INPUT, PROBABILITIES, LOGITS = "pixels", "probabilities", "logits"
# Layers hold no programs of their own, and none may call for other files or other code.
REFUSED = {"If", "Loop", "Scan", "SequenceMap", "StringSplit"}
TOGETHER = 64  # pictures
MOST_SIDE, MOST_CLASSES = 4096, 1_000_000


class Model:
    """Answers for pixels.

    `shape` is (height, width, channels) of a picture, `classes` how many there are.
    """

    def __init__(self, data: bytes, threads: int | None = None):
        """`data` is the file; `threads` is how many compute, by default all there are for us.

        Raises:
            BadBundle: it is no network of ours; says why.
        """
        self.shape, self.classes = _looked_through(data)
        self._session = _session(data, threads or processors())

    def answer(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """uint8 [n, height, width, channels] -> (probabilities, logits), float32 [n, classes].

        Raises:
            BadBundle: the network can't be run on them.
        """
        if pixels.dtype != np.uint8 or pixels.shape[1:] != self.shape:
            raise ValueError(f"uint8 [n, {self.shape}], got {pixels.dtype} {pixels.shape}")
        if not len(pixels):
            return (np.empty((0, self.classes), np.float32),) * 2
        parts = [self._run(pixels[i : i + TOGETHER]) for i in range(0, len(pixels), TOGETHER)]
        probabilities, logits = (np.concatenate(each) for each in zip(*parts, strict=True))
        return probabilities, logits

    def _run(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        try:
            both = self._session.run([PROBABILITIES, LOGITS], {INPUT: np.ascontiguousarray(pixels)})
        except Exception as error:  # what it raises has no common class
            raise BadBundle(f"model.onnx can't be run: {_line(error)}") from None
        if any(each.shape != (len(pixels), self.classes) for each in both):
            raise BadBundle(f"model.onnx gives {[each.shape for each in both]}")
        return both[0], both[1]


def _session(data: bytes, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    # Threads that wait busily take the processors from whoever decodes the next picture.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # what it raises has no common class
        raise BadBundle(f"model.onnx can't be run: {_line(error)}") from None


def _looked_through(data: bytes) -> tuple[tuple[int, int, int], int]:
    """The shape of a picture and the number of classes."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(data)
    except (DecodeError, ValueError, RecursionError) as error:
        raise BadBundle(f"model.onnx is no network: {_line(error)}") from None
    if any(tensor.external_data or tensor.data_location for tensor in _tensors(model.graph)):
        raise BadBundle("model.onnx asks for other files; a bundle's network is one file")
    domains = {node.domain for node in model.graph.node} | {o.domain for o in model.opset_import}
    operators = {node.op_type for node in model.graph.node}
    own = domains - {"", "ai.onnx"}
    if own or model.functions or operators & REFUSED or model.training_info:
        odd = sorted(own | (operators & REFUSED))
        raise BadBundle(f"model.onnx has operators that are not run here: {', '.join(odd)[:200]}")
    return _ends(model.graph)


def _tensors(graph: Any) -> Iterator[Any]:
    """Every tensor that stands in the file."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from (sparse.values, sparse.indices)


def _ends(graph: Any) -> tuple[tuple[int, int, int], int]:
    inputs, outputs = {v.name: v for v in graph.input}, {v.name: v for v in graph.output}
    if set(inputs) != {INPUT} or set(outputs) != {PROBABILITIES, LOGITS}:
        raise BadBundle(
            f"model.onnx takes `{INPUT}` and gives `{PROBABILITIES}` and `{LOGITS}`, got "
            f"{sorted(inputs)} and {sorted(outputs)}"[:300]
        )
    picture, classes = _sizes(inputs[INPUT]), _sizes(outputs[PROBABILITIES])
    right = len(picture) == 3 and len(classes) == 1 and min(*picture, *classes) > 0
    if not right or max(picture) > MOST_SIDE or classes[0] > MOST_CLASSES:
        raise BadBundle(f"model.onnx takes pictures {picture} and gives {classes}")
    height, width, channels = picture
    return (height, width, channels), classes[0]


def _sizes(value: Any) -> tuple[int, ...]:
    """Without the batch, 0 for what is left open."""
    return tuple(each.dim_value for each in value.type.tensor_type.shape.dim)[1:]


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
