"""The layouts that can be read, and which of them something else comes nearest to."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from saccade.core.errors import BadData
from saccade.core.kinds import SUFFIXES
from saccade.data.listing import SPLIT_NAMES

_PICTURE = rf"[^/]+(?i:{'|'.join(map(re.escape, SUFFIXES))})"
_SPLIT = rf"(?i:{'|'.join(SPLIT_NAMES)})"
_ARCHIVE = r"(?i:.*\.(tar|tar\.gz|tgz|zip))"


@dataclass(frozen=True)
class Layout:
    """A way data can lie below ROOT; a file whose path in it matches `sign` speaks for it."""

    name: str
    form: str
    sign: str


LAYOUTS = (
    Layout("class folders", "ROOT/CLASS/PICTURE.jpg", rf"(?!{_SPLIT}/)[^/]+/(.+/)?{_PICTURE}"),
    Layout(
        "split folders",
        "ROOT/train/CLASS/PICTURE.jpg, ROOT/test/CLASS/PICTURE.jpg",
        rf"{_SPLIT}/.+",
    ),
    Layout(
        "a metadata file beside the pictures",
        "ROOT/metadata.csv or .jsonl with file_name and label",
        rf"(.+/)?metadata\.[a-z]+|({_SPLIT}/)?{_PICTURE}",
    ),
    Layout(
        "a CSV",
        "rows of image_path,label; give the CSV's own path and --image-root FOLDER",
        r"(?i:.*\.(csv|tsv|txt|xlsx|parquet|jsonl?))",
    ),
    Layout(
        "an archive", "photos.tar, .tar.gz, .tgz or .zip; give the archive's own path", _ARCHIVE
    ),
    Layout(
        "class names in the files' names",
        "cat.1.jpg is read once a CSV says so: cat.1.jpg,cat",
        rf"(.+/)?[A-Za-z]+[._-]?\d+{_PICTURE[5:]}",
    ),
    Layout(
        "IDX files",
        "in $SACCADE_DATA_DIR/mnist or /fashion-mnist; then `saccade train mnist`",
        r"(.+/)?.*idx[13].ubyte(\.gz)?",
    ),
    Layout(
        "CIFAR-10's binary files",
        "data_batch_1.bin in $SACCADE_DATA_DIR/cifar10; then `saccade train cifar10`",
        r"(.+/)?(data_batch_\d|test_batch)\.bin|.*cifar-10-binary\.tar\.gz",
    ),
    Layout(
        "CIFAR-10's python files",
        "pickles, which can run code and are never read; get cifar-10-binary.tar.gz instead",
        r"(.+/)?(data_batch_\d|test_batch|batches\.meta)|.*cifar-10-python\.tar\.gz",
    ),
)


def nearest(paths: Iterable[str]) -> Sequence[Layout]:
    """The three layouts that most of these files speak for, best first.

    >>> [layout.name for layout in nearest(["train-images-idx3-ubyte.gz"])][0]
    'IDX files'
    """
    names = list(paths)
    votes = {
        layout: sum(re.fullmatch(layout.sign, path) is not None for path in names)
        for layout in LAYOUTS
    }
    return sorted(LAYOUTS, key=lambda layout: -votes[layout])[:3]


def refusal(root: str | Path, what: str, paths: Iterable[str]) -> BadData:
    """An error that says what is wrong with `root` and which three layouts are near."""
    lines = "".join(
        f"\n  {layout.name}: {layout.form.replace('ROOT', str(root))}" for layout in nearest(paths)
    )
    return BadData(f"{root} {what}. What can be read, nearest first:{lines}")
