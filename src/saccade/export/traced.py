"""A network with layers that have no rule here: traced by JAX, written by jax2onnx.

Its files are larger and slower than ours, and are held to the same proof.
"""

from typing import Any

import numpy as np
import onnx

from saccade.bundle.graph import INPUT, LOGITS, PROBABILITIES
from saccade.core.calibration import Calibration
from saccade.core.errors import MissingFile
from saccade.export.writer import NoRule
from saccade.models.activation import Mode
from saccade.models.backend import jax
from saccade.models.forward import forward
from saccade.train.restore import Trained

jnp = jax.numpy


def answering(trained: Trained, calibration: Calibration) -> Any:
    """uint8 pixels -> (probabilities, logits), float32 [batch, classes], as a function of JAX."""
    graph, rule = trained.network.graph, trained.preprocess
    scale, offset = (np.asarray(each, np.float32) for each in (rule.scale, rule.offset))
    slopes, added = (np.array(e, np.float32) for e in (calibration.scale, calibration.offset))
    weights = {name: np.asarray(value) for name, value in trained.weights.items()}

    def answer(pixels: Any) -> tuple[Any, Any]:
        floats = pixels.astype(jnp.float32) * scale + offset
        logits, _ = forward(graph, weights, floats, form="layers", mode=Mode())
        return jax.nn.softmax(logits * slopes + added), logits

    return answer


def traced_onnx(trained: Trained, calibration: Calibration, lacking: NoRule) -> bytes:
    """An ONNX model's file with the ends that ours have.

    Raises:
        MissingFile: jax2onnx is not installed; says what has no rule.
        NoRule: jax2onnx can't write it either.
    """
    try:
        import jax2onnx
    except ImportError:
        raise MissingFile(
            f"{lacking}. Another exporter may know it: pip install 'saccade[export-any]'"
        ) from None
    shape = trained.network.input_shape
    pixels = jax.ShapeDtypeStruct(("batch", *shape), jnp.uint8)  # type: ignore[no-untyped-call]
    try:
        with jax.disable_jit():  # functions inside functions are more than it knows
            model = jax2onnx.to_onnx(answering(trained, calibration), inputs=[pixels])
    except Exception as error:  # whatever its plugins raise
        raise NoRule(f"{lacking}, and jax2onnx does not write it: {error}") from None
    graph = model.graph
    # What is only said beside is left out: whoever opens it believes no more than it must.
    del graph.value_info[:]
    model.ClearField("producer_version")
    _rename(graph, [graph.input[0].name, *(each.name for each in graph.output)])
    onnx.checker.check_model(model)
    written: bytes = model.SerializeToString(deterministic=True)
    return written


def _rename(graph: Any, ends: list[str]) -> None:
    """Gives the ends the names that a bundle's network has; nodes between are found by them."""
    for old, new in zip(ends, (INPUT, PROBABILITIES, LOGITS), strict=True):
        for node in graph.node:
            for names in (node.input, node.output):
                for i, name in enumerate(names):
                    if name == old:
                        names[i] = new
        for value in (*graph.input, *graph.output, *graph.value_info):
            if value.name == old:
                value.name = new
