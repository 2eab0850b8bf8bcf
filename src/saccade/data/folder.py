"""Class folders, with or without split folders above them, in a folder or in an archive.

photos/cat/1.jpg                          flat: a test part is held out
photos/train/cat/1.jpg, photos/test/...   given: a test split is kept, validation too
"""

from collections.abc import Iterator, Sequence

from saccade.core.errors import BadData
from saccade.core.kinds import SUFFIXES
from saccade.data.layouts import refusal
from saccade.data.listing import SPLIT_NAMES, Found, Listing
from saccade.data.place import Place, hidden


def list_folder(place: Place, name: str, base: str = "") -> Listing:
    """Every picture below class folders; `base` is the folder inside `place`, "" or ending in /.

    Raises:
        BadData: no class folders with pictures, or split folders where they can't be.
    """
    entries = [entry[len(base) :] for entry in place.entries() if entry.startswith(base)]
    tops = sorted({e.split("/")[0] for e in entries if "/" in e and not hidden(e)})
    split = any(SPLIT_NAMES.get(top.lower()) == "train" for top in tops)
    if split:
        _check_splits(place, base, tops)
    depth = 1 if split else 0
    found = [_found(place, base, path, depth) for path in entries if _is_listed(path, depth)]
    if not found:
        formats = ", ".join(suffix[1:] for suffix in SUFFIXES)
        raise refusal(place.where, f"has no class folders with pictures ({formats})", entries)
    if not split:
        _check_flat(place, found, base, entries)
    how = f"{'split and' if split else 'flat'} class folders{_notes(entries, found, base, depth)}"
    classes = {one.label for one in found} | set(_shut(place, base, depth))
    return Listing(name, how, found, tuple(sorted(classes)), tuple(place.excluded))


def top_folder(place: Place) -> str:
    """The one folder an archive's files all lie in (`photos/`), else "".

    A split folder or a class folder is none: its pictures would lose their meaning.
    """
    entries = [entry for entry in place.entries() if not any(map(hidden, entry.split("/")))]
    tops = {entry.partition("/")[0] for entry in entries}
    if len(tops) != 1:
        return ""
    top = tops.pop()
    inside = [entry[len(top) + 1 :] for entry in entries]
    folders = {path.partition("/")[0] for path in inside if "/" in path}
    full = folders or any(path.startswith("metadata.") for path in inside)
    return f"{top}/" if full and "" not in inside and top.lower() not in SPLIT_NAMES else ""


def is_picture(path: str) -> bool:
    """Whether this is named like a picture, and nothing in its path is hidden."""
    return path.lower().endswith(SUFFIXES) and not any(map(hidden, path.split("/")))


def _is_listed(path: str, depth: int) -> bool:
    return is_picture(path) and path.count("/") > depth


def _found(place: Place, base: str, path: str, depth: int) -> Found:
    parts = path.split("/")
    part = SPLIT_NAMES[parts[0].lower()] if depth else "train"
    return Found(place, base + path, part, parts[depth], base + path)


def _check_splits(place: Place, base: str, tops: Sequence[str]) -> None:
    strangers = [top for top in tops if top.lower() not in SPLIT_NAMES]
    if strangers:
        raise BadData(
            f"{place.where} has split folders beside others ({', '.join(strangers[:3])}): "
            f"either class folders, or train/, validation/ and test/ with class folders in them"
        )


def _check_flat(place: Place, found: Sequence[Found], base: str, entries: Sequence[str]) -> None:
    """CLASS/train/PICTURE would put test pictures into train."""
    below = {one.path[len(base) :].split("/")[1].lower() for one in found}
    inner = sorted(name for name in below if name in SPLIT_NAMES)
    if any(SPLIT_NAMES[name] == "train" for name in inner):
        raise refusal(
            place.where,
            f"has split folders inside class folders "
            f"({found[0].label}/{inner[0]}): put them above, {inner[0]}/{found[0].label}",
            entries,
        )


def _notes(entries: Sequence[str], found: Sequence[Found], base: str, depth: int) -> str:
    """What else was there: other files, and class folders without a picture."""
    listed = {one.path[len(base) :] for one in found}
    others = [e for e in entries if e not in listed and (e[-1] != "/" or _is_hidden_folder(e))]
    folders = [
        entry.split("/")[depth]
        for entry in entries
        if entry.count("/") > depth and not any(map(hidden, entry.split("/")))
    ]
    full = {one.label for one in found}
    empty = [name for name in dict.fromkeys(folders) if name not in full]
    notes = [f"{len(others):,} other files ignored"] if others else []
    notes += [f"no pictures in {', '.join(empty[:5])}"] if empty else []
    return f" ({'; '.join(notes)})" if notes else ""


def _shut(place: Place, base: str, depth: int) -> Iterator[str]:
    """Classes whose whole folder can't be read: that is no reason to train without them."""
    for one in place.excluded:
        parts = one.path.removeprefix(base).split("/")
        if one.path.startswith(base) and one.path.endswith("/") and len(parts) == depth + 2:
            yield parts[depth]


def _is_hidden_folder(entry: str) -> bool:
    return hidden(entry.split("/")[-2])
