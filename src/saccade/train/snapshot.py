"""What a person sees of a network in training, taken between chunks. It changes nothing.

docs/reference/live.md describes every array.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import simplejpeg

from saccade.core.records import Predictions, Split
from saccade.core.thumbnails import contact_sheet, thumbnails
from saccade.models.activation import Mode, Pass
from saccade.models.backend import jax
from saccade.models.forward import activations, logits_of, whole
from saccade.models.graph import Graph, Node
from saccade.train.bands import Spread
from saccade.train.engine import Engine
from saccade.train.order import batches
from saccade.train.state import State

MOST_WATCHED, LONGEST = 10_000, 48
SHEET, CELL, COLUMNS, QUALITY = 100, 32, 10, 90
MAPS, UNITS = 16, 32
FOLLOWING = ("BatchNormalization", "Activation", "ReLU", "LeakyReLU")

jnp = jax.numpy
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Camera:
    """Takes snapshots of one training. `split` is the name of the watched split."""

    engine: Engine
    train: Split
    watched: Split
    split: str

    def pictures(self) -> tuple[dict[str, Any], Arrays]:
        """The header and the arrays of images.bin."""
        shown = thumbnails(self.watched.pixels[:MOST_WATCHED], LONGEST)
        labels = self.watched.labels[:MOST_WATCHED].astype(np.uint16)
        header = {"split": self.split, "total": len(self.watched)}
        return header, {"watched": shown, "watched_labels": labels}

    def take(
        self, state: State, step: int, slopes: np.ndarray, last: tuple[int, Predictions] | None
    ) -> Arrays:
        """The snapshot after `step` updates.

        `slopes` are the lengths of the last update's, `last` is the last evaluation and its step.
        """
        weights = {name: np.asarray(state.answering[name]) for name in self.engine.layout.trainable}
        return {
            **(_evaluated(*last) if last else {}),
            **self._seen(state, step),
            **self._spreads(weights),
            **weight_pictures(self.engine.graph, state.answering),
            "variables": np.array(self.engine.layout.trainable),
            "gradient_norms": slopes.astype(np.float32),
        }

    def _seen(self, state: State, step: int) -> Arrays:
        """The next batch, as it is answered before it changes anything, and what its answers take.

        One pass tells everything: the first watched picture, for the maps, comes behind the batch.
        """
        ids = batches(self.engine.recipe, self.train.labels, step, 1)[0, :SHEET]
        pixels, labels = self.train.pixels[ids], self.train.labels[ids]
        padded = np.zeros((SHEET + 1, *pixels.shape[1:]), np.uint8)
        padded[: len(ids)], padded[-1] = pixels, self.watched.pixels[0]
        told, fired, maps = self._look(state.answering, padded, np.int32(len(ids)))
        logits = np.asarray(told, np.float64)[: len(ids)]
        cells = thumbnails(pixels, CELL)
        return {
            **_named("batch", Predictions(logits, labels)),
            "batch_labels": labels.astype(np.uint16),
            "batch_sheet": np.frombuffer(_jpeg(contact_sheet(cells, COLUMNS)), np.uint8),
            "batch_cell": np.array(cells.shape[1:3], np.int32),
            "logit_bands": Spread([logits.size]).bands([logits]),
            **({} if fired is None else {"fired": np.asarray(fired)}),
            **({} if maps is None else _shown(np.asarray(maps))),
        }

    def _spreads(self, weights: Mapping[str, np.ndarray]) -> Arrays:
        spreads = self._spread
        kernels = [weights[name] for name in self._kernels]
        biases = [value for name, value in weights.items() if name not in self._kernels]
        return {
            "bands": np.stack([spreads[name].bands([weights[name]]) for name in weights]),
            "sampled": np.array([spreads[name].sampled for name in weights], np.uint8),
            "weight_bands": spreads["all kernels"].bands(kernels),
            "bias_bands": spreads["all biases"].bands(biases),
        }

    @cached_property
    def _kernels(self) -> list[str]:
        variables = self.engine.graph.weights
        return [name for name in self.engine.layout.trainable if len(variables[name].shape) > 1]

    @cached_property
    def _spread(self) -> dict[str, Spread]:
        variables = self.engine.graph.weights
        sizes = {name: int(np.prod(variables[name].shape)) for name in self.engine.layout.trainable}
        biases = [size for name, size in sizes.items() if name not in self._kernels]
        return {
            **{name: Spread([size]) for name, size in sizes.items()},
            "all kernels": Spread([sizes[name] for name in self._kernels]),
            "all biases": Spread(biases),
        }

    @cached_property
    def _look(self) -> Any:
        engine, graph = self.engine, self.engine.graph
        relus = [node for node in graph.nodes if node.activation == "relu"]
        first = first_convolution(graph)

        def look(weights: Mapping[str, Any], pixels: Any, count: Any) -> tuple[Any, Any, Any]:
            run = Pass(weights, Mode(), "layers")  # the form that compiles fastest
            values = activations(graph, run, engine.scaled(pixels))
            batch = jnp.arange(len(pixels)) < count
            fired = [firings(whole(values[node.position]).batch_first(), batch) for node in relus]
            maps = whole(values[first[-1].position]).batch_first()[-1] if first else None
            return logits_of(graph, values), jnp.concatenate(fired) if fired else None, maps

        return jax.jit(look)


def firings(values: Any, counted: Any) -> Any:
    """uint8 [units]: in how many of the `counted` pictures a unit is above 0 anywhere.

    `values` are [n, ..., units], `counted` is bool [n].

    >>> firings(jnp.array([[0.0, 2.0], [0.0, 1.0], [3.0, 0.0]]), jnp.array([1, 1, 0])).tolist()
    [0, 2]
    """
    anywhere = (values > 0).any(axis=tuple(range(1, values.ndim - 1)))
    return (anywhere & counted.astype(bool)[:, None]).sum(0).astype(jnp.uint8)


def _shown(values: np.ndarray) -> Arrays:
    """What the first convolution's filters answer, float [height, width, filters], as bytes."""
    maps = np.moveaxis(values, -1, 0)[:MAPS]
    low, high = maps.min(), maps.max()
    scaled = (maps - low) * (255 / max(high - low, 1e-12))
    return {"maps": thumbnails(scaled.round().astype(np.uint8)[..., None], LONGEST)[..., 0]}


