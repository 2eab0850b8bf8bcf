"""A CSV of pictures and labels, with a header or without.

image_path,label,split,group      any order, other columns are ignored, many names for each
cat/1.jpg,cat                     PATH,LABEL
TRAIN,cat/1.jpg,cat               SPLIT,PATH,LABEL
"""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from saccade.core.errors import BadData, BadUsage
from saccade.core.kinds import SUFFIXES
from saccade.data.listing import SPLIT_NAMES, Listing
from saccade.data.place import Place, stem
from saccade.data.rows import (
    LABEL_COLUMNS,
    PATH_COLUMNS,
    Columns,
    Row,
    Table,
    resolve,
)
from saccade.data.urls import without_secrets

SEPARATORS = (",", ";", "\t", "|")
FORMS = (
    "a header: image_path,label and, if you like, split and group",
    "no header, two columns: PATH,LABEL",
    "no header, three columns: SPLIT,PATH,LABEL",
)
MOST_BYTES = 1 << 30


def list_csv(
    file: Path,
    place: Place,
    group_by: str | None,
    weight_by: str | None = None,
    labelled: bool = True,
) -> Listing:
    """The pictures that a CSV names; its paths are relative to `place`.

    Where they need not be `labelled`, rows may lack a label, and all may.

    Raises:
        BadData: it is no such CSV, or a row has no label; says which rows.
        BadUsage: there is no column of the name `group_by` or `weight_by`.
    """
    try:
        if file.stat().st_size > MOST_BYTES:
            raise BadData(f"larger than {MOST_BYTES >> 30} GiB")
        table = read_table(as_text(file.read_bytes()), group_by, weight_by, labelled)
        named = resolve(table, place, labelled=labelled)
    except BadData as error:
        raise BadData(f"{file}: {error}") from None
    doubles = f"; {named.doubles:,} double rows" if named.doubles else ""
    return Listing(
        stem(file),
        f"CSV of {table.columns}{doubles}{table.notes}",
        named.found,
        tuple(sorted({row.label for row in table.rows if row.label})),
        (*named.excluded, *place.excluded),
        table.grouped_by,
        table.weighted_by,
    )


def as_text(data: bytes) -> str:
    """UTF-8, with a byte order mark or without; UTF-16 with one, as Excel writes it.

    Raises:
        BadData: neither.
    """
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadData(f"not UTF-8 in line {line}: save it as UTF-8") from None


def read_table(
    text: str, group_by: str | None, weight_by: str | None = None, labelled: bool = True
) -> Table:
    """The rows of a CSV. The separator is the one that makes sense of the first row.

    Where they need not be `labelled`, a column of paths is enough.

    Raises:
        BadData: none does, or a row has too many cells.
        BadUsage: there is no column of the name `group_by` or `weight_by`.

    >>> read_table("Image Path;Class\\na.jpg;01\\n", None).rows[0].label
    '01'
    """
    for separator in SEPARATORS:
        first = _first_row(text, separator)
        columns = Columns.of(first, group_by, weight_by)
        if columns is not None and not (labelled and columns.label is None):
            return _read(text, separator, columns, first)
        bare = _without_header(first, labelled)
        if bare is not None:
            for option, asked in (("--group-by", group_by), ("--weight-by", weight_by)):
                if asked is not None:
                    raise BadUsage(f"{option} {asked} takes a CSV with a header")
            return _read(text, separator, bare, None)
    lines = "".join(f"\n  {form}" for form in FORMS)
    start = without_secrets(text.strip().partition("\n")[0].strip())
    raise BadData(
        f"its first row is {start[:120]!r}. "
        f"What can be read:{lines}\n"
        f"Paths: {', '.join(PATH_COLUMNS)}. Labels: {', '.join(LABEL_COLUMNS)}"
    )


def _first_row(text: str, separator: str) -> list[str]:
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        return next((row for row in reader if any(cell.strip() for cell in row)), [])
    except csv.Error:
        return []


def _without_header(first: Sequence[str], labelled: bool) -> Columns | None:
    cells = [cell.strip().lower() for cell in first]
    pictures = [cell.endswith(SUFFIXES) or "://" in cell for cell in cells]
    if pictures == [True] and not labelled:
        return Columns(path=0, label=None, split=None, group=None)
    if pictures == [True, False]:
        return Columns(path=0, label=1, split=None, group=None)
    if pictures == [False, True, False] and cells[0] in SPLIT_NAMES:
        return Columns(path=1, label=2, split=0, group=None)
    return None


def _read(text: str, separator: str, columns: Columns, header: Sequence[str] | None) -> Table:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    width = len(header) if header is not None else _width(columns)
    rows: list[Row] = []
    seen = header is None
    try:
        for number, cells in enumerate(reader, 1):
            if not any(cell.strip() for cell in cells):
                continue
            if not seen:
                seen = True
                continue
            if len(cells) > width and any(cell.strip() for cell in cells[width:]):
                raise BadData(
                    f"row {number} has {len(cells)} cells and the first row {width}: put a path or "
                    f'label that has a "{separator}" into double quotes'
                )
            rows.append(row_of(number, cells, columns))
    except csv.Error as error:
        raise BadData(f"row {len(rows) + 2}: {error}") from None
    if not rows:
        raise BadData("it has no rows")
    return Table(
        rows,
        _named(columns, header),
        columns.split is not None,
        _called(columns.group, header),
        _called(columns.weight, header),
    )


def row_of(number: int, cells: Sequence[str], columns: Columns) -> Row:
    """A row's cells, told apart; "" for what is missing."""

    def cell(column: int | None) -> str:
        return cells[column].strip() if column is not None and column < len(cells) else ""

    return Row(
        number,
        cell(columns.path),
        cell(columns.label),
        cell(columns.split),
        cell(columns.group),
        cell(columns.weight),
    )


def _width(columns: Columns) -> int:
    """Of a row without a header."""
    used = (columns.path, columns.label, columns.split)
    return 1 + max(column for column in used if column is not None)


def _named(columns: Columns, header: Sequence[str] | None) -> str:
    if header is None and columns.label is None:
        return "PATH"
    if header is None:
        return "PATH,LABEL" if columns.split is None else "SPLIT,PATH,LABEL"
    used = (columns.path, columns.label, columns.split)
    return ",".join(header[column].strip() for column in used if column is not None)


def _called(column: int | None, header: Sequence[str] | None) -> str | None:
    return None if header is None or column is None else header[column].strip()
