"""A run's snapshots, as the page takes them."""

import math
import os
import re
import zipfile
import zlib
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from saccade.core.errors import BadRun
from saccade.run.pack import to_pack
from saccade.view.live.files import open_inside

MOST_ARRAYS, MOST_BYTES = 64, 64 << 20
NAME = re.compile(r"(\d{9,15})\.npz")
# What a file may hold, and as what it goes into a pack.
KINDS = {"u1": "u1", "i1": "i1", "u2": "u2", "i4": "i4", "f4": "f4", "i8": "i4", "f8": "f4"}
WORDS = "variables"  # the one array of texts


def snapshot_steps(run: Path) -> list[int]:
    """The steps there is a snapshot of, in order."""
    try:
        names = os.listdir(run / "snapshots")
    except OSError:
        return []
    return sorted(int(found[1]) for found in map(NAME.fullmatch, names) if found)


def snapshot_pack(run: Path, step: int) -> bytes:
    """One snapshot as a pack; its names of variables are a field of the header.

    Raises:
        FileNotFoundError: there is none of this step.
        BadRun: it is damaged, or holds more than a snapshot may.
    """
    header, arrays = snapshot_parts(run, step)
    return to_pack(arrays, **header)


def snapshot_parts(
    run: Path, step: int, names: Container[str] | None = None
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """A pack's header and arrays of one snapshot, all or those of these names.

    Raises:
        FileNotFoundError: there is none of this step.
        BadRun: it is damaged, or holds more than a snapshot may.
    """
    header: dict[str, Any] = {"step": step}
    arrays: dict[str, np.ndarray] = {}
    try:
        with open_inside(run, f"snapshots/{step:09d}.npz") as file:
            for name, array in _arrays(file, names):
                if name == WORDS:
                    header[name] = [str(word) for word in array.ravel().tolist()]
                else:
                    arrays[name] = _plain(name, array)
    except FileNotFoundError:
        raise
    except _DAMAGE as error:
        raise BadRun(f"the snapshot of step {step:,} is damaged: {error}") from None
    return header, arrays


# Whatever zipfile, zlib and numpy raise on bytes that are not theirs.
_DAMAGE = (
    ValueError,
    TypeError,
    KeyError,
    OSError,
    EOFError,
    RuntimeError,
    SyntaxError,
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
)


def _arrays(file: BinaryIO, names: Container[str] | None) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays of an npz file, none larger than its bytes: numpy would believe what it says."""
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if len(members) > MOST_ARRAYS or sum(member.file_size for member in members) > MOST_BYTES:
            raise ValueError("it holds more than a snapshot may")
        for member in members:
            name = member.filename.removesuffix(".npy")
            if names is None or name in names:
                with archive.open(member) as inside:
                    yield name, _array(inside, member.file_size)


def _array(file: Any, size: int) -> np.ndarray:
    version = npy.read_magic(file)
    if version == (1, 0):
        shape, fortran, dtype = npy.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, fortran, dtype = npy.read_array_header_2_0(file)
    else:
        raise ValueError(f"an array of format {version}")
    count = math.prod(shape)
    fits = all(0 <= side <= MOST_BYTES for side in shape) and count * dtype.itemsize <= size
    if dtype.hasobject or not fits:
        raise ValueError(f"no array of {count:,} values of {dtype} is in {size:,} bytes")
    data = file.read(count * dtype.itemsize)
    return np.frombuffer(data, dtype, count).reshape(shape, order="F" if fortran else "C")


def _plain(name: str, array: np.ndarray) -> np.ndarray:
    """As a pack has it: what is one number has the shape [1]."""
    kind = f"{array.dtype.kind}{array.dtype.itemsize}"
    if kind not in KINDS:
        raise ValueError(f"`{name}` is {array.dtype}")
    if kind == "i8" and array.size and np.abs(array).max() >= 1 << 31:
        raise ValueError(f"`{name}` is too large")
    return np.atleast_1d(array).astype(KINDS[kind])
