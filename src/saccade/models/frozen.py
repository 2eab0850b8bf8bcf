"""Which layers at a network's beginning give the same for a picture, however long it trains."""

from saccade.models.backend import keras
from saccade.models.graph import Graph, Node

OURS = "saccade.models."  # how the kinds of layers begin that are written here


def frozen_until(graph: Graph) -> int:
    """The last position up to which nothing learns and nothing is drawn, -1 if nothing begins so.

    All layers behind it read it or each other, nothing before it. A beginning without weights does
    not count: nothing is gained by computing it once.

    >>> from saccade.models.network import build
    >>> frozen_until(build("conv", (28, 28, 1), 10).graph)
    -1
    """
    still = 0
    while still < len(graph.nodes) and _is_still(graph.nodes[still]):
        still += 1
    earliest = len(graph.nodes)  # that a layer behind the position reads
    for node in reversed(graph.nodes):
        position = node.position
        if position < still and earliest >= position:
            some = any(before.weights for before in graph.nodes[: position + 1])
            return position if some and position < len(graph.nodes) - 1 else -1
        earliest = min(earliest, *node.inputs)
    return -1


def _is_still(node: Node) -> bool:
    """Whether a layer does the same in training as in answering; a person's own may do anything."""
    learns = any(variable.trainable for _, variable in node.weights)
    moves = bool(node.weights) and node.layer.trainable
    seeds = keras.random.SeedGenerator
    drawn = any(isinstance(value, seeds) for value in vars(node.layer).values())
    unknown = "." in node.kind and not node.kind.startswith(OURS)
    return not (learns or moves or (drawn and _rate(node) != 0) or unknown)


def _rate(node: Node) -> float:
    """Of dropout; a layer that draws without one draws always."""
    rate = getattr(node.layer, "rate", 1.0)
    return float(rate)
