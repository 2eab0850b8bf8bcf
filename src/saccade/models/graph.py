"""One normalised layer graph of a Keras model.

The layer table, the convolution forms, the panes, the exporter and the explanations all walk this,
never Keras' own structures.
"""

import inspect
import math
import re
from dataclasses import dataclass
from typing import Any

from saccade.core.errors import BadUsage
from saccade.models.auxiliary import WithAuxiliary, without_auxiliary
from saccade.models.backend import keras
from saccade.models.operations import as_layer

_UNNAMED = r"variable(_\d+)?"


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
    def name(self) -> str:
        """What its weights' names begin with: `02-conv2d`."""
        return _name(self.position, self.layer)

    @property
    def kind(self) -> str:
        """The layer's class: `Conv2D`; `its_module.Conv2D` where it is not Keras' own."""
        own = type(self.layer)
        name = own.__name__
        return name if getattr(keras.layers, name, None) is own else f"{own.__module__}.{name}"

    @property
    def activation(self) -> str:
        """What its values have gone through last: `relu`, `sigmoid`; "" for nothing."""
        if self.kind == "ReLU":
            layer = self.layer
            plain = not layer.negative_slope and not layer.threshold and layer.max_value is None
            return "relu" if plain else ""
        own = getattr(self.layer, "activation", None)
        name = getattr(own, "__name__", type(own).__name__) if own is not None else "linear"
        return "" if name == "linear" else str(name)

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
    def binary(self) -> bool:
        """Whether one unit tells two classes apart: its logit is that of the second."""
        return self.nodes[-1].output_shape == (1,)

    @property
    def weights(self) -> dict[str, Any]:
        """Every variable by its full name, in order."""
        return dict(pair for node in self.nodes for pair in node.weights)

    @property
    def parameters(self) -> int:
        """How many trainable weights there are."""
        return sum(node.parameters for node in self.nodes)

    @property
    def auxiliary(self) -> dict[int, float]:
        """The positions whose logits' losses count in training, too, and how much of them."""
        last = self.nodes[-1]
        if not isinstance(last.layer, WithAuxiliary):
            return {}
        return dict.fromkeys(last.inputs[1:], last.layer.share)

    @property
    def answering(self) -> tuple[Node, ...]:
        """The layers that the answer comes through: all but auxiliary heads."""
        leading, ahead = set(), [len(self.nodes) - 1]
        while ahead:
            position = ahead.pop()
            if position >= 0 and position not in leading:
                leading.add(position)
                ahead += set(self.nodes[position].inputs) - set(self.auxiliary)
        return tuple(node for node in self.nodes if node.position in leading)

    @property
    def answering_parameters(self) -> int:
        """How many trainable weights the answer comes through."""
        return sum(node.parameters for node in self.answering)


def layer_graph(model: keras.Model) -> Graph:
    """The graph of a built Sequential or functional model with one input and one output.

    Models inside it are taken apart into their layers; `x + 3` and `x * y` become layers.

    Raises:
        BadUsage: what it is made of can't be written as such a graph; says which part.
    """
    functional = _functional(model)
    if len(functional.inputs) != 1 or len(functional.outputs) != 1:
        raise BadUsage(
            f"a model takes one picture and gives one answer, `{model.name}` has "
            f"{len(functional.inputs)} inputs and {len(functional.outputs)} outputs"
        )
    shape = tuple(functional.inputs[0].shape[1:])
    if len(shape) != 3 or None in shape:
        raise BadUsage(
            f"`{model.name}` takes inputs of shape {shape}, expected (height, width, channels) "
            f"in numbers: start it with keras.Input((28, 28, 1))"
        )
    walk = _Walk({id(functional.inputs[0]): -1}, {-1: shape}, [])
    answering = without_auxiliary(functional)
    if answering is not functional:  # it comes first, so that a base has the names it has alone
        walk.through(answering)
    walk.through(functional, done=frozenset(walk.positions))
    if not walk.nodes or walk.positions[id(functional.outputs[0])] != len(walk.nodes) - 1:
        raise BadUsage(f"the answer of `{model.name}` is not that of its last layer")
    height, width, channels = shape
    return Graph(tuple(walk.nodes), (height, width, channels))


