"""What a network's frozen layers make of pictures: computed once, and kept for the next run.

    ~/.cache/saccade/features/KEY/NAME/     digests.npy, values.npy

KEY is made of the layers, their weights, how pixels are scaled and what computes (a GPU rounds
otherwise than a CPU, one JAX otherwise than another). A picture is known again by its pixels, so a
run with other pictures, another split or fewer labels finds what there is. What is new is written
aside and renamed. The least used go when all together are too large.
"""

import hashlib
import json
import math
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from saccade.core.cache import cache_folder
from saccade.core.preprocess import Preprocess
from saccade.core.room import reserve
from saccade.core.rows import Rows
from saccade.models.graph import Node
from saccade.run.events import Prepared

VERSION = 2
DIGEST_BYTES = 16
TOGETHER = 100  # pictures
MOST_BYTES = 4 << 30
HALF_WRITTEN_SECONDS = 86_400  # nobody writes for longer

# uint8 [n, height, width, channels] -> float32 [n, ...]
Compute = Callable[[np.ndarray], np.ndarray]


def key_of(
    nodes: Sequence[Node],
    weights: Mapping[str, np.ndarray],
    preprocess: Preprocess,
    computed_by: str,
) -> str:
    """A name for what layers do with these weights, where `computed_by` says how it is rounded."""
    told = hashlib.blake2b(digest_size=DIGEST_BYTES)
    scaling = preprocess.to_json()
    told.update(json.dumps([VERSION, computed_by, scaling["scale"], scaling["offset"]]).encode())
    for node in nodes:
        config = {key: value for key, value in node.layer.get_config().items() if key != "name"}
        place = [node.name, node.inputs, node.input_shape]
        told.update(json.dumps([*place, config], default=str).encode())
        for name, _ in node.weights:
            told.update(np.ascontiguousarray(weights[name]).tobytes())
    return told.hexdigest()


@dataclass(frozen=True, eq=False)
class Features:
    """Values float32 [n, *shape] of pictures, by `compute` or from the folder `key`."""

    key: str
    shape: tuple[int, ...]
    compute: Compute

    def of(
        self, pixels: np.ndarray | Rows, name: str = ""
    ) -> Generator[Prepared, None, np.ndarray]:
        """Tells how many pictures of the split `name` are done; returns values, a map of a file."""
        digests = np.concatenate([*_digests(pixels)]) if len(pixels) else np.empty(0, _Digest)
        kept = self._kept()
        values = _temporary((len(pixels), *self.shape))
        new = []
        for row, digest in enumerate(digests.tolist()):
            if digest in kept:
                segment, there = kept[digest]
                values[row] = segment[there]
            else:
                new.append(row)
        done = len(pixels) - len(new)
        for start in range(0, len(new), TOGETHER):
            rows = np.array(new[start : start + TOGETHER])
            values[rows] = self.compute(pixels[rows])
            done += len(rows)
            yield Prepared(name, done, len(pixels))
        if new and values[new].nbytes <= MOST_BYTES:
            with suppress(OSError):  # a full disk costs only that they are computed again
                self._keep(digests[new], values[new])
        return values

    @property
    def _folder(self) -> Path:
        return cache_folder() / "features" / self.key

    def _kept(self) -> dict[bytes, tuple[np.ndarray, int]]:
        """Where each picture's values are, of earlier runs."""
        found = {}
        for segment in sorted(self._folder.glob("[!.]*")):
            try:
                digests = np.load(segment / "digests.npy", allow_pickle=False)
                values = np.load(segment / "values.npy", mmap_mode="r", allow_pickle=False)
                whole = (values.dtype, values.shape) == (np.float32, (len(digests), *self.shape))
                if not whole or digests.dtype != _Digest:
                    raise ValueError("another network's")
                os.utime(segment)
            except (OSError, ValueError, EOFError):
                shutil.rmtree(segment, ignore_errors=True)  # it is computed again
                continue
            found.update({name: (values, row) for row, name in enumerate(digests.tolist())})
        return found

    def _keep(self, digests: np.ndarray, values: np.ndarray) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".", dir=self._folder))
        try:
            for name, array in (("digests", digests), ("values", values)):
                with (aside / f"{name}.npy").open("wb") as file:
                    np.save(file, array, allow_pickle=False)
                    file.flush()
                    os.fsync(file.fileno())
            aside.rename(self._folder / aside.name.lstrip("."))
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        _forget_least_used()


_Digest = np.dtype(("V", DIGEST_BYTES))


def _digests(pixels: np.ndarray | Rows) -> Iterator[np.ndarray]:
    for start in range(0, len(pixels), TOGETHER):
        block = pixels[start : start + TOGETHER]
        each = [hashlib.blake2b(one.tobytes(), digest_size=DIGEST_BYTES).digest() for one in block]
        yield np.array(each, _Digest)


def _temporary(shape: tuple[int, ...]) -> np.ndarray:
    """On disk, in a file that is gone when nobody uses it any more."""
    if not shape[0]:
        return np.empty(shape, np.float32)
    with tempfile.TemporaryFile(prefix="saccade-") as file:
        reserve(file, 4 * math.prod(shape))
        return np.memmap(file, np.float32, "r+", shape=shape)


def _forget_least_used() -> None:
    """And what a process that was killed has left half written."""
    for aside in (cache_folder() / "features").glob("*/.*"):
        if aside.stat().st_mtime < time.time() - HALF_WRITTEN_SECONDS:
            shutil.rmtree(aside, ignore_errors=True)
    total = 0
    segments = (cache_folder() / "features").glob("*/[!.]*")
    for used in sorted(segments, key=lambda path: path.stat().st_mtime, reverse=True):
        total += sum(file.stat().st_size for file in used.iterdir())
        if total > MOST_BYTES:
            shutil.rmtree(used, ignore_errors=True)
