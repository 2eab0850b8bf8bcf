"""A checkpoint: one directory that holds all there is to go on, whole or not there.

    checkpoints/000600/weights.safetensors    what predicts after 600 updates
    checkpoints/000600/state.safetensors      what training needs beside it
    checkpoints/000600/best.safetensors       the best weights so far, if they are earlier ones
    checkpoints/000600/manifest.json          steps, facts, sha256 of all files and of itself
    checkpoints/000600.corrupt/               was damaged, so an older one was used

The newest is `last` and names its `best`; no file beside them has to agree. Arrays in, arrays out:
sorted, no times, no paths, so equal weights are equal bytes.
"""

import hashlib
import json
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from saccade.core.errors import BadRun, Diverged
from saccade.run import durable

SCHEMA = 1
WEIGHTS, STATE, BEST, MANIFEST = (
    "weights.safetensors",
    "state.safetensors",
    "best.safetensors",
    "manifest.json",
)
KEEP = 2  # there is always an older one to fall back to
PLACE = re.compile(r"(\d{6,})(?:-(\d+))?")

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The state of training after `step` updates; `facts` is anything small that JSON can hold.

    `best_step` is the step of the best weights so far, None where none may be chosen; `best` holds
    them, and nothing where they are `weights`.
    """

    step: int
    weights: Arrays
    state: Arrays
    facts: Mapping[str, Any]
    best_step: int | None = None
    best: Arrays = field(default_factory=dict)

    @property
    def names(self) -> Mapping[str, int]:
        """{"last": step, "best": step}."""
        best = {} if self.best_step is None else {"best": self.best_step}
        return {"last": self.step, **best}

    @property
    def best_weights(self) -> Arrays | None:
        """The best weights so far, None where none may be chosen."""
        if self.best_step is None:
            return None
        return self.weights if self.best_step == self.step else self.best


class Damaged(Exception):
    """What a checkpoint's files hold is not what was written."""


def write_checkpoint(folder: Path, checkpoint: Checkpoint, keep: int = KEEP) -> None:
    """Adds a checkpoint to `folder`, where the newest `keep` stay.

    A crash, a power cut or an error at any moment leaves the older ones as they were.

    Raises:
        Diverged: an array holds a number that is none; nothing is written.
        OSError: the disk is full, or fails.
    """
    arrays = {WEIGHTS: checkpoint.weights, STATE: checkpoint.state}
    arrays |= {BEST: checkpoint.best} if checkpoint.best else {}
    for name, values in arrays.items():
        if odd := _not_finite(values):
            what = f"{odd} in {name} of step {checkpoint.step:,}"
            raise Diverged(f"{what} is no longer a number; it was not saved. Try a smaller --lr")
    durable.make_directory(folder)
    durable.sweep(folder)
    place = _next(folder, checkpoint.step)
    aside = durable.aside_of(place)
    try:
        _fill(aside, arrays, checkpoint)
        durable.move(aside, place)
    except BaseException:
        durable.try_to_remove(aside)
        raise
    with suppress(OSError):  # it is saved; they go another time
        _drop(_places(folder)[keep:])


def named(folder: Path) -> dict[str, int]:
    """{"last": step, "best": step}: which checkpoints there are, `{}` for none."""
    for place in _places(folder):
        try:
            return dict(_only_facts(_manifest(place)).names)
        except (OSError, Damaged, BadRun):
            continue
    return {}


def read_checkpoint(folder: Path, name: str) -> Checkpoint:
    """What `name` means, `last` or `best`; where it is damaged, an older one with a warning.

    Raises:
        BadRun: there is none, all are damaged, or the newest is of another version of saccade.
    """
    damaged: list[str] = []
    for place in _places(folder):
        try:
            if name in _only_facts(_manifest(place)).names:
                found = _read(place, name)
                _warn(damaged, f"{place} is used")
                return found
        except (OSError, Damaged) as error:
            if not place.is_dir():  # its writer has dropped it while we looked
                return read_checkpoint(folder, name)
            damaged.append(f"the checkpoint {place} is damaged: {error}")
    why = f"{folder.parent} has no `{name}` checkpoint: the run ended before its first save"
    raise BadRun("\n".join(damaged) or why)


def recover(folder: Path) -> Checkpoint | None:
    """The newest checkpoint that is whole; newer ones are renamed to NAME.corrupt, with a warning.

    For the run's only writer.

    Raises:
        BadRun: the newest is of another version of saccade.
    """
    for place in _places(folder):
        try:
            return _read(place, "last")
        except (OSError, Damaged) as error:
            aside = place.with_name(f"{place.name}.corrupt")
            _warn([f"the checkpoint {place} is damaged: {error}"], f"it is kept as {aside.name}")
            durable.remove(aside)
            durable.move(place, aside)
    return None


