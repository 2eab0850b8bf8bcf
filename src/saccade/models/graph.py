"""One normalised layer graph of a Keras model.

The layer table, the convolution forms, the panes, the exporter and the explanations all walk this,
never Keras' own structures.
"""

import math
from dataclasses import dataclass
from typing import Any

from saccade.models.backend import keras


@dataclass(frozen=True, eq=False)
class Node:
    """One layer in its place.

    `inputs` are the positions of the nodes it reads (-1 is the picture). `weights` are
    (full name, Keras variable) pairs; full names count positions (`02-conv2d/kernel`), so they are
    the same in every process. `output_shape` leaves out the batch.
    """

    position: int
    layer: Any
    inputs: tuple[int, ...]
    output_shape: tuple[int, ...]
    input_shape: tuple[int, ...]
    weights: tuple[tuple[str, Any], ...]

    @property
    def kind(self) -> str:
        """The layer's class: `Conv2D`."""
        return type(self.layer).__name__

    @property
    def parameters(self) -> int:
        """How many trainable weights it has."""
        return sum(math.prod(v.shape) for _, v in self.weights if v.trainable)

    def weight(self, local_name: str) -> str:
        """The full name of one of its weights: `kernel` -> `02-conv2d/kernel`."""
        return next(name for name, _ in self.weights if name.endswith("/" + local_name))


@dataclass(frozen=True, eq=False)
class Graph:
    """A model's layers, each after those it reads; the last one gives the logits."""

    nodes: tuple[Node, ...]
    input_shape: tuple[int, int, int]

    @property
    def weights(self) -> dict[str, Any]:
        """Every variable by its full name, in order."""
        return dict(pair for node in self.nodes for pair in node.weights)

    @property
    def parameters(self) -> int:
        """How many trainable weights there are."""
        return sum(node.parameters for node in self.nodes)


def layer_graph(model: keras.Model) -> Graph:
    """The graph of a built Sequential or functional model with one input and one output."""
    functional = model._functional if isinstance(model, keras.Sequential) else model
    positions = {id(functional.inputs[0]): -1}
    shapes = {-1: tuple(functional.inputs[0].shape[1:])}
    nodes: list[Node] = []
    for depth in sorted(functional._nodes_by_depth, reverse=True):
        for keras_node in functional._nodes_by_depth[depth]:
            if keras_node.is_input:
                continue
            sources = tuple(positions[id(t)] for t in keras_node.input_tensors)
            node = _node(len(nodes), keras_node, sources, shapes[sources[0]])
            positions[id(keras_node.outputs[0])] = node.position
            shapes[node.position] = node.output_shape
            nodes.append(node)
    height, width, channels = shapes[-1]
    return Graph(tuple(nodes), (height, width, channels))


def _node(position: int, keras_node: Any, inputs: tuple[int, ...], shape: tuple[int, ...]) -> Node:
    layer = keras_node.operation
    prefix = f"{position:02d}-{type(layer).__name__.lower()}"
    # A seed generator's state is left out: randomness is an argument of `forward`.
    variables = [v for v in layer.variables if "seed_generator" not in v.path]
    return Node(
        position=position,
        layer=layer,
        inputs=inputs,
        output_shape=tuple(keras_node.outputs[0].shape[1:]),
        input_shape=shape,
        weights=tuple((f"{prefix}/{v.name}", v) for v in variables),
    )
