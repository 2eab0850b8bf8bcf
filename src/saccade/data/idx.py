"""IDX files: the format MNIST and Fashion-MNIST come in.

Two zero bytes, a type code, the rank, each dimension as a big-endian uint32, then the values in C
order (LeCun, "The MNIST database", the IDX file format).
"""

import gzip
import math
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from saccade.core.errors import BadData
from saccade.core.preprocess import Preprocess
from saccade.core.records import Split
from saccade.data.locate import locate
from saccade.data.source import Source

UNSIGNED_BYTE = 0x08
MOST_VALUES = 1 << 34


def read_official(
    name: str, classes: tuple[str, ...], checksums: Mapping[str, str], mirrors: Sequence[str]
) -> Source:
    """A data set of four files in MNIST's form, 28x28: of train, then of test.

    Raises:
        MissingFile: a file is not here and could not be downloaded.
        BadData: a file is damaged.
    """
    paths = [
        locate(name, file, checksum, [mirror + file for mirror in mirrors])
        for file, checksum in checksums.items()
    ]
    train = read_pair(paths[0], paths[1], len(classes), "train")
    test = read_pair(paths[2], paths[3], len(classes), "test")
    return Source(name, "", classes, train, None, test, Preprocess(28, 28, 1))


def read_pair(images: Path, labels: Path, classes: int, prefix: str) -> Split:
    """Grey pictures and their labels from one pair of (gzipped) IDX files.

    Raises:
        BadData: a file is not IDX, is cut short, or the two do not fit together; names the file.
    """
    pixels, targets = read_idx(images), read_idx(labels)
    if pixels.ndim != 3 or targets.ndim != 1:
        raise BadData(
            f"{images} has {pixels.ndim} dimensions and {labels} {targets.ndim}; "
            f"pictures have 3 and labels 1"
        )
    if len(pixels) != len(targets):
        raise BadData(f"{images} has {len(pixels):,} images, {labels} {len(targets):,} labels")
    if len(targets) and targets.max() >= classes:
        raise BadData(f"{labels} has a label {targets.max()}; they go from 0 to {classes - 1}")
    names = [f"{prefix}/{i}" for i in range(len(targets))]
    return Split(pixels[..., None], targets.astype(np.int32), names)


def read_idx(path: Path) -> np.ndarray:
    """The uint8 array of one file, gzipped if its name ends in .gz.

    Raises:
        BadData: the header is wrong, or there are more or fewer values than it promises.
    """
    opened = gzip.open(path) if path.suffix == ".gz" else path.open("rb")
    try:
        with opened as file:
            return _read(file, path)  # type: ignore[arg-type]  # GzipFile is an IO in all but name
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadData(f"{path} is damaged: {error}. Delete it and get it again") from None


def _read(file: IO[bytes], path: Path) -> np.ndarray:
    magic = file.read(4)
    if len(magic) < 4 or magic[:3] != bytes([0, 0, UNSIGNED_BYTE]):
        raise BadData(f"{path} is not an IDX file of bytes: it starts with {magic.hex(' ')!r}")
    header = file.read(4 * magic[3])
    if len(header) < 4 * magic[3]:
        raise BadData(f"{path} ends inside its header")
    shape = struct.unpack(f">{magic[3]}I", header)
    expected = math.prod(shape)
    if expected > MOST_VALUES:
        raise BadData(f"{path} promises {expected:,} values, which is no picture set")
    values = file.read(expected + 1)
    if len(values) != expected:
        more = "more" if len(values) > expected else f"only {len(values):,}"
        raise BadData(f"{path} promises {expected:,} values and holds {more}; get it again")
    return np.frombuffer(values, np.uint8).reshape(shape)
