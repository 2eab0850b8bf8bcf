"""First weights that depend on the data: what a layer reads of some training pictures.

A layer that wants it has a method `from_data(x, weights)`: what it reads, float [n, ...], and its
own first weights by their local names; it gives those of them that are to be others.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from saccade.models.activation import Activation, Mode, Pass
from saccade.models.backend import jax
from saccade.models.forward import as_keras
from saccade.models.graph import Graph, Node

Array = Any
Weights = Mapping[str, np.ndarray]

MOST, LEAST, NUMBERS = 500, 16, 1 << 22


def wants_data(graph: Graph) -> bool:
    """Whether any layer's first weights depend on the data.

    >>> from saccade.models.network import build
    >>> [wants_data(build("conv-bn", (8, 8, 1), 3, kind).graph) for kind in ("batch", "weight")]
    [False, True]
    """
    return any(map(_wants, graph.nodes))


def first_pictures(count: int, shape: Sequence[int], seed: int) -> np.ndarray:
    """Rising positions among `count` training pictures, at most 500, fewer of large ones.

    >>> first_pictures(3, (8, 8, 1), seed=0).tolist(), len(first_pictures(900, (224, 224, 3), 0))
    ([0, 1, 2], 27)
    """
    wanted = min(MOST, max(LEAST, NUMBERS // int(np.prod(shape))))
    positions: np.ndarray = np.sort(np.random.default_rng(seed).permutation(count)[:wanted])
    return positions


def drawn_from(
    graph: Graph, weights: Weights, images: Array, kept: Collection[str] = ()
) -> dict[str, np.ndarray]:
    """All first weights, with those that depend on the data as float images [n, h, w, c] have it.

    One layer after the other, each by what those before it make of the images with their new
    weights, nothing dropped. A layer stays as it is if one of its weights is among `kept`: it has
    learnt already.
    """
    if not wants_data(graph):
        return dict(weights)

    @jax.jit
    def drawn(first: dict[str, Array], images: Array) -> dict[str, Array]:
        told: dict[str, Array] = {}
        run = Pass(dict(first), Mode(key=jax.random.key(0)), "layers")
        values = {-1: Activation(images)}
        for node in graph.nodes:
            inputs = [values[position] for position in node.inputs]
            if _wants(node) and not any(name in kept for name, _ in node.weights):
                own = {name.partition("/")[2]: run.weights[name] for name, _ in node.weights}
                made = node.layer.from_data(inputs[0].batch_first(), own)
                told |= {node.weight(local): value for local, value in made.items()}
                run = Pass({**run.weights, **told}, run.mode, run.form)
            values[node.position] = as_keras(node, run, inputs)
        return told

    new = {name: np.asarray(value) for name, value in drawn(dict(weights), images).items()}
    return {**weights, **new}


def _wants(node: Node) -> bool:
    return hasattr(node.layer, "from_data")
