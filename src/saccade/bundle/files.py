"""The files of a bundle: which there may be, how large, and that they are what was written."""

import errno
import hashlib
import json
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from saccade.core.errors import BadBundle

SCHEMA = 1
MANIFEST, MODEL, PREPROCESS, CLASSES = (
    "manifest.json",
    "model.onnx",
    "preprocess.json",
    "classes.json",
)
CALIBRATION, GOLDEN, CARD = "calibration.json", "golden.safetensors", "README.md"
MATERIALS = "materials.json"
# Each by name, with the most bytes it may have. ONNX's own limit is 2 GiB.
LIMITS: Mapping[str, int] = {
    MODEL: (2 << 30) - 1,
    PREPROCESS: 1 << 16,
    CLASSES: 16 << 20,
    CALIBRATION: 16 << 20,
    GOLDEN: 256 << 20,
    CARD: 1 << 20,
    MATERIALS: 4 << 20,
}
MOST_MANIFEST = 1 << 16
# Weights hardly shrink; what shrinks so much more is there to fill somebody's memory.
MOST_SHRUNK, SMALL = 100, 1 << 20
# What a damaged .zip ends in: names that are no text, sizes below zero, a stream that is none.
UNZIPPING = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    EOFError,
    RuntimeError,
    ValueError,
)

# (name, most bytes) -> the file's bytes; FileNotFoundError where it is not.
Reader = Callable[[str, int], bytes]


def manifest_of(files: Mapping[str, bytes], told: Mapping[str, Any]) -> bytes:
    """The manifest of these files; `told` is what else it says."""
    listed = {
        name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in sorted(files.items())
    }
    return (json.dumps({"schema": SCHEMA, **told, "files": listed}, indent=2) + "\n").encode()


def read_files(path: Path, sha256: str | None = None) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest of a bundle and its files, each of the size and sha256 that it says.

    Sizes are looked at before anything is read. No other file is opened, and no link followed.
    With `sha256`, in hex, the manifest must have that one, and so no file can be another.

    Raises:
        BadBundle: there is none, a file is missing, is another, or is too large.
    """
    try:
        if path.is_dir():
            return _read(path, sha256, lambda name, most: _from_directory(path, name, most))
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for without end
            raise BadBundle(f"{path} is no bundle: neither a directory nor a file")
        with zipfile.ZipFile(path) as archive:
            return _read(path, sha256, lambda name, most: _from_archive(archive, name, most))
    except FileNotFoundError:
        raise BadBundle(f"there is no bundle {path}") from None
    except OSError as error:
        raise BadBundle(f"{path} can't be read: {error.strerror or error}") from None
    except UNZIPPING as error:
        raise BadBundle(f"{path} is no bundle: {error or 'a damaged .zip'}") from None


def _read(path: Path, sha256: str | None, read: Reader) -> tuple[dict[str, Any], dict[str, bytes]]:
    try:
        data = read(MANIFEST, MOST_MANIFEST)
    except FileNotFoundError:
        raise BadBundle(f"{path} is no bundle: it has no {MANIFEST}") from None
    found = hashlib.sha256(data).hexdigest()
    if sha256 is not None and found != sha256:
        raise BadBundle(f"{path}: the sha256 of {MANIFEST} is {found}, expected {sha256}")
    manifest = _checked(path, data)
    files = {}
    for name, told in manifest["files"].items():
        try:
            data = read(name, told["bytes"])
        except FileNotFoundError:
            raise BadBundle(f"{path} lacks {name}") from None
        if len(data) != told["bytes"] or hashlib.sha256(data).hexdigest() != told["sha256"]:
            raise BadBundle(f"{path}: {name} is not the file that was exported")
        files[name] = data
    return manifest, files


def _checked(path: Path, data: bytes) -> dict[str, Any]:
    """A manifest that says what one must say, and no more files than there may be."""
    manifest = parsed(path, MANIFEST, data)
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise BadBundle(f"{path}: {MANIFEST} does not say what is in the bundle")
    if manifest.get("schema") != SCHEMA:
        raise BadBundle(
            f"{path} is a bundle of schema {str(manifest.get('schema'))[:20]}, this saccade reads "
            f"{SCHEMA}: it is another version's"
        )
    listed = manifest["files"]
    if set(listed) != set(LIMITS):
        odd = ", ".join(sorted(map(str, set(listed) ^ set(LIMITS))))[:200]
        raise BadBundle(f"{path}: {MANIFEST} lists too much or too little: {odd}")
    for name, told in listed.items():
        size = told.get("bytes") if isinstance(told, dict) else None
        if type(size) is not int or not isinstance(told.get("sha256"), str):
            raise BadBundle(f"{path}: {MANIFEST} does not say how large {name} is")
        if not 0 <= size <= LIMITS[name]:
            raise BadBundle(f"{path}: {name} of {size:,} bytes, at most {LIMITS[name]:,} are read")
    return manifest


def parsed(path: Path, name: str, data: bytes) -> Any:
    """A JSON file's value.

    Raises:
        BadBundle: it is no JSON.
    """
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadBundle(f"{path}: {name} can't be read: {error}") from None


def _from_directory(folder: Path, name: str, most: int) -> bytes:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(folder / name, flags | getattr(os, "O_BINARY", 0))
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise BadBundle(f"{folder}: {name} is a link; a bundle's files lie in it") from None
        raise
    try:
        told = os.fstat(descriptor)
        if not stat.S_ISREG(told.st_mode):
            raise BadBundle(f"{folder}: {name} is no plain file")
        if told.st_size > most:
            raise BadBundle(f"{folder}: {name} has {told.st_size:,} bytes, expected {most:,}")
        with os.fdopen(descriptor, "rb", closefd=False) as file:  # it takes no directory
            return file.read(most + 1)
    finally:
        os.close(descriptor)


def _from_archive(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    try:
        told = archive.getinfo(name)
    except KeyError:
        raise FileNotFoundError(name) from None
    if told.file_size > most:
        raise BadBundle(f"{archive.filename}: {name} has {told.file_size:,} bytes, not {most:,}")
    if told.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BadBundle(f"{archive.filename}: {name} is neither stored nor deflated")
    if told.file_size > max(SMALL, MOST_SHRUNK * told.compress_size):
        raise BadBundle(
            f"{archive.filename}: {name} would grow from {told.compress_size:,} bytes to "
            f"{told.file_size:,}"
        )
    with archive.open(told) as file:
        return file.read(most + 1)
