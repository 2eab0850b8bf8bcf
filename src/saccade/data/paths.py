"""What a path leads to: a folder, an archive or a CSV."""

from dataclasses import replace
from pathlib import Path

from saccade.core.errors import BadData, BadUsage
from saccade.data.folder import top_folder
from saccade.data.layouts import refusal
from saccade.data.listing import Listing
from saccade.data.metadata import list_tree
from saccade.data.place import Directory, Place, is_archive, open_place, stem
from saccade.data.table import list_csv

TABLES = (".csv", ".tsv")


def list_path(
    path: Path,
    image_root: Path | None = None,
    group_by: str | None = None,
    weight_by: str | None = None,
) -> Listing:
    """The labelled pictures at a path.

    `image_root` is where a CSV's paths begin; by default its folder, or an archive there.

    Raises:
        BadData: nothing is there, or nothing that can be read; names the three nearest layouts.
        BadUsage: `image_root`, `group_by` or `weight_by` where there is no table.
    """
    if is_table(path):
        return list_table(path, image_root, group_by, weight_by)
    if image_root is not None:
        raise BadUsage(f"--image-root is where a CSV's paths begin; {path} is no CSV")
    if path.exists() and not path.is_dir() and not is_archive(path):
        raise refusal(path, "is a file, of a kind that can't be read as data", [path.name])
    place = open_place(path)
    if path.is_dir():
        name, base = path.resolve().name, ""
    else:
        name, base = stem(path), top_folder(place)
    listing = list_tree(place, name, base, group_by, weight_by)
    if path.is_dir() and len(listing.classes) == 1:
        _suggest_inner(path, listing.classes[0])
    return listing


def list_table(
    path: Path,
    image_root: Path | None = None,
    group_by: str | None = None,
    weight_by: str | None = None,
    labelled: bool = True,
) -> Listing:
    """The pictures that a CSV names, which need not be `labelled`; `image_root` as `list_path`.

    Raises:
        BadData, BadUsage: as `list_path`.
    """
    if image_root is not None:
        return list_csv(path, open_place(image_root), group_by, weight_by, labelled)
    return _list_beside(path.absolute(), group_by, weight_by, labelled)


def _list_beside(
    table: Path, group_by: str | None, weight_by: str | None, labelled: bool
) -> Listing:
    """A CSV whose pictures lie in its folder; or, where none does, in an archive beside it."""
    folder = Directory(table.parent)
    listing = list_csv(table, folder, group_by, weight_by, labelled)
    if _lie_in(folder, listing) or (listing.found and not listing.excluded):
        return listing
    for archive in sorted(path for path in table.parent.iterdir() if is_archive(path)):
        packed = list_csv(table, place := open_place(archive), group_by, weight_by, labelled)
        if _lie_in(place, packed):
            return replace(packed, how=f"{packed.how}; pictures from {archive.name}")
    if listing.found:  # on servers, all of them
        return listing
    first = f" ({listing.excluded[0].path}: {listing.excluded[0].reason})"
    raise BadData(
        f"{table}: none of its pictures can be used{first if listing.excluded else ''}; if their "
        f"paths begin elsewhere, say so: --image-root FOLDER or --image-root ARCHIVE"
    )


def _lie_in(place: Place, listing: Listing) -> bool:
    return any(one.place is place for one in listing.found)


def is_table(path: Path) -> bool:
    """Whether this is a file that is named like a CSV."""
    return path.suffix.lower() in TABLES and path.is_file()


def _suggest_inner(path: Path, only: str) -> None:
    inner = path / only
    if inner.is_dir() and any(child.is_dir() for child in inner.iterdir()):
        raise BadData(
            f"{path} has 1 class ({only}); telling apart takes at least two. "
            f"Are they in there? Then give {inner}"
        )
