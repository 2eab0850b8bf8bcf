"""A bundle, ready to answer."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

from saccade.bundle import files
from saccade.bundle.model import Model
from saccade.core.answerer import Answerer
from saccade.core.calibration import Calibration, identity
from saccade.core.decode import read_header
from saccade.core.errors import BadBundle, BadData, BadUsage
from saccade.core.preprocess import Preprocess

# How far a probability may be from the network's: other processors round otherwise.
TOLERANCE = 1e-4
# Golden pictures that may be there, and what they may have in all: more takes long to read.
MOST_GOLDEN, MOST_GOLDEN_PIXELS = 64, 100_000_000
# The files that an answer is made with.
ANSWERS = (files.MODEL, files.PREPROCESS, files.CLASSES, files.CALIBRATION)


@dataclass(frozen=True, eq=False)
class Bundle:
    """What answers for pictures; `manifest` says where it came from.

    `fingerprint` is the sha256 of its network.
    """

    path: Path
    manifest: Mapping[str, Any]
    classes: tuple[str, ...]
    preprocess: Preprocess
    calibration: Calibration
    model: Model

    @property
    def fingerprint(self) -> str:
        """The sha256 of its network's file."""
        return str(self.manifest["files"][files.MODEL]["sha256"])

    def answer(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """uint8 [n, height, width, channels] -> (probabilities, raw logits), float32 [n, classes].

        Pixels are as `preprocess.read` makes them. Decisions are `calibration`'s, of the logits.

        Raises:
            BadBundle: the network can't be run.
        """
        return self.model.answer(pixels)

    @property
    def answerer(self) -> Answerer:
        """What `saccade predict` asks, as it asks a run."""
        told = {name: each["sha256"] for name, each in self.manifest["files"].items()}
        asked = [told[name] for name in ANSWERS], version("onnxruntime")
        calibrated = self.calibration != identity(len(self.classes))
        return Answerer(
            self.preprocess,
            self.classes,
            self.logits,
            hashlib.sha256(json.dumps(asked).encode()).hexdigest(),
            self.model.together,
            self.calibration if calibrated else None,
        )

    def logits(self, pixels: np.ndarray) -> np.ndarray:
        """uint8 [n, height, width, channels] -> raw logits, float32 [n, classes].

        Raises:
            BadBundle: the network can't be run.
        """
        return self.model.answer(pixels)[1]


def is_bundle(path: Path) -> bool:
    """Whether it looks like one: a .zip, or a folder with a manifest and a network."""
    if path.is_dir():
        return (path / files.MANIFEST).is_file() and (path / files.MODEL).is_file()
    return path.suffix == ".zip" and path.is_file()


def open_bundle(path: str | Path, threads: int | None = None, sha256: str | None = None) -> Bundle:
    """Reads and verifies a bundle, a directory or a .zip, and asks it for its golden pictures.

    `threads` is how many compute, by default as many as this process may use. With `sha256`, in
    hex, it must be the bundle whose manifest has that one.

    Raises:
        BadBundle: it is none, or not what was exported; says which file, and why.

    >>> open_bundle("no-such-bundle.zip")
    Traceback (most recent call last):
    saccade.core.errors.BadBundle: there is no bundle no-such-bundle.zip
    """
    path = Path(path)
    manifest, read = files.read_files(path, sha256)
    classes = _classes(path, read)
    preprocess, calibration = _preprocess(path, read), _calibration(path, read)
    model = Model(read[files.MODEL], threads)
    rule = (preprocess.height, preprocess.width, preprocess.channels)
    if rule != model.shape or not len(classes) == model.classes == calibration.classes:
        raise BadBundle(
            f"{path}: the network takes pictures {model.shape} and gives {model.classes} classes, "
            f"what stands beside it says {rule} and {len(classes)}"
        )
    bundle = Bundle(path, manifest, classes, preprocess, calibration, model)
    pictures, expected = golden_of(path, read[files.GOLDEN], len(classes))
    difference = golden_difference(bundle, pictures, expected)
    if not difference <= TOLERANCE:
        raise BadBundle(
            f"{path} does not answer here as it did where it was exported: on its golden pictures "
            f"a probability differs by {difference:.2g}, at most {TOLERANCE:g} is right"
        )
    return bundle


def golden_difference(bundle: Bundle, pictures: Sequence[bytes], expected: np.ndarray) -> float:
    """The largest difference of a probability on picture files whose answers are known.

    Raises:
        BadBundle: a picture can't be read, or they are too large.
    """
    try:
        headers = [read_header(picture) for picture in pictures]
        if sum(header.height * header.width for header in headers) > MOST_GOLDEN_PIXELS:
            raise BadBundle(
                f"{bundle.path}: {files.GOLDEN} holds over {MOST_GOLDEN_PIXELS:,} pixels"
            )
        pixels = np.stack([bundle.preprocess.read(picture) for picture in pictures])
    except BadData as error:
        raise BadBundle(f"{bundle.path}: a golden picture can't be read: {error}") from None
    probabilities, _ = bundle.answer(pixels)
    return float(np.abs(probabilities - expected).max())


def golden_of(path: Path, data: bytes, classes: int) -> tuple[list[bytes], np.ndarray]:
    """Picture files, and the probabilities that are right for them, float32 [n, classes].

    Raises:
        BadBundle: the file holds something else.
    """
    try:
        arrays = load(data)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise BadBundle(f"{path}: {files.GOLDEN} can't be read: {error}") from None
    expected = arrays.pop("probabilities", np.empty(0))
    names = [f"picture-{i}" for i in range(len(arrays))]
    right = set(arrays) == set(names) and 0 < len(names) <= MOST_GOLDEN
    if not right or expected.shape != (len(names), classes) or expected.dtype != np.float32:
        raise BadBundle(f"{path}: {files.GOLDEN} holds no golden pictures")
    if not ((expected >= 0) & (expected <= 1)).all():  # what is no number is not in between
        raise BadBundle(f"{path}: {files.GOLDEN} holds probabilities that are none")
    if any(arrays[name].dtype != np.uint8 or arrays[name].ndim != 1 for name in names):
        raise BadBundle(f"{path}: {files.GOLDEN} holds something that is no file's bytes")
    return [arrays[name].tobytes() for name in names], expected


def _classes(path: Path, read: Mapping[str, bytes]) -> tuple[str, ...]:
    names = files.parsed(path, files.CLASSES, read[files.CLASSES])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadBundle(f"{path}: {files.CLASSES} is a list of names")
    if len(set(names)) != len(names):
        raise BadBundle(f"{path}: {files.CLASSES} names a class twice")
    return tuple(names)


def _preprocess(path: Path, read: Mapping[str, bytes]) -> Preprocess:
    told = files.parsed(path, files.PREPROCESS, read[files.PREPROCESS])
    try:
        if not all(type(told[name]) is int for name in ("height", "width", "channels")):
            raise TypeError("height, width and channels are whole numbers")
        return Preprocess.from_json(told)
    except (BadUsage, TypeError, KeyError, ValueError, AttributeError) as error:
        raise BadBundle(f"{path}: {files.PREPROCESS}: {str(error)[:200]}") from None


def _calibration(path: Path, read: Mapping[str, bytes]) -> Calibration:
    told = files.parsed(path, files.CALIBRATION, read[files.CALIBRATION])
    try:
        return Calibration.from_json(told)
    except BadData as error:
        raise BadBundle(f"{path}: {files.CALIBRATION}: {error}") from None
