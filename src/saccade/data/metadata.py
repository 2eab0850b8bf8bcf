"""A metadata file beside the pictures, as Hugging Face's image folders have it.

photos/metadata.csv                 file_name,label
photos/train/metadata.jsonl         {"file_name": "1.jpg", "label": "cat"}
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from saccade.core.errors import BadData, BadUsage
from saccade.data.folder import list_folder
from saccade.data.layouts import refusal
from saccade.data.listing import SPLIT_NAMES, Found, Listing, Part
from saccade.data.place import Place, hidden
from saccade.data.rows import Columns, Table, resolve
from saccade.data.table import as_text, read_table, row_of
from saccade.data.urls import without_secrets

NAMES = ("metadata.csv", "metadata.jsonl")


def list_tree(
    place: Place, name: str, base: str, group_by: str | None, weight_by: str | None = None
) -> Listing:
    """A folder or archive: by its metadata files if it has some with labels, else by its folders.

    Raises:
        BadData: it is neither, or a metadata file is wrong; names it.
        BadUsage: `group_by` or `weight_by` where no metadata file has that column.
    """
    files = _files(place, base)
    tables = _tables(place, files, group_by, weight_by)
    if tables:
        return _list(place, name, base, tables)
    for option, asked in (("--group-by", group_by), ("--weight-by", weight_by)):
        if asked is not None:
            raise BadUsage(
                f"{option} {asked} takes a column of a CSV or a metadata file; {place.where} has "
                f"folders only"
            )
    if not files:
        return list_folder(place, name, base)
    try:
        listing = list_folder(place, name, base)
    except BadData:
        raise refusal(
            place.where,
            f"has a {files[0]} without a column of labels beside file_name",
            place.entries(),
        ) from None
    return replace(listing, how=f"{listing.how}, {files[0]} has no labels")


def list_metadata(place: Place, name: str, base: str) -> Listing | None:
    """The pictures that metadata files name, or None where none is there, or none has labels.

    Raises:
        BadData: a metadata file is wrong; names it.
    """
    tables = _tables(place, _files(place, base), None, None)
    return _list(place, name, base, tables) if tables else None


def _files(place: Place, base: str) -> list[str]:
    return [path for path in place.entries() if _is_metadata(path, base)]


def _tables(
    place: Place, files: Sequence[str], group_by: str | None, weight_by: str | None
) -> dict[str, Table]:
    """Those with labels."""
    read = ((path, _table(place, path, group_by, weight_by)) for path in files)
    return {path: table for path, table in read if table is not None}


def _is_metadata(path: str, base: str) -> bool:
    if not path.startswith(base):
        return False
    *folders, name = path[len(base) :].split("/")
    above = len(folders) == 0 or (len(folders) == 1 and folders[0].lower() in SPLIT_NAMES)
    return name in NAMES and above and not any(map(hidden, folders))


def _list(place: Place, name: str, base: str, tables: dict[str, Table]) -> Listing:
    found: list[Found] = []
    excluded = list(place.excluded)
    doubles = 0
    for path, table in tables.items():
        folder = path.rpartition("/")[0]
        top = path[len(base) :].partition("/")[0].lower() if "/" in path[len(base) :] else ""
        try:
            named = resolve(table, place, f"{folder}/" if folder else "", SPLIT_NAMES.get(top))
        except BadData as error:
            raise BadData(f"{place.where}/{path}: {error}") from None
        found += named.found if top or table.has_split else _parted(named.found, base)
        excluded += named.excluded
        doubles += named.doubles
    first = next(iter(tables.values()))
    notes = (f"; {doubles:,} double rows" if doubles else "") + first.notes
    return Listing(
        name,
        f"{', '.join(path[len(base) :] for path in tables)} of {first.columns}{notes}",
        found,
        tuple(sorted({row.label for table in tables.values() for row in table.rows})),
        tuple(excluded),
        first.grouped_by,
        first.weighted_by,
    )


def _parted(found: Sequence[Found], base: str) -> list[Found]:
    """One metadata file for all: split folders, where there are some, say the part."""
    parts: list[Part | None] = [
        SPLIT_NAMES.get(one.path[len(base) :].split("/")[0].lower()) for one in found
    ]
    if "train" not in parts or None in parts:
        return list(found)
    return [
        replace(one, part=part) for one, part in zip(found, parts, strict=True) if part is not None
    ]


def _table(place: Place, path: str, group_by: str | None, weight_by: str | None) -> Table | None:
    """The rows of a metadata file, or None if it has no labels."""
    try:
        text = as_text(place.read(path))
        if path.endswith(".jsonl"):
            return _json_table(text, group_by, weight_by)
        header = text.partition("\n")[0].lower()
        columns = Columns.of([cell.strip(' "\r') for cell in header.split(",")], None)
        if columns is not None and columns.label is None:
            return None
        return read_table(text, group_by, weight_by)
    except BadData as error:
        raise BadData(f"{place.where}/{path}: {error}") from None


def _json_table(text: str, group_by: str | None, weight_by: str | None) -> Table | None:
    rows = []
    header: list[str] = []
    columns = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        record = _record(line, number)
        if columns is None:
            header = list(record)
            columns = Columns.of(header, group_by, weight_by)
            if columns is None or columns.label is None:
                return None
        used = (columns.path, columns.label, columns.split, columns.group)
        cells = [
            _text(record.get(key), key, number) if i in used else "" for i, key in enumerate(header)
        ]
        if columns.weight is not None:
            cells[columns.weight] = str(record.get(header[columns.weight], ""))
        rows.append(row_of(number, cells, columns))
    if columns is None:
        raise BadData("it has no rows")
    named = (columns.path, columns.label, columns.split)
    return Table(
        rows,
        ",".join(header[i] for i in named if i is not None),
        columns.split is not None,
        None if columns.group is None else header[columns.group],
        None if columns.weight is None else header[columns.weight],
    )


def _record(line: str, number: int) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadData(f"line {number} is no JSON: {error}") from None
    if not isinstance(record, dict):
        raise BadData(f"line {number} is no JSON object: {without_secrets(line)[:60]}")
    return record


def _text(value: Any, key: str, number: int) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadData(
            f"line {number}: {key} is {without_secrets(json.dumps(value))[:60]}; one text or whole "
            f"number a picture is expected"
        )
    return str(value)
