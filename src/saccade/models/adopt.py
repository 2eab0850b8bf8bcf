"""The layer graph of a user's own Keras model, ending in logits."""

from dataclasses import replace
from typing import Any

from saccade.core.errors import BadUsage
from saccade.models.activation import Mode
from saccade.models.backend import jax, keras
from saccade.models.forward import forward
from saccade.models.graph import Graph, Node, layer_graph


def adopted_graph(model: keras.Model, classes: int) -> Graph:
    """Checked here, once: what the engine would get wrong in silence is refused.

    Raises:
        BadUsage: says which layer and what to do.
    """
    graph = _to_logits(layer_graph(model))
    for node in graph.nodes:
        _check(node)
    expected = {(classes,), (1,)} if classes == 2 else {(classes,)}
    output = graph.nodes[-1].output_shape
    if output not in expected:
        raise BadUsage(
            f"`{model.name}` gives answers of shape {output} for {classes} classes; end it with "
            f"Flatten (or a global pooling) and Dense({classes})"
        )
    _try(graph, model.name)
    return graph


def _to_logits(graph: Graph) -> Graph:
    """Without the softmax or sigmoid at the end."""
    last, before = graph.nodes[-1], graph.nodes[:-1]
    if last.kind == "Softmax" or (last.kind == "Activation" and _squashes(last.layer)):
        if not before:
            raise BadUsage("the model has no layer but a softmax")
        return replace(graph, nodes=before)
    if not _squashes(last.layer):
        return graph
    if last.kind != "Dense":
        raise BadUsage(
            f"the last layer `{last.layer.name}` ends in a softmax or sigmoid of its own; "
            f"give it none: the loss takes logits"
        )
    return replace(graph, nodes=(*before, _linear(last)))


def _squashes(layer: Any) -> bool:
    kinds = keras.activations
    return getattr(layer, "activation", None) in (kinds.softmax, kinds.sigmoid)


def _linear(node: Node) -> Node:
    """The same dense layer, with the same values, without its activation."""
    layer = node.layer
    copy = type(layer).from_config({**layer.get_config(), "activation": "linear"})
    copy.build((None, *node.input_shape))
    for mine, theirs in zip(copy.variables, layer.variables, strict=True):
        mine.assign(theirs.value)
    by_name = {v.name: v for v in copy.variables}
    weights = tuple((full, by_name[variable.name]) for full, variable in node.weights)
    return replace(node, layer=copy, weights=weights)


def _check(node: Node) -> None:
    layer, variables = node.layer, [variable for _, variable in node.weights]
    if any(getattr(v, "regularizer", None) for v in variables) or layer.activity_regularizer:
        raise BadUsage(
            f"layer `{layer.name}` has a regularizer of its own, which is not looked at; "
            f"take it out and use --l1, --l2 or --weight-decay"
        )
    kinds = {layer.compute_dtype, *(v.dtype for v in variables)}
    if kinds != {"float32"}:
        raise BadUsage(
            f"layer `{layer.name}` computes in {', '.join(sorted(kinds - {'float32'}))}; "
            f"expected float32 throughout"
        )


def _try(graph: Graph, name: str) -> None:
    """Passes over shapes alone: what JAX can't trace is said now."""
    shaped: Any = jax.ShapeDtypeStruct
    images = shaped((2, *graph.input_shape), "float32")
    weights = {key: shaped(tuple(v.shape), v.dtype) for key, v in graph.weights.items()}
    try:
        for training in (False, True):
            mode = Mode(training=training, key=jax.random.key(0))
            jax.eval_shape(
                lambda w, x, mode=mode: forward(graph, w, x, form="patches", mode=mode),
                weights,
                images,
            )
    except Exception as error:  # whatever a layer of the user's own raises
        raise BadUsage(f"`{name}` can't be compiled: {error}") from error
