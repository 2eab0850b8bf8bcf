"""Where pictures come from. A new data set is one file here and one line in `DATASETS`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from saccade.core.errors import BadUsage, unknown_name
from saccade.core.records import Dataset
from saccade.data import cats_dogs, cifar10, digits, fashion_mnist, flowers, font_digits, mnist
from saccade.data.decoded import Progress
from saccade.data.listing import Listing, with_parts
from saccade.data.paths import is_table, list_path
from saccade.data.pictures import DEFAULT_SIZE, Target, read_pictures
from saccade.data.place import Place
from saccade.data.source import Source, to_dataset

TEST_SHARE = 0.1


@dataclass(frozen=True)
class Entry:
    """A data set with a name: how it is read, and what `saccade datasets` says of it.

    `read` returns arrays, or a listing of pictures that are then brought to one size (`shape` is
    the default). `files` maps names to published checksums ("" where nobody has published one);
    they are looked for in `$SACCADE_DATA_DIR/FOLDER`, in the cache, then on the `mirrors`; `{}` for
    a set without files of its own, which is read from an installed `package`. `megabytes` is their
    size; `folder` defaults to the name; `unpacked` finds them where they lie out of their archive.
    """

    read: Callable[[], Source | Listing]
    what: str
    images: int
    shape: tuple[int, int, int]
    classes: int
    files: Mapping[str, str] = field(default_factory=dict)
    megabytes: float = 0
    mirrors: Sequence[str] = ()
    folder: str = ""
    package: str = ""
    unpacked: Callable[[], Place | None] = lambda: None


DATASETS: Mapping[str, Entry] = {
    "digits": Entry(digits.read, "real handwritten digits (UCI), built in", 1_797, (8, 8, 1), 10),
    "mnist": Entry(
        mnist.read,
        "handwritten digits",
        70_000,
        (28, 28, 1),
        10,
        mnist.CHECKSUMS,
        11.6,
        mnist.MIRRORS,
    ),
    "fashion-mnist": Entry(
        fashion_mnist.read,
        "articles of clothing",
        70_000,
        (28, 28, 1),
        10,
        fashion_mnist.CHECKSUMS,
        30.9,
        fashion_mnist.MIRRORS,
    ),
    "cifar10": Entry(
        cifar10.read_binary,
        "photographs of animals and vehicles",
        60_000,
        (32, 32, 3),
        10,
        cifar10.BINARY_CHECKSUMS,
        170.1,
        cifar10.BINARY_MIRRORS,
        cifar10.FOLDER,
        unpacked=cifar10.unpacked,
    ),
    "cifar10-jpeg": Entry(
        cifar10.list_jpeg,
        "the same as JPEG: lossy, not comparable to the last digit",
        60_000,
        (32, 32, 3),
        10,
        cifar10.JPEG_FILES,
        19.3,
        folder=cifar10.FOLDER,
    ),
    "cifar10-lossless-5000": Entry(
        cifar10.read_lossless,
        "the first 4,000 + 1,000 of them, exact",
        5_000,
        (32, 32, 3),
        10,
        cifar10.LOSSLESS_FILES,
        11.7,
        folder=cifar10.FOLDER,
    ),
    "flowers": Entry(
        flowers.list_pictures,
        "photographs of flowers",
        3_670,
        (96, 96, 3),
        5,
        flowers.FILES,
        56.6,
    ),
    "cats-dogs": Entry(
        cats_dogs.list_pictures,
        "photographs of cats and dogs",
        1_400,
        (96, 96, 3),
        2,
        cats_dogs.FILES,
        16.9,
    ),
    "font-digits": Entry(
        font_digits.read,
        "digits drawn with matplotlib's fonts",
        204,
        (28, 28, 1),
        10,
        package="matplotlib",
    ),
}


def load(
    data: str | Path,
    *,
    image_size: int | None = None,
    default_size: int = DEFAULT_SIZE,
    colour: bool = False,
    fit: Literal["crop", "stretch"] = "crop",
    test_share: float | None = None,
    val_data: str | Path | None = None,
    test_data: str | Path | None = None,
    image_root: str | Path | None = None,
    group_by: str | None = None,
    weight_by: str | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Reads a data set by name, or the pictures at a path: folder, archive or CSV.

    A bare word is a name; a path contains a slash (or is `.`). `image_size` is the side in pixels
    that pictures are brought to (default: their own size if they all share one of at most 32, else
    `default_size`) by `fit`; grey ones become RGB with `colour`; `test_share` (default 0.1) is what
    is held out, stratified, where no test split is given. `val_data` and `test_data` are paths of
    further pictures of the same classes; `image_root` is where the paths of a CSV begin (default:
    its folder); pictures that share a
    value in the column `group_by` are never parted; a training picture's loss counts by the number
    in the column `weight_by`. `progress(done, total)` is called while pictures are fetched or
    decoded.

    Raises:
        BadUsage: no such name, a number out of range, or options that don't fit the data.
        BadData: the pictures can't be trained on.
        MissingFile: the files are not here and could not be had, or fetching them takes what is
            not installed.

    >>> print(load("digits").statement.partition("; ")[0])
    digits: 1,797 grey images 8x8 in 10 classes
    """
    if test_share is not None and not 0 < test_share < 1:
        raise BadUsage(f"the test share must be between 0 and 1, got {test_share}")
    if image_size is not None and not 4 <= image_size <= 1024:
        raise BadUsage(f"the image size must be 4 to 1024 pixels, got {image_size}")
    root = None if image_root is None else Path(image_root)
    reference, found = find(data, root, group_by, weight_by)
    if isinstance(found, Listing):
        extra = (_further(path, root, group_by) for path in (val_data, test_data))
        source = read_pictures(
            with_parts(found, *extra),
            Target(image_size, fit, default_size, colour),
            progress or (lambda *_: None),
        )
    elif image_size is not None or val_data is not None or test_data is not None:
        raise BadUsage(
            f"--img-size, --val-data and --test-data are for pictures in files; "
            f"{reference} has its own size and its own test split"
        )
    else:
        source = found
    if test_share is not None and source.test is not None:
        raise BadUsage(
            f"--test-split holds out a test split where there is none; {source.name} has its own "
            f"test split"
        )
    dataset = to_dataset(source, reference, TEST_SHARE if test_share is None else test_share)
    asked = {
        "image_size": (image_size, None),
        "default_size": (default_size, DEFAULT_SIZE),
        "colour": (colour, False),
        "fit": (fit, "crop"),
        "test_share": (test_share, None),
        "val_data": (_absolute(val_data), None),
        "test_data": (_absolute(test_data), None),
        "image_root": (_absolute(image_root), None),
        "group_by": (group_by, None),
        "weight_by": (weight_by, None),
    }
    typed = {name: value for name, (value, default) in asked.items() if value != default}
    return replace(dataset, loaded_with=typed)


def _absolute(path: str | Path | None) -> str | None:
    """The same from anywhere."""
    return None if path is None else str(Path(path).resolve())


def find(
    data: str | Path,
    image_root: Path | None,
    group_by: str | None,
    weight_by: str | None = None,
) -> tuple[str, Source | Listing]:
    """How to refer to this data from anywhere, and what it is."""
    if is_path(data):
        return str(Path(data).resolve()), list_path(Path(data), image_root, group_by, weight_by)
    name = str(data)
    entry = named_entry(name)
    if any(asked is not None for asked in (image_root, group_by, weight_by)):
        raise BadUsage(f"--image-root, --group-by and --weight-by are for CSVs, not for {name}")
    return name, entry.read()


def _further(path: str | Path | None, root: Path | None, group_by: str | None) -> Listing | None:
    """What --val-data or --test-data names; the options of a CSV are for CSVs only.

    Weights are for training: nobody asks for any here.
    """
    if path is None:
        return None
    return list_path(Path(path), root, group_by) if is_table(Path(path)) else list_path(Path(path))


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
