"""saccade datasets"""

import importlib.util
import json as json_format
import sys
from pathlib import Path
from typing import Any

from saccade.core.cache import cache_folder
from saccade.core.errors import BadUsage
from saccade.data import DATASETS, Entry, named_entry
from saccade.data.locate import find


def datasets(
    what: str | None = None,
    name: str | None = None,
    /,
    *,
    to: Path | None = None,
    json: bool = False,
) -> int:
    """List the data sets and where they are, or get one onto a stick.

    Files are looked for in $SACCADE_DATA_DIR/NAME and in the cache; what is in neither is
    downloaded when it is first trained on (never with SACCADE_OFFLINE=1).

    Examples:

        saccade datasets
        saccade datasets mnist
        saccade datasets get mnist --to /media/stick
        saccade train mnist

    Parameters
    ----------
    what: str
        A data set's name to see its files, or `get`.
    name: str
        After `get`: which data set.
    to: Path
        After `get`: the folder its files go into; SACCADE_DATA_DIR=DIR then finds them.
    json: bool
        The last line of stdout is one JSON value.
    """
    if what == "get":
        return _get(name, to, json)
    if name is not None or to is not None:
        raise BadUsage("a name and --to go with get: saccade datasets get NAME --to DIR")
    if what is not None:
        return _show(what, named_entry(what), json)
    if json:
        print(json_format.dumps([_facts(name, entry) for name, entry in DATASETS.items()]))
        return 0
    wide = max(map(len, DATASETS))
    for name, entry in DATASETS.items():
        shape = "x".join(map(str, entry.shape))
        print(
            f"{name:<{wide}} {entry.images:>7,} images {shape:<8} {entry.classes:>2} classes  "
            f"{entry.what}; {_where(name, entry)}"
        )
    print("./FOLDER  your own pictures: FOLDER/CLASS/PICTURE.jpg, a .tar or .zip of them, a CSV")
    return 0


def _facts(name: str, entry: Entry) -> dict[str, Any]:
    return {
        "name": name,
        "images": entry.images,
        "shape": entry.shape,
        "classes": entry.classes,
        "where": _where(name, entry),
    }


def _where(name: str, entry: Entry) -> str:
    if not entry.files:
        there = not entry.package or importlib.util.find_spec(entry.package)
        return "here" if there else f"takes {entry.package}, which is not installed"
    folder = entry.folder or name
    found = {file: find(folder, file) for file in entry.files}
    missing = sum(path is None for path in found.values())
    unpacked = entry.unpacked() if missing else None
    if unpacked is not None:
        return f"here, {unpacked.where}"
    if not missing:
        first, path = next(iter(found.items()))
        assert path is not None  # noqa: S101  (none is missing)
        place = path.parents[first.count("/")]
        return f"{'cached' if place.is_relative_to(cache_folder()) else 'here'}, {place}"
    size = f"{entry.megabytes:g} MB"
    how = f"downloads {size}" if entry.mirrors else f"{size}, nowhere to download from"
    return f"{missing} of {len(found)} files missing, {how}"


def _show(name: str, entry: Entry, as_json: bool) -> int:
    folder = entry.folder or name
    places = {file: find(folder, file) for file in entry.files}
    if as_json:
        files = [
            {"file": file, "checksum": entry.files[file] or None, "path": path and str(path)}
            for file, path in places.items()
        ]
        print(json_format.dumps({**_facts(name, entry), "files": files}))
        return 0
    print(f"{name}: {entry.what}; {_where(name, entry)}")
    for file, path in places.items():
        print(f"  {path or f'missing  {file}'}  {entry.files[file]}".rstrip())
    if None in places.values():
        print(f"Missing files go into {cache_folder() / 'datasets' / folder}")
        print(f"or into $SACCADE_DATA_DIR/{folder}")
    return 0


def _get(name: str | None, to: Path | None, as_json: bool) -> int:
    from saccade.data.carry import carry

    if name is None or to is None:
        raise BadUsage("which one, and where to? saccade datasets get NAME --to DIR")
    entry = named_entry(name)
    if not entry.files:
        print(f"{name} comes with the installation: there is nothing to get", file=sys.stderr)
    paths = []
    for path, copied in carry(entry.folder or name, entry.files, entry.mirrors, to):
        print(f"{path}  {'copied and checked' if copied else 'was there'}", file=sys.stderr)
        paths.append(str(path))
    if entry.files:
        print(f"SACCADE_DATA_DIR={to} saccade train {name}", file=sys.stderr)
    if as_json:
        print(json_format.dumps({"name": name, "files": paths}))
    return 0