@dataclass(frozen=True, eq=False)
class _Walk:
    """Where each tensor (by its id) comes from, the shapes by position, the nodes so far."""

    positions: dict[int, int]
    shapes: dict[int, tuple[int, ...]]
    nodes: list[Node]

    def through(self, functional: Any, done: frozenset[int] = frozenset()) -> None:
        """Adds a model's layers, but those that give the tensors `done`, in an order in which each
        comes after those it reads."""
        for depth in sorted(functional._nodes_by_depth, reverse=True):
            for keras_node in functional._nodes_by_depth[depth]:
                if not keras_node.is_input and id(keras_node.outputs[0]) not in done:
                    self._add(keras_node)

    def _add(self, keras_node: Any) -> None:
        layer = as_layer(keras_node) or _checked(keras_node)
        sources = tuple(self.positions[id(tensor)] for tensor in keras_node.input_tensors)
        if isinstance(layer, keras.Model):
            inner = _functional(layer)
            starts = zip(inner.inputs, sources, strict=True)
            self.positions.update({id(tensor): source for tensor, source in starts})
            self.through(inner)
            self.positions[id(keras_node.outputs[0])] = self.positions[id(inner.outputs[0])]
            return
        if any(node.layer is layer for node in self.nodes):
            raise BadUsage(f"layer `{layer.name}` is used twice; make a layer for each place")
        node = _node(len(self.nodes), layer, keras_node, sources, self.shapes[sources[0]])
        self.positions[id(keras_node.outputs[0])] = node.position
        self.shapes[node.position] = node.output_shape
        self.nodes.append(node)


def _functional(model: Any) -> Any:
    """What holds a model's nodes: itself, or what a Sequential keeps inside."""
    inside = model._functional if isinstance(model, keras.Sequential) else model
    if isinstance(model, keras.Sequential) and inside is None:
        raise BadUsage(
            f"`{model.name}` does not know its input yet: start it with keras.Input((28, 28, 1))"
        )
    from keras.src.models.functional import Functional  # the backend must have been set before

    if type(model).call not in (keras.Sequential.call, Functional.call):
        raise BadUsage(
            f"`{model.name}` hides its layers in a call of its own; write it as keras.Sequential "
            f"or as keras.Model(inputs, outputs)"
        )
    return inside


def _checked(keras_node: Any) -> Any:
    """The layer of a node: only layers that are called with what they read, and nothing else."""
    layer, arguments = keras_node.operation, keras_node.arguments
    if not isinstance(layer, keras.Layer):
        raise BadUsage(f"`{layer.name}` is an operation, not a layer; use a layer of keras.layers")
    # Keras notes `training` at every call, as the layer's own default has it.
    own = inspect.signature(layer.call).parameters
    wanted = own["training"].default if "training" in own else None
    extra = {
        name
        for name, value in arguments.kwargs.items()
        if value is not None and (name != "training" or (value and not wanted))
    }
    if len(arguments.args) != 1 or extra:
        raise BadUsage(
            f"layer `{layer.name}` is called with more than what it reads"
            f"{': ' + ', '.join(sorted(extra)) if extra else ''}; only layer(x) is understood"
        )
    if len(keras_node.outputs) != 1:
        raise BadUsage(f"layer `{layer.name}` gives {len(keras_node.outputs)} answers, expected 1")
    return layer


def _node(
    position: int,
    layer: Any,
    keras_node: Any,
    inputs: tuple[int, ...],
    shape: tuple[int, ...],
) -> Node:
    name = _name(position, layer)
    # A seed generator's state is left out: randomness is an argument of `forward`.
    variables = [v for v in layer.variables if "seed_generator" not in v.path]
    return Node(
        position=position,
        layer=layer,
        inputs=inputs,
        output_shape=tuple(keras_node.outputs[0].shape[1:]),
        input_shape=shape,
        weights=tuple(zip(_full_names(name, variables), variables, strict=True)),
    )


def _full_names(name: str, variables: list[Any]) -> list[str]:
    """A variable that its layer gave no name is `variable_7` in one process, `variable_9` in the
    next; here it is called after its place in the layer."""
    return [
        f"{name}/{f'variable_{i}' if re.fullmatch(_UNNAMED, v.name) else v.name}"
        for i, v in enumerate(variables)
    ]


def _name(position: int, layer: Any) -> str:
    return f"{position:02d}-{type(layer).__name__.lower()}"