def _warn(damaged: Iterable[str], instead: str) -> None:
    for why in damaged:
        warnings.warn(f"{why}; {instead}", stacklevel=3)


def drop_after(folder: Path, step: int) -> None:
    """Removes the checkpoints of later steps: a run that goes on from here comes there again."""
    _drop([path for (saved, _), path in _numbered(folder) if saved > step])


def _drop(places: Iterable[Path]) -> None:
    """Renames before it removes: half a directory never has a checkpoint's name."""
    for place in places:
        aside = durable.aside_of(place)
        durable.move(place, aside)
        durable.remove(aside)


def _fill(aside: Path, arrays: Mapping[str, Arrays], checkpoint: Checkpoint) -> None:
    hashes = {}
    durable.remove(aside)
    durable.make_directory(aside)
    for name, values in arrays.items():
        data = save({key: np.asarray(values[key], order="C") for key in sorted(values)})
        hashes[name] = hashlib.sha256(data).hexdigest()
        durable.write_bytes(aside / name, data)
    body = {"schema": SCHEMA, "step": checkpoint.step, "best_step": checkpoint.best_step}
    manifest = {**body, "files": hashes, "facts": dict(checkpoint.facts)}
    durable.write_bytes(aside / MANIFEST, _sealed(manifest))


def _sealed(body: Mapping[str, Any]) -> bytes:
    """A manifest's bytes, with the sha256 of what else it says."""
    digest = hashlib.sha256(json.dumps(body, allow_nan=False).encode()).hexdigest()
    return (json.dumps({**body, "sha256": digest}, indent=2) + "\n").encode()


def _manifest(place: Path) -> dict[str, Any]:
    """A manifest, once it is sure that every bit of it is what was written."""
    data = (place / MANIFEST).read_bytes()
    try:
        manifest: dict[str, Any] = json.loads(data)
        manifest.pop("sha256")
        whole = _sealed(manifest) == data
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        whole = False
    if not whole:
        raise Damaged(f"{MANIFEST} is not the file that was written")
    if manifest.get("schema") != SCHEMA:
        raise BadRun(
            f"{place} has schema {manifest.get('schema')}, this saccade reads {SCHEMA}: "
            f"it is another version's"
        )
    if f"{manifest['step']:06d}" != place.name.partition("-")[0]:
        raise Damaged(f"{MANIFEST} is that of step {manifest['step']:,}")
    return manifest


def _only_facts(manifest: Mapping[str, Any]) -> Checkpoint:
    return Checkpoint(manifest["step"], {}, {}, manifest["facts"], manifest["best_step"])


def _read(place: Path, name: str) -> Checkpoint:
    manifest = _manifest(place)
    known, files = _only_facts(manifest), manifest["files"]
    step = known.names[name]
    if name == "best":
        weights = _verified(place, WEIGHTS if step == known.step else BEST, files)
        return replace(known, step=step, weights=weights)
    read = {file: _verified(place, file, files) for file in files}
    return replace(known, weights=read[WEIGHTS], state=read[STATE], best=read.get(BEST, {}))


def _verified(place: Path, file: str, hashes: Mapping[str, str]) -> Arrays:
    data = (place / file).read_bytes()
    if hashlib.sha256(data).hexdigest() != hashes[file]:
        raise Damaged(f"{file} is not the file that was written (sha256 differs)")
    try:
        arrays = load(data)
    except SafetensorError as error:
        raise Damaged(f"{file}: {error}") from None
    if odd := _not_finite(arrays):
        raise Damaged(f"{odd} in {file} holds a number that is none")
    return arrays


def _not_finite(arrays: Arrays) -> str | None:
    """The name of an array with NaN or infinity in it."""
    for name, value in arrays.items():
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            return name
    return None


def _places(folder: Path) -> list[Path]:
    """The checkpoints' directories, newest first: by step, then by how often it was saved."""
    return [path for _, path in sorted(_numbered(folder), reverse=True)]


def _numbered(folder: Path) -> Iterator[tuple[tuple[int, int], Path]]:
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if found := PLACE.fullmatch(path.name):
            yield (int(found[1]), int(found[2] or 1)), path


def _next(folder: Path, step: int) -> Path:
    """A directory that is newer than all of the same step: nothing is replaced in place."""
    again = [number for (saved, number), _ in _numbered(folder) if saved == step]
    return folder / (f"{step:06d}-{max(again) + 1}" if again else f"{step:06d}")
