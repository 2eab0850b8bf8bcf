"""A checkpoint: one directory of arrays, whole or not there.

    checkpoints/000600/weights.safetensors    what predicts
    checkpoints/000600/state.safetensors      what training needs beside it
    checkpoints/000600/manifest.json          step, facts, sha256 of both; written last
    checkpoints/names.json                    {"last": "000600", "best": "000400"}

Arrays in, arrays out: sorted, no times, no paths, so equal weights are equal bytes.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from saccade.core.errors import BadRun
from saccade.run import durable

WEIGHTS, STATE, MANIFEST, NAMES = (
    "weights.safetensors",
    "state.safetensors",
    "manifest.json",
    "names.json",
)

PLACE = re.compile(r"\d{6,}(-\d+)?")

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The state of training after `step` updates; `facts` is anything small that JSON can hold."""

    step: int
    weights: Arrays
    state: Arrays
    facts: Mapping[str, Any]


def write_checkpoint(folder: Path, checkpoint: Checkpoint, *names: str) -> None:
    """Adds a checkpoint to `folder` under these names; those without a name are dropped.

    A crash at any moment leaves every name with a whole checkpoint, the old one or the new.
    """
    folder.mkdir(exist_ok=True)
    files = {
        name: save({key: np.asarray(arrays[key], order="C") for key in sorted(arrays)})
        for name, arrays in ((WEIGHTS, checkpoint.weights), (STATE, checkpoint.state))
    }
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    manifest = {"step": checkpoint.step, "sha256": hashes, "facts": dict(checkpoint.facts)}
    aside = folder / f".{checkpoint.step:06d}.{os.getpid()}.part"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    for name, data in files.items():
        durable.write_bytes(aside / name, data)
    durable.write_json(aside / MANIFEST, manifest)
    place = _free(folder, checkpoint.step)
    aside.replace(place)
    durable.sync_directory(folder)
    places = {**_places(folder), **dict.fromkeys(names, place.name)}
    durable.write_json(folder / NAMES, places)
    for path in folder.iterdir():
        if path.is_dir() and path.name not in places.values():
            shutil.rmtree(path, ignore_errors=True)


def named(folder: Path) -> dict[str, int]:
    """{"last": step, "best": step}: which names there are, `{}` for none.

    Raises:
        BadRun: the file of names is damaged.
    """
    return {name: int(place.partition("-")[0]) for name, place in _places(folder).items()}


def read_checkpoint(folder: Path, name: str) -> Checkpoint:
    """The checkpoint that `name` means, its files verified.

    Raises:
        BadRun: there is none, or a file is not the one that was written.
    """
    places = _places(folder)
    if name not in places:
        raise BadRun(
            f"{folder.parent} has no `{name}` checkpoint: the run ended before its first save"
        )
    path = folder / places[name]
    try:
        manifest = durable.read_json(path / MANIFEST)
        hashes = manifest["sha256"]
        weights, state = (load(_verified(path / file, hashes[file])) for file in (WEIGHTS, STATE))
        return Checkpoint(manifest["step"], weights, state, manifest["facts"])
    except (OSError, KeyError, TypeError, ValueError, SafetensorError, BadRun) as error:
        raise BadRun(f"the checkpoint {path} is damaged: {error}") from error


def _places(folder: Path) -> dict[str, str]:
    """Which directory each name means: `000600`, or `000600-2` where there was one of that step."""
    try:
        places = durable.read_json(folder / NAMES)
    except FileNotFoundError:
        return {}
    for place in places.values():
        if not (isinstance(place, str) and PLACE.fullmatch(place)):
            raise BadRun(f"{folder / NAMES} is damaged: {place!r} is no checkpoint")
    return places


def _free(folder: Path, step: int) -> Path:
    """A directory that is not there yet: nothing that has a name is ever replaced in place."""
    stem = f"{step:06d}"
    candidates = (folder / stem, *(folder / f"{stem}-{n}" for n in range(2, 1000)))
    return next(path for path in candidates if not path.exists())


def _verified(path: Path, sha256: str) -> bytes:
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ValueError(f"{path.name} is not the file that was written (sha256 differs)")
    return data
