"""A network: a Keras model's layer graph, and where it came from, so that it can be built again."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from saccade.core.errors import BadUsage
from saccade.models import model_entry
from saccade.models.graph import Graph, layer_graph
from saccade.models.initialize import unallocated


@dataclass(frozen=True, eq=False)
class Network:
    """A layer graph from float pictures to one logit a class.

    `reference` is `{"model": NAME, "arguments": {}}`: what `rebuild` takes.
    """

    name: str
    graph: Graph
    classes: int
    reference: Mapping[str, Any]

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return self.graph.input_shape

    @property
    def parameters(self) -> int:
        """How many trainable weights it has."""
        return self.graph.parameters


def build(name: str, input_shape: tuple[int, int, int], classes: int) -> Network:
    """The model of this name for pictures of `input_shape` (height, width, channels).

    Nothing is allocated: weights are drawn when training starts.

    Raises:
        BadUsage: no such model, fewer than two classes, or pictures too small for it.

    >>> build("softmax", (28, 28, 1), 10).parameters
    7850
    """
    entry = model_entry(name)
    if classes < 2:
        raise BadUsage(f"telling apart takes at least two classes, got {classes}")
    if min(input_shape[:2]) < entry.least:
        raise BadUsage(
            f"`{name}` takes pictures of at least {entry.least}x{entry.least} pixels, "
            f"got {input_shape[0]}x{input_shape[1]}"
        )
    function = getattr(import_module(f"saccade.models.{entry.family}"), entry.function)
    with unallocated():
        model = function(input_shape, classes)
    return Network(name, layer_graph(model), classes, {"model": name, "arguments": {}})


def rebuild(
    reference: Mapping[str, Any], input_shape: tuple[int, int, int], classes: int
) -> Network:
    """The network of a run's record, from our own table (nothing in the run is executed)."""
    return build(reference["model"], input_shape, classes)
