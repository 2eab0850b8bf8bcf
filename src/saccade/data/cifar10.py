"""CIFAR-10: 50,000 + 10,000 photographs, 32x32 RGB. Krizhevsky 2009. Three forms, one folder.

cifar10                 the official binary archive, or its files unpacked
cifar10-jpeg            all of it as JPEG: lossy, so never taken for the original
cifar10-lossless-5000   the first 4,000 + 1,000 pictures, exact
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from saccade.core.decode import decode
from saccade.core.errors import BadData, MissingFile
from saccade.core.preprocess import Preprocess
from saccade.core.records import Split
from saccade.data.folder import list_folder
from saccade.data.listing import Found, Listing
from saccade.data.locate import data_folders, find, locate
from saccade.data.place import Place, open_place
from saccade.data.source import Source

FOLDER = "cifar10"
CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
SIDE = 32
BINARY = "cifar-10-binary.tar.gz"
# As Krizhevsky's page publishes it.
BINARY_CHECKSUMS = {BINARY: "md5:c32a1d4ab5d03f1284b67883e8d87530"}
BINARY_MIRRORS = ("https://www.cs.toronto.edu/~kriz/",)
TRAIN_FILES = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
TEST_FILES = ("test_batch.bin",)

# Conversions by others: nobody has published sums for them.
JPEG = "cifar10-jpg.tar.gz"
TRAIN_LABELS = "cifar10_train_labels_original_order.npy"
TEST_LABELS = "cifar10_test_labels_original_order.npy"
JPEG_FILES = dict.fromkeys((JPEG, TRAIN_LABELS, TEST_LABELS), "")
SHEETS = tuple(f"cifar10-lossless5000/cifar10_batch_{i}.png" for i in (0, 1, 2, 3, 50))
LOSSLESS_FILES = dict.fromkeys((*SHEETS, TRAIN_LABELS, TEST_LABELS), "")
A_SHEET = 1000


def read_binary() -> Source:
    """The official pictures, from the binary archive or its unpacked files.

    Raises:
        MissingFile: they are not here and could not be downloaded.
        BadData: a file is damaged, or only the python files (pickles) are here.
    """
    place = unpacked() if find(FOLDER, BINARY) is None else None
    if place is None:
        _refuse_pickles()
        urls = [mirror + BINARY for mirror in BINARY_MIRRORS]
        try:
            path = locate(FOLDER, BINARY, BINARY_CHECKSUMS[BINARY], urls)
        except MissingFile as error:
            here = [
                name
                for name, file in (("cifar10-jpeg", JPEG), ("cifar10-lossless-5000", SHEETS[0]))
                if find(FOLDER, file) is not None
            ]
            hint = f". Here are, as sets of their own: {', '.join(here)}" if here else ""
            raise MissingFile(f"{error}{hint}") from None
        place = open_place(path)
    train, test = (
        _joined([_batch(place, file) for file in files], part)
        for files, part in ((TRAIN_FILES, "train"), (TEST_FILES, "test"))
    )
    return Source("cifar10", "", CLASSES, train, None, test, Preprocess(SIDE, SIDE, 3))


def list_jpeg() -> Listing:
    """The JPEG conversion, in the original order.

    Raises:
        MissingFile: a file is not here.
        BadData: the archive is damaged, or does not hold what the labels say.
    """
    archive, *label_files = (locate(FOLDER, file, "", ()) for file in JPEG_FILES)
    listing = list_folder(open_place(archive), "cifar10-jpeg")
    by_path = {one.path: one for one in listing.found}
    found: list[Found] = []
    for part, file in zip(("train", "test"), label_files, strict=True):
        seen = [0] * len(CLASSES)
        for label in _labels(file):
            path = f"{part}/{CLASSES[label]}/{seen[label]:04d}.jpg"
            seen[label] += 1
            if path not in by_path:
                raise BadData(f"{archive} lacks {path}, which {file.name} names; get it again")
            found.append(by_path[path])
    return Listing("cifar10-jpeg", "a lossy JPEG copy", found, CLASSES, listing.excluded)


def read_lossless() -> Source:
    """The first 4,000 training and 1,000 test pictures, from sheets of one picture a row.

    Raises:
        MissingFile: a file is not here.
        BadData: a sheet is damaged.
    """
    *sheets, train_labels, test_labels = (locate(FOLDER, file, "", ()) for file in LOSSLESS_FILES)
    pixels = [_sheet(path) for path in sheets]
    parts = []
    for part, arrays, file in (
        ("train", pixels[:-1], train_labels),
        ("test", pixels[-1:], test_labels),
    ):
        stacked = np.concatenate(arrays)
        labels = _labels(file)[: len(stacked)].astype(np.int32)
        parts.append(Split(stacked, labels, [f"{part}/{i}" for i in range(len(stacked))]))
    rule = Preprocess(SIDE, SIDE, 3)
    how = "the first 5,000 pictures"
    return Source("cifar10-lossless-5000", how, CLASSES, parts[0], None, parts[1], rule)


def unpacked() -> Place | None:
    """The folder that holds all binary files, if there is one."""
    for folder in data_folders(FOLDER):
        for inner in (folder, folder / "cifar-10-batches-bin"):
            if all((inner / file).is_file() for file in (*TRAIN_FILES, *TEST_FILES)):
                return open_place(inner)
    return None


def _refuse_pickles() -> None:
    for folder in data_folders(FOLDER):
        for name in ("cifar-10-python.tar.gz", "cifar-10-batches-py", "data_batch_1"):
            if (folder / name).exists():
                raise BadData(
                    f"{folder / name} is CIFAR-10 as python pickles, which can run code when they "
                    f"are read, so they never are. Put the binary archive {BINARY} "
                    f"({BINARY_CHECKSUMS[BINARY]}, {BINARY_MIRRORS[0]}{BINARY}) beside it"
                )


def _batch(place: Place, file: str) -> tuple[np.ndarray, np.ndarray]:
    """One file: of each picture its label, then its red, green and blue planes, row by row."""
    path = next((p for p in place.entries() if p.split("/")[-1] == file), None)
    if path is None:
        raise BadData(f"{place.where} has no {file}; get it again")
    try:
        data = np.frombuffer(place.read(path), np.uint8)
    except BadData as error:
        raise BadData(f"{place.where}/{path}: {error}") from None
    size = 1 + 3 * SIDE * SIDE
    if not len(data) or len(data) % size:
        raise BadData(
            f"{place.where}/{path} has {len(data):,} bytes, no multiple of {size:,}; get it again"
        )
    records = data.reshape(-1, size)
    if records[:, 0].max() >= len(CLASSES):
        raise BadData(f"{place.where}/{path} has a label {records[:, 0].max()}; they go to 9")
    planes = records[:, 1:].reshape(-1, 3, SIDE, SIDE)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), records[:, 0].astype(np.int32)


def _joined(batches: Sequence[tuple[np.ndarray, np.ndarray]], part: str) -> Split:
    pixels, labels = (np.concatenate(arrays) for arrays in zip(*batches, strict=True))
    return Split(pixels, labels, [f"{part}/{i}" for i in range(len(labels))])


def _sheet(path: Path) -> np.ndarray:
    try:
        pixels = decode(path.read_bytes())
    except BadData as error:
        raise BadData(f"{path}: {error}") from None
    if pixels.shape != (A_SHEET, SIDE * SIDE, 3):
        raise BadData(f"{path} is {pixels.shape}; a sheet is {(A_SHEET, SIDE * SIDE, 3)}")
    return pixels.reshape(A_SHEET, SIDE, SIDE, 3)


def _labels(path: Path) -> np.ndarray:
    try:
        labels: np.ndarray = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise BadData(f"{path} is damaged: {error}") from None
    if labels.dtype != np.uint8 or labels.ndim != 1 or labels.max() >= len(CLASSES):
        raise BadData(f"{path} holds no labels from 0 to 9")
    return labels
