"""A folder of class folders, with or without split folders above them.

photos/cat/1.jpg                          flat: split 80/10/10
photos/train/cat/1.jpg, photos/test/...   given: a test split is kept, validation too
"""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from saccade.core.decode import SUFFIXES, Header, read_file, read_header
from saccade.core.errors import BadData
from saccade.core.preprocess import Preprocess
from saccade.core.records import Excluded, Split
from saccade.data.source import Source

Progress = Callable[[int, int], None]
Part = Literal["train", "validation", "test"]

# Spelled as peers spell them; read without regard to case.
SPLIT_NAMES: dict[str, Part] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
}
SMALL, DEFAULT_SIZE = 32, 96
MAX_BYTES = 8 << 30


@dataclass(frozen=True)
class Found:
    """A picture file: where it is, what it is part of, the class its folder names."""

    path: Path
    part: Part
    label: str


def read_folder(
    root: Path,
    *,
    image_size: int | None,
    fit: Literal["crop", "stretch"],
    progress: Progress,
) -> Source:
    """Every picture below `root`, decoded and brought to one size.

    Raises:
        BadData: no such folder, no pictures, no class folders, or a class without one that can be
            read. A file that can't be read is left out, never replaced, and listed in `excluded`.
    """
    found, ignored = _scan(root)
    classes = tuple(sorted({file.label for file in found}))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        headers = list(pool.map(lambda file: _header(file.path), found))
        good = [header for header in headers if isinstance(header, Header)]
        if not good:
            raise BadData(
                f"none of the {len(found):,} pictures in {root} can be read: {headers[0]}"
            )
        preprocess = _choose(good, image_size, fit)
        _check_memory(len(found), preprocess)
        pixels: list[np.ndarray | str] = []
        for one in pool.map(lambda file: _pixels(file.path, preprocess), found):
            pixels.append(one)
            progress(len(pixels), len(found))
    bad = tuple(
        Excluded(_relative(file.path, root), picture)
        for file, picture in zip(found, pixels, strict=True)
        if isinstance(picture, str)
    )
    kept = [(f, p) for f, p in zip(found, pixels, strict=True) if isinstance(p, np.ndarray)]
    _check_classes(classes, kept, bad)
    train, validation, test = (
        _split([(f, p) for f, p in kept if f.part == part], classes, root)
        for part in ("train", "validation", "test")
    )
    for part, split in (("train", train), ("validation", validation), ("test", test)):
        if split is None and any(file.part == part for file in found):
            raise BadData(
                f"no {part} picture in {root} can be read ({bad[0].path}: {bad[0].reason})"
            )
    if train is None:
        raise BadData(f"{root} has no picture to train on")
    flat = all(file.part == "train" for file in found)
    how = f"{'flat' if flat else 'split and'} class folders{ignored}"
    return Source(root.resolve().name, how, classes, train, validation, test, preprocess, bad)


def _scan(root: Path) -> tuple[list[Found], str]:
    """Every picture file in a fixed order, and a note of what else was there."""
    if not root.exists():
        raise BadData(f"there is no folder {root}")
    if not root.is_dir():
        raise BadData(f"{root} is a file; a folder of class folders is expected")
    top = _folders(root)
    splits = {folder: SPLIT_NAMES.get(folder.name.lower()) for folder in top}
    if "train" not in splits.values():
        parts: list[tuple[Path, Part]] = [(root, "train")]
    else:
        strangers = [folder.name for folder, part in splits.items() if part is None]
        if strangers:
            raise BadData(
                f"{root} has split folders beside others ({', '.join(strangers[:3])}): "
                f"either class folders, or train/, validation/ and test/ with class folders in them"
            )
        parts = [(folder, part) for folder, part in splits.items() if part is not None]
    found = [file for folder, part in parts for file in _class_files(folder, part)]
    if not found:
        raise BadData(
            f"{root} has no class folders with pictures. Expected {root}/CLASS/PICTURE.jpg, "
            f"or {root}/train/CLASS/PICTURE.jpg. Formats: {' '.join(s[1:] for s in SUFFIXES)}"
        )
    pictures = {file.path for file in found}
    others = sum(
        1
        for folder, _, names in os.walk(root)
        for name in names
        if Path(folder, name) not in pictures
    )
    empty = [
        folder.name
        for place, _ in parts
        for folder in _folders(place)
        if not any(folder in path.parents for path in pictures)
    ]
    notes = [f"{others:,} other files ignored"] if others else []
    notes += [f"no pictures in {', '.join(empty[:5])}"] if empty else []
    return found, f" ({'; '.join(notes)})" if notes else ""


def _class_files(folder: Path, part: Part) -> list[Found]:
    return [
        Found(path, part, label.name) for label in _folders(folder) for path in _pictures(label)
    ]


def _pictures(folder: Path) -> Iterable[Path]:
    for here, below, names in os.walk(folder, onerror=_refuse):
        below[:] = sorted(name for name in below if not _hidden(name))
        for name in sorted(names):
            path = Path(here, name)
            if not _hidden(name) and path.suffix.lower() in SUFFIXES:
                yield path


def _refuse(error: OSError) -> None:
    raise BadData(f"can't read the folder {error.filename}: {error.strerror}")


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(p for p in folder.iterdir() if p.is_dir() and not _hidden(p.name))
    except OSError as error:
        raise BadData(f"can't read the folder {folder}: {error.strerror}") from None


def _hidden(name: str) -> bool:
    return name.startswith((".", "__"))


def _header(path: Path) -> Header | str:
    try:
        return read_header(read_file(path))
    except BadData as error:
        return str(error)


def _pixels(path: Path, preprocess: Preprocess) -> np.ndarray | str:
    try:
        return preprocess.read(read_file(path))
    except BadData as error:
        return str(error)


def _choose(
    headers: Sequence[Header], image_size: int | None, fit: Literal["crop", "stretch"]
) -> Preprocess:
    """Grey only if every picture is; their own size if they share a small one, else 96."""
    first = headers[0]
    shared = all((h.height, h.width) == (first.height, first.width) for h in headers)
    if image_size is not None:
        height = width = image_size
    elif shared and max(first.height, first.width) <= SMALL:
        height, width = first.height, first.width
    else:
        height = width = DEFAULT_SIZE
    return Preprocess(height, width, 1 if all(h.grey for h in headers) else 3, fit)


def _check_memory(count: int, preprocess: Preprocess) -> None:
    size = count * preprocess.height * preprocess.width * preprocess.channels
    if size > MAX_BYTES:
        raise BadData(
            f"{count:,} pictures of {preprocess.height}x{preprocess.width} take {size / 2**30:.1f} "
            f"GiB; at most {MAX_BYTES >> 30} GiB is held in memory. Take a smaller --img-size"
        )


def _check_classes(
    classes: Sequence[str], kept: Sequence[tuple[Found, np.ndarray]], bad: Sequence[Excluded]
) -> None:
    seen = {file.label for file, _ in kept}
    lost = [name for name in classes if name not in seen]
    if lost:
        reasons = "; ".join(f"{e.path}: {e.reason}" for e in bad[:10])
        raise BadData(f"no picture of {', '.join(lost)} can be read ({reasons})")


def _split(
    kept: Sequence[tuple[Found, np.ndarray]], classes: Sequence[str], root: Path
) -> Split | None:
    if not kept:
        return None
    index = {name: i for i, name in enumerate(classes)}
    labels = np.array([index[file.label] for file, _ in kept], np.int32)
    names = [_relative(file.path, root) for file, _ in kept]
    return Split(np.stack([pixels for _, pixels in kept]), labels, names)


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
