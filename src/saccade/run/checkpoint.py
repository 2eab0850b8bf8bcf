"""A checkpoint: one directory of arrays, whole or not there.

    checkpoints/000600/weights.safetensors    what predicts
    checkpoints/000600/state.safetensors      what training needs beside it
    checkpoints/000600/manifest.json          step, facts, sha256 of both; written last
    checkpoints/names.json                    {"last": 600, "best": 400}

Arrays in, arrays out: sorted, no times, no paths, so equal weights are equal bytes.
"""

import hashlib
import json
import os
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

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The state of training after `step` updates; `facts` is anything small that JSON can hold."""

    step: int
    weights: Arrays
    state: Arrays
    facts: Mapping[str, Any]


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Adds a checkpoint to `folder`. One of the same step is replaced."""
    folder.mkdir(exist_ok=True)
    aside = folder / f".{checkpoint.step:06d}.{os.getpid()}.part"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    hashes = {}
    for name, arrays in ((WEIGHTS, checkpoint.weights), (STATE, checkpoint.state)):
        data = save({key: np.asarray(arrays[key], order="C") for key in sorted(arrays)})
        hashes[name] = hashlib.sha256(data).hexdigest()
        durable.write_bytes(aside / name, data)
    manifest = {"step": checkpoint.step, "sha256": hashes, "facts": dict(checkpoint.facts)}
    durable.write_json(aside / MANIFEST, manifest)
    target = folder / f"{checkpoint.step:06d}"
    if target.exists():
        shutil.rmtree(target)
    aside.replace(target)
    durable.sync_directory(folder)


def name_checkpoint(folder: Path, name: str, step: int) -> None:
    """Makes `name` (`last`, `best`) mean the checkpoint of this step, and drops unnamed ones."""
    names = {**named(folder), name: step}
    durable.write_json(folder / NAMES, names)
    for path in folder.iterdir():
        if path.is_dir() and path.name.isdigit() and int(path.name) not in names.values():
            shutil.rmtree(path, ignore_errors=True)


def named(folder: Path) -> dict[str, int]:
    """{"last": step, "best": step}: which names there are, `{}` for none."""
    try:
        names: dict[str, int] = json.loads((folder / NAMES).read_text())
    except FileNotFoundError:
        return {}
    return names


def read_checkpoint(folder: Path, name: str) -> Checkpoint:
    """The checkpoint that `name` means, its files verified.

    Raises:
        BadRun: there is none, or a file is not the one that was written.
    """
    names = named(folder)
    if name not in names:
        raise BadRun(
            f"{folder.parent} has no `{name}` checkpoint: the run ended before its first save"
        )
    path = folder / f"{names[name]:06d}"
    try:
        manifest = json.loads((path / MANIFEST).read_text())
        files = {file: _verified(path / file, sha) for file, sha in manifest["sha256"].items()}
        return Checkpoint(
            manifest["step"], load(files[WEIGHTS]), load(files[STATE]), manifest["facts"]
        )
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise BadRun(f"the checkpoint {path} is damaged: {error}") from error


def _verified(path: Path, sha256: str) -> bytes:
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ValueError(f"{path.name} is not the file that was written (sha256 differs)")
    return data
