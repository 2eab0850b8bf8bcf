"""A network that begins with what another has learned: its layers for pictures, and a new head.

    base ... pooled maps -> dropout 0.2 -> dense, a unit a class

The head is that of the course's flowers notebook (docs/guide/transfer.md). A base is cut behind its
convolutional layers, since those near the answer know most about the old question and least about
pictures.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from saccade.core.errors import BadUsage, unknown_name
from saccade.models import MODELS, TRANSFER, model_entry
from saccade.models.applications import base_model
from saccade.models.auxiliary import without_auxiliary
from saccade.models.backend import keras
from saccade.models.bases import BASES
from saccade.models.graph import Graph, layer_graph
from saccade.models.initialize import unallocated
from saccade.models.network import Network, keras_model

DROPPED = 0.2
CONVOLUTIONS = ("Conv2D", "DepthwiseConv2D", "SeparableConv2D")
layers = keras.layers


def transfer_network(
    base: str,
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    unfreeze: str = "none",
    pretrained: bool = True,
) -> Network:
    """A base of `BASES` or of our own `MODELS` under a new head; its weights are yet to come.

    `unfreeze` says what of the base learns: `none`, `all`, or `last-N` of its layers that have
    kernels. Where it is `pretrained`, its batch norms keep the mean and deviation they have, and it
    drops nothing. Else all of it learns, from first weights.

    Raises:
        BadUsage: no such base, one without convolutions, or pictures it does not take.

    >>> network = transfer_network("conv-bn", (28, 28, 1), 5)
    >>> network.parameters, sum(v.trainable for v in network.graph.weights.values())
    (15685, 2)
    """
    with unallocated():
        body = headless(base, input_shape)
        if pretrained:
            _set_learning(body, unfreeze)
        head = layers.Dense(classes)(layers.Dropout(DROPPED)(body.output))
        graph = layer_graph(keras.Model(body.inputs, head))
    weights = {"from": "none"}  # until somebody brings some
    reference = {"model": TRANSFER, "base": base, "unfreeze": unfreeze, "weights": weights}
    return Network(base, graph, classes, reference)


def headless(base: str, input_shape: tuple[int, int, int]) -> keras.Model:
    """A base from pictures to one row of numbers each.

    Raises:
        BadUsage: as `transfer_network`.
    """
    if base in BASES:
        return base_model(base, input_shape)
    if base not in MODELS:
        raise unknown_name("base", base, [*BASES, *MODELS])
    model = without_auxiliary(keras_model(base, input_shape, model_entry(base).classes))
    kinds = [type(layer).__name__ for layer in model.layers]
    if not any(kind in CONVOLUTIONS for kind in kinds):
        raise BadUsage(f"`{base}` has no convolutional layers to begin with")
    if "Dense" in kinds:
        return keras.Model(model.inputs, model.layers[kinds.index("Dense")].input)
    # The answers of such a network are means of its last convolution's maps.
    last = max(i for i, kind in enumerate(kinds) if kind in CONVOLUTIONS)
    pooled = layers.GlobalAveragePooling2D(name="pooled")(model.layers[last].input)
    return keras.Model(model.inputs, pooled)


def base_graph(base: str, input_shape: tuple[int, int, int]) -> Graph:
    """The layers that a base brings, by the names they have in every network that begins so."""
    with unallocated():
        return layer_graph(headless(base, input_shape))


def from_reference(
    reference: Mapping[str, Any], input_shape: tuple[int, int, int], classes: int
) -> Network:
    """The network of a run's record.

    Raises:
        BadUsage: as `transfer_network`.
    """
    told = {key: reference[key] for key in ("model", "base", "unfreeze", "weights")}
    network = transfer_network(
        told["base"],
        input_shape,
        classes,
        unfreeze=told["unfreeze"],
        pretrained=told["weights"]["from"] != "none",
    )
    return replace(network, reference=told)


def _set_learning(body: keras.Model, unfreeze: str) -> None:
    """Which layers of a pretrained base learn; none of them does otherwise than in answering."""
    with_kernels = [layer for layer in body.layers if hasattr(layer, "kernel") or _is_two(layer)]
    count = learning_layers(unfreeze, len(with_kernels))
    learning = with_kernels[len(with_kernels) - count :]
    for layer in body.layers:
        layer.trainable = layer in learning
        if hasattr(layer, "rate"):
            layer.rate = 0.0


def _is_two(layer: Any) -> bool:
    return hasattr(layer, "depthwise_kernel")


def learning_layers(unfreeze: str, available: int) -> int:
    """How many of a base's layers learn.

    Raises:
        BadUsage: it is not `none`, `all` or `last-N`.

    >>> learning_layers("last-3", 26), learning_layers("all", 26)
    (3, 26)
    """
    if unfreeze in ("none", "all"):
        return available if unfreeze == "all" else 0
    found = re.fullmatch(r"last-([1-9][0-9]{0,3})", unfreeze)
    if found is None:
        raise BadUsage(f"--unfreeze takes none, all or last-N, such as last-3, got `{unfreeze}`")
    return min(int(found[1]), available)
