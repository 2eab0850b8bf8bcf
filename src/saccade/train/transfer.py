"""Begins with what another network has learned: where a base's weights come from."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from saccade.core.errors import BadRun, BadUsage, MissingFile, unknown_name
from saccade.core.preprocess import Numbers, Preprocess
from saccade.core.records import Dataset
from saccade.models import MODELS, TRANSFER
from saccade.models.bases import BASES
from saccade.models.network import Network
from saccade.models.pretrained import published_weights, read_values
from saccade.models.transfer import base_graph, learning_layers, transfer_network
from saccade.run.checkpoint import read_checkpoint
from saccade.run.directory import Run, open_run

Values = Mapping[str, np.ndarray]


def transfer(
    base: str | None,
    dataset: Dataset,
    *,
    weights: str | Path = "imagenet",
    unfreeze: str = "none",
) -> Network:
    """A network for this data that begins with a base's layers.

    `weights` are `imagenet` (the published ones, downloaded if needed), `none` (it learns from
    first weights), a file, or a run: then its own network is the base, and if that was a transfer
    to the same classes, its head comes too. `unfreeze` says what of the base learns: `none`, `all`
    or `last-N` of its layers.

    Raises:
        BadUsage: no such base, one that does not take these pictures, or a run of another one.
        BadData: the file is not this base's weights.
        MissingFile: the weights are not here and could not be had; says which file, and where to.

    >>> import saccade
    >>> network = transfer("conv-bn", saccade.load("digits"), weights="none")
    >>> network.name, network.parameters
    ('conv-bn', 81522)
    """
    shape, classes = dataset.input_shape, dataset.classes
    source = str(weights)
    _check_said(base, source)
    if base is not None and source in ("imagenet", "none"):
        if source == "none":
            _all_learns(unfreeze)
            return _told(transfer_network(base, shape, len(classes), pretrained=False), source, {})
        return _of_file(base, dataset, _published(base), source, unfreeze)
    path = Path(source).resolve()
    if base is None or not path.is_file():
        return _of_run(base, dataset, _run(source), unfreeze)
    return _of_file(base, dataset, path, str(path), unfreeze)


def check_choice(base: str | None, weights: str, unfreeze: str) -> None:
    """What can be said before there are pictures; fetches published weights.

    Raises:
        BadUsage, BadRun, MissingFile: as `transfer`.
    """
    if base is not None and base not in (*MODELS, *BASES):
        raise unknown_name("base", base, [*BASES, *MODELS])
    learning_layers(unfreeze, 1)
    _check_said(base, weights)
    if weights == "none":
        _all_learns(unfreeze)
    elif weights == "imagenet" and base is not None:
        _published(base)
    elif weights != "imagenet" and not Path(weights).is_file():
        _run(weights)


def _check_said(base: str | None, source: str) -> None:
    if base is not None:
        return
    if source in ("imagenet", "none"):
        raise BadUsage(f"--weights {source} takes a --base: see `saccade models --bases`")
    if Path(source).is_file():
        raise BadUsage(f"--weights {source} takes a --base: whose weights are they?")


def _all_learns(unfreeze: str) -> None:
    if unfreeze != "none":
        raise BadUsage("from --weights none all of it learns: leave --unfreeze out")


def base_of(source: str) -> str:
    """The base whose weights a run has: one of `BASES` or of `MODELS`.

    Raises:
        MissingFile: there is no such run.
    """
    model = _run(source).facts["model"]
    return str(model["base"] if model["model"] == TRANSFER else model["model"])


def begun_again(network: Network, dataset: Dataset) -> Network:
    """A network of a run's record with the first values it had then.

    Raises:
        BadRun: they are others by now.
        MissingFile: they are not here any more.
    """
    reference = network.reference
    if reference["model"] != TRANSFER:
        return network
    told = reference["weights"]
    again = transfer(
        reference["base"], dataset, weights=told["from"], unfreeze=reference["unfreeze"]
    )
    if again.reference["weights"] != told:
        raise BadRun(f"the weights of {told['from']} are not those this run began with")
    return again


def _run(source: str) -> Run:
    try:
        return open_run(source)
    except BadRun:
        raise MissingFile(
            f"--weights takes imagenet, none, a file or a run; there is no {source}"
        ) from None


def _published(base: str) -> Path:
    if base in MODELS:
        raise BadUsage(f"nobody has published weights of `{base}`; give a run: --weights RUN")
    return published_weights(base)


def _of_file(base: str, dataset: Dataset, path: Path, source: str, unfreeze: str) -> Network:
    network = transfer_network(base, dataset.input_shape, len(dataset.classes), unfreeze=unfreeze)
    entry = BASES.get(base)
    values = read_values(
        path, base_graph(base, dataset.input_shape), reversed=entry is not None and entry.reversed
    )
    scaling = None if entry is None else (entry.scale, entry.offset)
    return replace(_told(network, source, values), scaling=scaling)


def _of_run(base: str | None, dataset: Dataset, run: Run, unfreeze: str) -> Network:
    facts = run.facts
    model, preprocess = facts["model"], Preprocess.from_json(facts["preprocess"])
    own = model["base"] if model["model"] == TRANSFER else model["model"]
    if own not in MODELS and own not in BASES:
        raise BadUsage(f"{run.path} is a network of your own; only ours can be a base of another")
    if model.get("arguments"):
        raise BadUsage(
            f"{run.path} is `{own}` with {model['arguments']}; a base is one of the table as it is"
        )
    if base not in (None, own):
        raise BadUsage(f"{run.path} is `{own}`, not `{base}`: leave --base out")
    if dataset.input_shape[2] != preprocess.channels:
        kinds = {1: "grey", 3: "RGB"}
        raise BadUsage(
            f"{run.path} was trained on {kinds[preprocess.channels]} pictures, "
            f"{dataset.name} has {kinds[dataset.input_shape[2]]} ones"
        )
    network = transfer_network(own, dataset.input_shape, len(dataset.classes), unfreeze=unfreeze)
    saved = read_checkpoint(run.checkpoints, run.best_or_last()).weights
    with_head = model["model"] == TRANSFER and facts["data"]["classes"] == list(dataset.classes)
    wanted = network.graph if with_head else base_graph(own, dataset.input_shape)
    values = _chosen(saved, wanted.weights, run)
    scaling: tuple[Numbers, Numbers] = (preprocess.scale, preprocess.offset)
    return replace(_told(network, str(run.path.resolve()), values), scaling=scaling)


def _chosen(saved: Values, wanted: Mapping[str, Any], run: Run) -> Values:
    for name, variable in wanted.items():
        if name not in saved or saved[name].shape != tuple(variable.shape):
            shape = saved[name].shape if name in saved else "not there"
            raise BadUsage(
                f"the weights of {run.path} do not fit: {name} is {shape}, expected "
                f"{tuple(variable.shape)}"
            )
    return {name: saved[name] for name in wanted}


def _told(network: Network, source: str, values: Values) -> Network:
    """The network with its first values, and a record of them."""
    told = hashlib.sha256()
    for name in sorted(values):
        told.update(name.encode() + np.ascontiguousarray(values[name]).tobytes())
    weights = {"from": source, "sha256": told.hexdigest()}
    reference = {**network.reference, "weights": weights}
    return replace(network, reference=reference, pretrained=values)
