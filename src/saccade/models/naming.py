"""Which array of a weights file belongs to which variable of a layer graph."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from saccade.models.graph import Graph, Node
from saccade.models.stored import Contents, Stored


def stored_by_name(graph: Graph, contents: Contents) -> dict[str, Stored]:
    """What a file holds for the graph's variables, by full name; not all need be there."""
    if is_own(graph, contents):
        return contents.arrays
    nodes = in_keras_order(graph)
    if contents.by_order:
        names = [name for node in nodes for name, _ in node.weights]
        return dict(zip(names, contents.arrays.values(), strict=False))
    kinds = {_kind(node) for node in nodes}
    called, arrays = _called(nodes, kinds, by_kind=contents.by_kind), _by_layer(contents, kinds)
    found = {
        name: arrays.get((called[node.position], str(i) if contents.numbered else local_name(name)))
        for node in nodes
        for i, (name, _) in enumerate(node.weights)
    }
    return {name: stored for name, stored in found.items() if stored is not None}


def _by_layer(contents: Contents, kinds: set[str]) -> dict[tuple[str, str], Stored]:
    """A file's arrays by the last two parts of their names: layer, as it counts, and variable."""
    places = {}
    for name, stored in contents.arrays.items():
        layer, _, variable = name.rpartition("/")
        places[layer.rpartition("/")[2], variable] = stored
    layers = _counted((layer for layer, _ in places), kinds)
    return {(layers[layer], variable): stored for (layer, variable), stored in places.items()}


def is_own(graph: Graph, contents: Contents) -> bool:
    """Whether the file's names are full names, as our own checkpoints have them."""
    return bool(contents.arrays.keys() & graph.weights.keys())


def local_name(full_name: str) -> str:
    """`02-conv2d/kernel` -> `kernel`."""
    return full_name.partition("/")[2]


def in_keras_order(graph: Graph) -> list[Node]:
    """The layers with weights as `keras.Model.layers` has them.

    The farthest from the answer comes first, of those as far the one that is met first on the way
    back from it.
    A model inside counts as so many layers here, as one there; where it is one of several ways,
    the order may differ. No published network has one there.
    """
    last = len(graph.nodes) - 1
    far = dict.fromkeys(range(-1, last + 1), 0)
    for node in reversed(graph.nodes):
        for source in node.inputs:
            far[source] = max(far[source], far[node.position] + 1)
    met: dict[int, int] = {}
    ahead = [last]
    while ahead:
        position = ahead.pop()
        if position >= 0 and position not in met:
            met[position] = len(met)
            ahead += reversed(graph.nodes[position].inputs)
    nodes = [node for node in graph.nodes if node.weights]
    return sorted(nodes, key=lambda node: (-far[node.position], met[node.position]))


def _called(nodes: Sequence[Node], kinds: set[str], *, by_kind: bool) -> dict[int, str]:
    """What each layer is called in a file, by its position."""
    if not by_kind:
        counted = _counted([node.layer.name for node in nodes], kinds)
        return {node.position: counted[node.layer.name] for node in nodes}
    count = dict.fromkeys(kinds, 0)
    called = {}
    for node in nodes:
        kind = _kind(node)
        called[node.position] = f"{kind}#{count[kind]}"
        count[kind] += 1
    return called


def _counted(names: Iterable[str], kinds: set[str]) -> dict[str, str]:
    """Keras' own names with their place among those of their kind: `conv2d_7`, the third -> `#2`.

    Keras counts on from network to network in a process, so the number itself means nothing.
    """
    pattern = re.compile(f"({'|'.join(sorted(kinds, key=len, reverse=True))})(?:_([0-9]+))?")
    counted = {name: name for name in names}
    found: dict[str, list[tuple[int, str]]] = {}
    for name in counted:
        if match := pattern.fullmatch(name):
            found.setdefault(match[1], []).append((int(match[2] or 0), name))
    for kind, of_kind in found.items():
        for place, (_, name) in enumerate(sorted(of_kind)):
            counted[name] = f"{kind}#{place}"
    return counted


def _kind(node: Node) -> str:
    """A layer's class as Keras writes it in names: `conv2d`, `batch_normalization`."""
    name: Any = type(node.layer).__name__
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
