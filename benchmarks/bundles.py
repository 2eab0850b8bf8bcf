"""Bundles of untrained networks, and pictures whose answers are known."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from export import graph_of
from saccade.bundle import files
from saccade.bundle.bundle import open_bundle
from saccade.bundle.model import Model
from saccade.core.calibration import identity
from saccade.core.preprocess import Preprocess
from saccade.export.golden import drawn, golden_file
from saccade.export.network import to_onnx
from saccade.models.initialize import first_weights

PICTURES = 64
# The standard deviation that logits get. Those of an untrained network are about the same for all
# pictures: an answer that went to somebody else would pass for theirs.
SPREAD = 2.0


def write_bundle(net: str, folder: Path) -> tuple[np.ndarray, list[str], list[float]]:
    """Writes the bundle of a net; returns pictures, the right labels and their probabilities."""
    graph = graph_of(net)
    weights, classes = first_weights(graph, "layers", 0), graph.nodes[-1].output_shape[0]
    rule, names = Preprocess(*graph.input_shape), [f"class {i}" for i in range(classes)]
    pictures = some_pictures(np.random.default_rng(0), *graph.input_shape)
    same = identity(classes)
    _, logits = Model(to_onnx(graph, weights, rule, same, names)).answer(pictures)
    _spread_out(graph, weights, logits)
    network = to_onnx(graph, weights, rule, same, names)
    golden = drawn(*graph.input_shape[:2])
    probabilities, _ = Model(network).answer(np.stack([rule.read(one) for one in golden]))
    written = {
        files.MODEL: network,
        files.PREPROCESS: json.dumps(rule.to_json()).encode(),
        files.CLASSES: json.dumps(names).encode(),
        files.CALIBRATION: json.dumps(same.to_json()).encode(),
        files.GOLDEN: golden_file(golden, probabilities),
        files.CARD: f"{net}, untrained\n".encode(),
        files.MATERIALS: b"{}",
    }
    folder.mkdir(parents=True)
    for name, data in written.items():
        (folder / name).write_bytes(data)
    (folder / files.MANIFEST).write_bytes(files.manifest_of(written, {"name": net}))
    answers, _ = open_bundle(folder).answer(pictures)
    return pictures, [names[i] for i in answers.argmax(axis=1)], answers.max(axis=1).tolist()


def some_pictures(rng: np.random.Generator, height: int, width: int, channels: int) -> np.ndarray:
    """uint8 [n, height, width, channels]: coarse blots of other colours in each."""
    coarse = rng.integers(0, 256, (PICTURES, 7, 7, channels), dtype=np.uint8)
    pictures = coarse.repeat(height // 7, axis=1).repeat(width // 7, axis=2)
    pictures[:, 0, 0] = 0  # no kind of picture file begins so
    return pictures


def _spread_out(graph: Any, weights: dict[str, np.ndarray], logits: np.ndarray) -> None:
    """Lets the last layer's logits have mean 0 and standard deviation `SPREAD`."""
    kernel, bias = (name for name, _ in graph.nodes[-1].weights)
    gain = SPREAD / logits.std(axis=0)
    weights[kernel] = (weights[kernel] * gain).astype(np.float32)
    weights[bias] = (-logits.mean(axis=0) * gain).astype(np.float32)
