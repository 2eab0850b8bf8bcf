"""Where pictures come from. A new data set is one file here and one line in `DATASETS`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from saccade.core.errors import BadUsage, unknown_name
from saccade.core.records import Dataset
from saccade.data import digits, mnist
from saccade.data.folder import Progress, read_folder
from saccade.data.source import Source, to_dataset

TEST_SHARE = 0.1


@dataclass(frozen=True)
class Entry:
    """A data set with a name: how it is read, and what `saccade datasets` says of it.

    `files` are looked for in `$SACCADE_DATA_DIR/NAME`, then in the cache, then on the mirrors;
    `{}` for one that comes with saccade. `megabytes` is the size of the download.
    """

    read: Callable[[], Source]
    what: str
    images: int
    shape: tuple[int, int, int]
    classes: int
    files: Mapping[str, str]
    megabytes: float


DATASETS: Mapping[str, Entry] = {
    "digits": Entry(
        digits.read, "real handwritten digits (UCI), built in", 1_797, (8, 8, 1), 10, {}, 0
    ),
    "mnist": Entry(
        mnist.read, "handwritten digits", 70_000, (28, 28, 1), 10, mnist.CHECKSUMS, 11.6
    ),
}


def load(
    data: str | Path,
    *,
    image_size: int | None = None,
    fit: Literal["crop", "stretch"] = "crop",
    test_share: float | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Reads a data set by name, or a folder of class folders by path.

    A bare word is a name; a path contains a slash (or is `.`). `image_size` is the side in pixels
    that pictures of a folder are brought to (default: their own size if they all share one of at
    most 32, else 96) by `fit`; `test_share` (default 0.1) is what is held out, stratified, where no
    test split is given. `progress(done, total)` is called while pictures are decoded.

    Raises:
        BadUsage: no such name, or a number out of range.
        BadData: the pictures can't be trained on.
        MissingFile: the files are not here and could not be had.

    >>> print(load("digits").statement.partition("; ")[0])
    digits: 1,797 grey images 8x8 in 10 classes
    """
    if test_share is not None and not 0 < test_share < 1:
        raise BadUsage(f"the test share must be between 0 and 1, got {test_share}")
    if image_size is not None and not 4 <= image_size <= 1024:
        raise BadUsage(f"the image size must be 4 to 1024 pixels, got {image_size}")
    if is_path(data):
        reference = str(Path(data).resolve())  # a run is looked at from other places too
        source = read_folder(
            Path(data), image_size=image_size, fit=fit, progress=progress or (lambda *_: None)
        )
    else:
        reference = str(data)
        entry = named_entry(reference)
        if image_size is not None or test_share is not None:
            raise BadUsage(
                f"--img-size and --test-split are for folders of pictures; "
                f"{reference} has its own size and its own test split"
            )
        source = entry.read()
    return to_dataset(source, reference, TEST_SHARE if test_share is None else test_share)


def is_path(data: str | Path) -> bool:
    """Whether this is meant as a path: it contains a slash, or is `.` or `..`.

    >>> is_path("mnist"), is_path("./mnist"), is_path(".")
    (False, True, True)
    """
    text = str(data)
    return isinstance(data, Path) or "/" in text or "\\" in text or text in (".", "..")


def named_entry(name: str) -> Entry:
    """The data set of this name.

    Raises:
        BadUsage: there is none; says how to write a path if a file of that name is here.
    """
    if name in DATASETS:
        return DATASETS[name]
    if name and Path(name).exists():
        raise BadUsage(
            f"`{name}` would be a data set's name, but it is a {_kind(Path(name))} here. "
            f"Write it as a path: ./{name}"
        )
    raise unknown_name(
        "data set", name, DATASETS, " A folder of pictures is written as a path: ./FOLDER"
    )


def _kind(path: Path) -> str:
    return "folder" if path.is_dir() else "file"