def _evaluated(step: int, predictions: Predictions) -> Arrays:
    """The watched pictures' part of a snapshot."""
    shown = Predictions(predictions.logits[:MOST_WATCHED], predictions.labels[:MOST_WATCHED])
    return {**_named("watched", shown), "watched_step": np.array(step, np.int64)}


def first_convolution(graph: Graph) -> tuple[Node, ...]:
    """The nodes up to the first convolution's activation, where it looks at the picture itself."""
    first = graph.nodes[0]
    if first.kind != "Conv2D":
        return ()
    nodes = [first]
    for node in graph.nodes[1:]:
        if node.kind not in FOLLOWING or node.inputs != (nodes[-1].position,):
            break
        nodes.append(node)
    return tuple(nodes)


def weight_pictures(graph: Graph, weights: Mapping[str, Any]) -> Arrays:
    """Weights of a first layer that are pictures: a dense unit's, or a convolution's kernels."""
    node = next((node for node in graph.nodes if node.kind in ("Dense", "Conv2D")), None)
    if node is None:
        return {}
    kernel = np.asarray(weights[node.weight("kernel")])
    height, width, channels = graph.input_shape
    if node.kind == "Dense" and len(kernel) == height * width * channels:
        pictures = kernel.T[:UNITS].reshape(-1, height, width, channels)
    elif node.kind == "Conv2D" and node.inputs == (-1,):
        pictures = np.moveaxis(kernel, -1, 0)[:UNITS]
    else:
        return {}
    scale = np.float32(max(float(np.abs(pictures).max()), 1e-12) / 127)
    return {
        "pictures": (pictures / scale).round().astype(np.int8),
        "pictures_scale": np.array(scale, np.float32),
    }


def _named(what: str, predictions: Predictions) -> Arrays:
    answers = predictions.answers
    confidence = predictions.probabilities.max(axis=1)
    return {
        f"{what}_answers": answers.astype(np.uint16),
        f"{what}_confidence": (255 * confidence).round().astype(np.uint8),
    }


def _jpeg(sheet: np.ndarray) -> bytes:
    grey = sheet.shape[2] == 1
    encoded: bytes = simplejpeg.encode_jpeg(
        sheet,
        quality=QUALITY,
        colorspace="GRAY" if grey else "RGB",
        colorsubsampling="Gray" if grey else "444",
    )
    return encoded
