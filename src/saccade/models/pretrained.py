"""Weights that were trained elsewhere: where their files are, and their values for a graph."""

from pathlib import Path

import numpy as np

from saccade.core.errors import BadData
from saccade.core.locate import locate
from saccade.models.bases import base_entry
from saccade.models.graph import Graph
from saccade.models.naming import is_own, local_name, stored_by_name
from saccade.models.published import FOLDER
from saccade.models.stored import Contents, opened


def published_weights(name: str, *, top: bool = False) -> Path:
    """The file of a base's ImageNet weights, without or with its top; downloaded if need be.

    It is looked for in `$SACCADE_DATA_DIR/weights`, then in the cache.

    Raises:
        BadUsage: there is no such base.
        MissingFile: not here, and offline, on no mirror, or without a published checksum; names the
            file, its checksum and where to put it.
    """
    entry = base_entry(name)
    published = entry.with_top if top else entry.without_top
    urls = [published.url] if published.url else []
    return locate(FOLDER, published.file, published.checksum, urls)


def read_values(path: Path, graph: Graph, *, reversed: bool = False) -> dict[str, np.ndarray]:
    """A value for every variable of the graph by its full name, each of the variable's shape.

    The file is .safetensors or .npz, with full names (a run's checkpoint), Keras' `layer/variable`
    or, of Caffe's kernels, `layer_w` and `layer_b`; or .h5 as Keras 2 or 3 writes it. What it holds
    beside these, a top, is not read. With `reversed` its network expects blue first, and the
    first convolution is turned, so that pictures stay RGB; a run's checkpoint is so already.

    Raises:
        MissingFile: there is no such file.
        BadData: it is no such file, or damaged; lacks a variable, has it in another shape, or
            with numbers that are not finite.
    """
    with opened(path) as contents:
        values = _values(path, graph, contents)
        own = is_own(graph, contents)
    if reversed and not own:
        kernel = first_kernel(graph)
        values[kernel] = np.ascontiguousarray(values[kernel][:, :, ::-1])
    return values


def first_kernel(graph: Graph) -> str:
    """The full name of the first convolution's kernel."""
    node = next(node for node in graph.nodes if node.kind == "Conv2D")
    return node.weight("kernel")


def _values(path: Path, graph: Graph, contents: Contents) -> dict[str, np.ndarray]:
    stored = stored_by_name(graph, contents)
    keras_names = {
        full: f"{node.layer.name}/{local_name(full)}"
        for node in graph.nodes
        for full, _ in node.weights
    }
    for name, variable in graph.weights.items():
        expected = tuple(variable.shape)
        if name not in stored:
            raise BadData(
                f"{path} holds no `{keras_names[name]}` ({name}) of shape {expected}; "
                f"it has {_some(contents)}"
            )
        if stored[name].shape != expected:
            raise BadData(
                f"{path} holds `{keras_names[name]}` ({name}) in shape {stored[name].shape}, "
                f"expected {expected}"
            )
    with np.errstate(over="ignore"):  # what does not fit becomes infinity, and is refused
        values = {
            name: stored[name].read().astype(variable.dtype)
            for name, variable in graph.weights.items()
        }
    for name, value in values.items():
        if not np.isfinite(value).all():
            raise BadData(f"{path} holds `{keras_names[name]}` ({name}) with NaN or infinity in it")
    return values


def _some(contents: Contents) -> str:
    names = list(contents.arrays)
    if not names:
        return "nothing"
    return ", ".join(f"`{name}`" for name in names[:3]) + (", ..." if len(names) > 3 else "")
