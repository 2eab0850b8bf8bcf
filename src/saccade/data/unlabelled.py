"""Pictures that are only asked about: labelled, or not, or some of them.

photos/1.jpg   photos/2024/june/2.jpg        at any depth; nothing is said of them
photos/cat/1.jpg   photos/test/cat/1.jpg     class folders, if the network knows one of their names
photos.csv   photos/metadata.csv             as for training; a CSV may have paths only

None is held out, and none is left out: what can't be used is listed as well, and reading it says
why.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from saccade.core.errors import BadData, BadPicture, BadUsage
from saccade.core.kinds import SUFFIXES
from saccade.core.records import Excluded
from saccade.data.archive import tree_order
from saccade.data.folder import is_picture, top_folder
from saccade.data.listing import SPLIT_NAMES, Found, Listing
from saccade.data.metadata import list_metadata
from saccade.data.paths import is_table, list_table
from saccade.data.place import Directory, Place, is_archive, open_place, stem
from saccade.data.urls import is_url


class LeftOut:
    """What was named and can't be used; reading it says why."""

    where = ""
    excluded: Sequence[Excluded] = ()

    def __init__(self, refused: Sequence[Excluded]):
        self._reasons = {one.path: one.reason for one in refused}

    def entries(self) -> Sequence[str]:
        return list(self._reasons)

    def __contains__(self, path: str) -> bool:
        return path in self._reasons

    def read(self, path: str) -> bytes:
        raise BadPicture("left_out", self._reasons[path])


def list_to_ask(path: Path, known: Collection[str], image_root: Path | None = None) -> Listing:
    """Every picture at a path, in the order of their names; one without a label has "".

    It may be a picture, a folder, an archive or a CSV. Names of folders are labels only if one of
    them is among the `known` classes. `image_root` is where a CSV's paths begin.

    Raises:
        BadData: nothing is there, or no picture; or a table can't be read.
        BadUsage: `image_root` where there is no table.
    """
    if is_table(path):
        listing = list_table(path, image_root, labelled=False)
        # What an archive holds beside the pictures that the table names is nobody's question.
        others = {e for one in listing.found for e in one.place.excluded}
        return _ordered(listing, [e for e in listing.excluded if e not in others])
    if image_root is not None:
        raise BadUsage(f"--image-root is where a CSV's paths begin; {path} is no CSV")
    if path.is_dir() or is_archive(path):
        return _list_tree(path, known)
    if not path.exists() and not path.name.lower().endswith(SUFFIXES):
        raise BadData(f"there is no folder or file {path}")
    one = Found(Directory(Path()), str(path), "test", "", str(path))
    return Listing(path.name, "a picture", [one], ())


def _list_tree(path: Path, known: Collection[str]) -> Listing:
    """A folder's or an archive's, named so that they can be found from here."""
    place = open_place(path)
    name, base = (path.resolve().name, "") if path.is_dir() else (stem(path), top_folder(place))
    named = list_metadata(place, name, base)
    told: set[str] = set()
    if named is not None:
        told = {one.path for one in named.found} | {e.path for e in named.excluded}
    paths = [entry for entry in place.entries() if is_picture(entry) and entry not in told]
    rest = list(_unnamed(place, base, paths, known if named is None else ()))
    if named is None:
        labels = {one.label for one in rest} - {""}
        how = "class folders" if labels else "pictures without labels"
        named = Listing(name, how, rest, tuple(sorted(labels)), tuple(place.excluded))
    else:
        others = f", {len(rest):,} pictures it does not name" if rest else ""
        named = replace(named, how=f"{named.how}{others}", found=[*named.found, *rest])
    seen = set(place.excluded)
    refused = [e for e in named.excluded if e not in seen or _may_be_pictures(e.path)]
    if not named.found and not refused:
        raise BadData(f"{path} has no pictures ({', '.join(end[1:] for end in SUFFIXES)})")
    return _ordered(named, refused, f"{path}/")


def _unnamed(
    place: Place, base: str, paths: Sequence[str], known: Collection[str]
) -> Iterator[Found]:
    """Pictures of a tree, with the names of their class folders if any of those is known."""
    inside = [path.removeprefix(base) for path in paths]
    tops = {path.split("/")[0].lower() for path in inside if "/" in path}
    depth = 1 if tops and tops <= SPLIT_NAMES.keys() else 0
    labels = [p.split("/")[depth] if p.count("/") > depth else "" for p in inside]
    meant = not {*labels}.isdisjoint(known)
    for path, label in zip(paths, labels, strict=True):
        yield Found(place, path, "test", label if meant else "", path)


def _ordered(listing: Listing, refused: Sequence[Excluded], before: str = "") -> Listing:
    """In the order of the names, among them what was left out."""
    here = {one.path for one in listing.found}
    place = LeftOut([one for one in refused if one.path not in here])
    left_out = [Found(place, path, "test", "", path) for path in place.entries()]
    found = [
        one if is_url(one.name) else replace(one, name=before + one.name)
        for one in (*listing.found, *left_out)
    ]
    found.sort(key=lambda one: tree_order(one.name))
    return replace(listing, found=found, excluded=())


def _may_be_pictures(path: str) -> bool:
    """A folder that is shut may hold some; a link called README in an archive does not."""
    return path.endswith("/") or is_picture(path)
