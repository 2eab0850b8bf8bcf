"""Runs a layer graph as one pure function, in one of three forms.

`patches`: activations lie as (channels, height, width, batch) and a convolution is one matrix
product with the patches under its kernel; the batch fills the vector lanes, which suits CPUs and
nets with a handful of channels (DESIGN section 5: 20,000 images/s against 2,800 for XLA's own).
`direct`: (batch, height, width, channels), XLA's own convolution with better gradients, or
Winograd's where channels are very many; for CPUs and nets of many channels, outside a loop.
`layers`: every layer as Keras has it, (batch, height, width, channels), XLA's own convolution; for
accelerators, and what the tests compare the others with.

A layer without a form of its own here runs as Keras has it under all.

A batch may go through in parts: XLA computes on several cores at once what does not depend on each
other. Layers that look at the whole batch see all parts; no result changes but by rounding.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from saccade.models.activation import Activation, Form, Mode, Parts, Pass
from saccade.models.backend import jax
from saccade.models.graph import Graph, Node
from saccade.models.lowerings import LOWERINGS, TOGETHER
from saccade.models.precision import lowered, read_as

jnp = jax.numpy
Array = Any


def forward(
    graph: Graph,
    weights: Mapping[str, Array],
    images: Array,
    *,
    form: Form,
    mode: Mode,
    parts: int = 1,
    turned: frozenset[str] = frozenset(),
    after: int = -1,
) -> tuple[Array, dict[str, Array]]:
    """(logits [n, classes], new values of the weights that training moves by itself).

    `images` is float [n, height, width, channels], as `Preprocess` makes it. The one unit z of a
    binary net becomes the logits (0, z): their softmax is its sigmoid, their cross entropy its own.
    Kernels in `turned`, of those that `can_turn` names, come as [units, inputs]. `images` may be
    what the layer at the position `after` has given: then only those behind it run.
    """
    run = Pass(weights, mode, form, turned)
    return logits_of(graph, activations(graph, run, images, parts, after)), run.updates


def activations(
    graph: Graph, run: Pass, images: Array, parts: int = 1, after: int = -1
) -> dict[int, Parts]:
    """What every layer gives, by its position; `images` is what stands at `after`."""
    images = lowered(images, run.mode.precision)
    pieces = jnp.array_split(images, parts) if parts > 1 else [images]
    values = {after: tuple(map(Activation, pieces))}
    for node in graph.nodes[after + 1 :]:
        values[node.position] = _through(node, run, [values[i] for i in node.inputs])
    return values


def logits_of(graph: Graph, values: Mapping[int, Parts], at: int | None = None) -> Array:
    """[n, classes] of all that its layers gave: the last one's, or those of the layer `at`."""
    logits = whole(values[len(graph.nodes) - 1 if at is None else at]).batch_first()
    if graph.binary:
        logits = jnp.concatenate([jnp.zeros_like(logits), logits], axis=1)
    return logits


def _through(node: Node, run: Pass, inputs: list[Parts]) -> Parts:
    """A layer's output, part by part where its form allows it."""
    if together := TOGETHER.get(node.kind):
        values = together(node, run, inputs[0])
    elif lowering := LOWERINGS.get(node.kind):
        each = [lowering(node, run, *part) for part in zip(*inputs, strict=True)]
        done = tuple(value for value in each if value is not None)
        values = done if len(done) == len(each) else None
    else:
        values = None
    if values is not None:
        return values
    return _apart(as_keras(node, run, [whole(parts) for parts in inputs]), inputs[0])


def whole(parts: Parts) -> Activation:
    """The batch in one piece."""
    if len(parts) == 1:
        return parts[0]
    return Activation(jnp.concatenate([part.batch_first() for part in parts]))


def _apart(whole: Activation, like: Parts) -> Parts:
    """The batch in the pieces that `like` has."""
    if len(like) == 1:
        return (whole,)
    ends = np.cumsum([part.pictures for part in like])[:-1]
    return tuple(Activation(array) for array in jnp.split(whole.batch_first(), ends))


def _seed(node: Node, run: Pass, state: Any) -> Array:
    """What a layer draws from, in the shape of its `state`; without a key nothing is drawn."""
    if run.mode.key is None:
        return jnp.zeros(state.shape, state.dtype)
    return jax.random.key_data(run.key(node)).astype(state.dtype)


def as_keras(node: Node, run: Pass, inputs: list[Activation]) -> Activation:
    """The layer as Keras has it, batch-first. Its random state comes from the pass's key."""
    layer, by_variable = node.layer, {id(v): name for name, v in node.weights}

    def values(variables: list[Any]) -> list[Array]:
        return [
            run.weights[by_variable[id(v)]] if id(v) in by_variable else _seed(node, run, v)
            for v in variables
        ]

    arrays = [value.batch_first() for value in inputs]
    with read_as(run.mode.precision):
        output, moved = layer.stateless_call(
            values(layer.trainable_variables),
            values(layer.non_trainable_variables),
            arrays if len(arrays) > 1 else arrays[0],
            **({"training": run.mode.training} if layer._call_has_training_arg else {}),
        )
    for variable, value in zip(layer.non_trainable_variables, moved, strict=True):
        if run.mode.training and id(variable) in by_variable:
            run.updates[by_variable[id(variable)]] = value
    return Activation(lowered(output, run.mode.precision))
