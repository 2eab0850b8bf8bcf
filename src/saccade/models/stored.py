"""The arrays of a weights file: .safetensors, .npz, .h5. Nothing in the file is executed.

A file is taken for hostile: shapes are known before anything of their size is read, no pickle is
loaded, no link out of an HDF5 file is followed.
"""

import io
import itertools
import math
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from safetensors import safe_open

from saccade.core.errors import BadData, MissingFile, SaccadeError

# No header or list of names of a real network is as long, in bytes; nor its groups as deep.
LONGEST, DEEPEST = 1 << 20, 10


class Unfit(Exception):
    """What a file holds is not what a weights file may hold."""


@dataclass(frozen=True, eq=False)
class Stored:
    """An array that lies in an open file."""

    shape: tuple[int, ...]
    read: Callable[[], np.ndarray]


@dataclass(frozen=True, eq=False)
class Contents:
    """What a file holds, by `layer/variable`, in the file's order.

    `by_order`: names mean nothing, arrays lie in the order of Keras' layers. `numbered`: a
    variable is its number in the layer. `by_kind`: a layer is its class and a count, `conv2d_3`, in
    the order of Keras' layers.
    """

    arrays: dict[str, Stored]
    by_order: bool = False
    numbered: bool = False
    by_kind: bool = False


@contextmanager
def opened(path: Path) -> Iterator[Contents]:
    """The arrays of a file, to be read inside.

    Raises:
        MissingFile: there is no such file.
        BadData: it is damaged, or is not what its name says.
    """
    if not path.is_file():
        raise MissingFile(f"there is no file {path}")
    reader = READERS.get(path.suffix)
    if reader is None:
        raise BadData(f"{path} is no weights file, expected one of {', '.join(READERS)}")
    try:
        with reader(path) as contents:
            yield contents
    except SaccadeError:
        raise
    except Exception as error:  # whatever a reader raises at a damaged file
        said = str(error) if isinstance(error, Unfit) else f"{type(error).__name__}: {error}"
        said = said.partition("\n")[0][:160]
        raise BadData(f"{path} can't be read as {path.suffix} weights: {said}") from error


@contextmanager
def _safetensors(path: Path) -> Iterator[Contents]:
    with safe_open(path, framework="numpy") as file:
        yield Contents({name: _tensor(file, name) for name in file.keys()})


def _tensor(file: Any, name: str) -> Stored:
    return Stored(tuple(file.get_slice(name).get_shape()), lambda: file.get_tensor(name))


@contextmanager
def _npz(path: Path) -> Iterator[Contents]:
    with zipfile.ZipFile(path) as archive:
        arrays = {}
        for member in archive.namelist():
            name = member.removesuffix(".npy")
            stored = _npy(archive, member)
            if caffe := re.fullmatch(r"([^/]+)_([wb])", name):
                name = f"{caffe[1]}/{'kernel' if caffe[2] == 'w' else 'bias'}"
                stored = _channels_last(stored)
            arrays[name] = stored
        yield Contents(arrays)


def _npy(archive: zipfile.ZipFile, member: str) -> Stored:
    with archive.open(member) as file:
        start = io.BytesIO(file.read(LONGEST))
    header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[np.lib.format.read_magic(start)]
    shape, _, dtype = header(start)
    _check_numbers(member, dtype)

    def read() -> np.ndarray:
        with archive.open(member) as file:
            return np.asarray(np.lib.format.read_array(file, allow_pickle=False))

    return Stored(shape, read)


def _channels_last(stored: Stored) -> Stored:
    """Caffe's kernels, (out, in, height, width), as Keras has them: (height, width, in, out)."""
    if len(stored.shape) != 4:
        return stored
    out, in_, height, width = stored.shape
    return Stored((height, width, in_, out), lambda: stored.read().transpose(2, 3, 1, 0))


@contextmanager
def _hdf5(path: Path) -> Iterator[Contents]:
    with h5py.File(path, "r") as file:
        root = _inside(file, "model_weights") if "model_weights" in file else file
        if _words(root, "layer_names"):
            yield Contents(_keras_2(root), by_order=True)
            return
        layers = list(_keras_3(root, "", set()))
        if not layers:
            raise Unfit("it holds no layers as Keras writes them")
        named = all(name for _, name, _ in layers)
        yield Contents(
            {
                f"{name if named else key}/{number}": stored
                for key, name, variables in layers
                for number, stored in enumerate(variables)
            },
            numbered=True,
            by_kind=not named,
        )


def _keras_2(root: Any) -> dict[str, Stored]:
    """Groups `layer` with `layer/variable:0` inside, in the order of two lists of names."""
    arrays = {}
    for layer in _words(root, "layer_names"):
        group = _inside(root, layer)
        for variable in _words(group, "weight_names"):
            arrays[f"{layer}/{variable}"] = _dataset(_inside(group, variable))
    return arrays


def _keras_3(
    group: Any, key: str, seen: set[Any], deep: int = 0
) -> Iterator[tuple[str, str, list[Stored]]]:
    """Every layer below: its key `conv2d_3`, its name ("" where none is kept), its variables."""
    place = h5py.h5o.get_info(group.id).addr
    if place in seen or deep > DEEPEST:
        return
    seen.add(place)
    for name in group:
        inside = _inside(group, name)
        if not isinstance(inside, h5py.Group):
            continue
        if name != "vars":
            yield from _keras_3(inside, name, seen, deep + 1)
        elif variables := [_dataset(_inside(inside, str(i))) for i in range(len(inside))]:
            yield key, "".join(_words(inside, "name")), variables


def _inside(group: Any, path: str) -> Any:
    """A member of this very file: neither a link out of it nor a soft one is followed."""
    for name in filter(None, path.split("/")):
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise Unfit(f"`{path}` is not there, or is a link")
        group = group[name]
    return group


def _dataset(dataset: Any) -> Stored:
    if not isinstance(dataset, h5py.Dataset) or dataset.external or dataset.is_virtual:
        raise Unfit(f"`{dataset.name}` is no array in this file")
    _check_numbers(dataset.name, dataset.dtype)
    return Stored(dataset.shape, lambda: np.asarray(dataset[()]))


def _words(group: Any, attribute: str) -> list[str]:
    """An attribute's text or texts; Keras cuts long lists into `weight_names0`, `weight_names1`."""
    parts = (f"{attribute}{i}" for i in itertools.count())
    whole = attribute in group.attrs
    names = [attribute] if whole else itertools.takewhile(group.attrs.__contains__, parts)
    words: list[str] = []
    for name in names:
        kept = group.attrs.get_id(name)
        if 0 in kept.shape:  # an empty list has some type or other
            continue
        if kept.dtype.kind not in "SO" or math.prod(kept.shape) * kept.dtype.itemsize > LONGEST:
            raise Unfit(f"`{name}` is no list of names")
        for word in np.atleast_1d(group.attrs[name]):
            words.append(word.decode() if isinstance(word, bytes) else str(word))
    return words


def _check_numbers(name: str, dtype: np.dtype) -> None:
    if dtype.kind not in "fi":
        raise Unfit(f"`{name}` holds {dtype}, expected numbers")


READERS = {".safetensors": _safetensors, ".npz": _npz, ".h5": _hdf5}
