"""A network: a Keras model's layer graph, and where it came from, so that it can be built again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np

from saccade.core.errors import BadUsage
from saccade.core.preprocess import Numbers
from saccade.models import chosen_normalisation, model_entry
from saccade.models.adopt import adopted_graph
from saccade.models.backend import keras
from saccade.models.graph import Graph, layer_graph
from saccade.models.initialize import unallocated


@dataclass(frozen=True, eq=False)
class Network:
    """A layer graph from float pictures to one logit a class.

    `reference` is what `rebuild` takes: `{"model": NAME, "arguments": {...}}` for one of our table,
    `{"model": "file", "file": ..., "source_sha256": ...}` for a user's file, `{"model": "keras"}`
    for a Keras model that was handed over in Python.

    `pretrained` are values by full name that its weights begin with; all others are drawn. With
    `scaling`, pixels are brought to value * scale + offset as the weights expect it, else as the
    recipe says.

    >>> network = build("conv", (28, 28, 1), 10)
    >>> network.input_shape, network.parameters
    ((28, 28, 1), 122270)
    """

    name: str
    graph: Graph
    classes: int
    reference: Mapping[str, Any]
    pretrained: Mapping[str, np.ndarray] = field(default_factory=dict)
    scaling: tuple[Numbers, Numbers] | None = None

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return self.graph.input_shape

    @property
    def binary(self) -> bool:
        """Whether one unit tells two classes apart; `forward` still gives two logits."""
        return self.graph.binary

    @property
    def parameters(self) -> int:
        """How many trainable weights it has."""
        return self.graph.parameters


def build(
    name: str,
    input_shape: tuple[int, int, int],
    classes: int,
    normalisation: str | None = None,
) -> Network:
    """The model of this name for pictures of `input_shape` (height, width, channels).

    Nothing is allocated: weights are drawn when training starts. Some models have a choice of
    `normalisation` (`Entry.choices`; block.py says what each is); None is their default.

    Raises:
        BadUsage: no such model or choice, fewer than two classes, or pictures too small for it.

    >>> build("softmax", (28, 28, 1), 10).parameters
    7850
    >>> build("conv-bn", (28, 28, 1), 10, "layer").reference["arguments"]
    {'normalisation': 'layer'}
    """
    entry = model_entry(name)
    chosen = chosen_normalisation(name, normalisation)
    _at_least_two(classes)
    if min(input_shape[:2]) < entry.least:
        raise BadUsage(
            f"`{name}` takes pictures of at least {entry.least}x{entry.least} pixels, "
            f"got {input_shape[0]}x{input_shape[1]}"
        )
    with unallocated():
        model = keras_model(name, input_shape, classes, normalisation)
    # A default is not written down: older runs of the same network say nothing, too.
    other = chosen is not None and chosen != entry.choices[0]
    arguments = {"normalisation": chosen} if other else {}
    return Network(name, layer_graph(model), classes, {"model": name, "arguments": arguments})


def keras_model(
    name: str,
    input_shape: tuple[int, int, int],
    classes: int,
    normalisation: str | None = None,
) -> keras.Model:
    """The Keras model of this name, with weights of its own.

    >>> keras_model("softmax", (28, 28, 1), 10).count_params()
    7850
    """
    entry = model_entry(name)
    function = getattr(import_module(f"saccade.models.{entry.family}"), entry.function)
    chosen = chosen_normalisation(name, normalisation)
    arguments = () if chosen is None else (chosen,)
    model: keras.Model = function(input_shape, classes, *arguments)
    return model


def from_keras(model: keras.Model, classes: int) -> Network:
    """A network of a Keras model of your own: Sequential or functional, built, on float pictures.

    It gives one logit a class, or a single one for two classes. A softmax or sigmoid at its end is
    left out, because the loss takes logits; models inside it are taken apart. Training starts from
    the values its weights have; the model itself is not changed.

    Raises:
        BadUsage: it is not such a model; says which part and what to do.

    >>> from saccade.models.backend import keras
    >>> layers = keras.layers
    >>> body = [keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(3, activation="softmax")]
    >>> from_keras(keras.Sequential(body), 3).parameters
    195
    """
    _at_least_two(classes)
    if not isinstance(model, keras.Model):
        raise BadUsage(f"expected a keras.Model, got {type(model).__name__}")
    return Network(model.name, adopted_graph(model, classes), classes, {"model": "keras"})


def _at_least_two(classes: int) -> None:
    if classes < 2:
        raise BadUsage(f"telling apart takes at least two classes, got {classes}")
