"""Rows that name a picture and its label become found pictures, wherever they were written."""

import os
import posixpath
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from saccade.core.errors import BadData, BadUsage
from saccade.core.records import Excluded
from saccade.data.listing import MOST_EXAMPLES, SPLIT_NAMES, Found, Part
from saccade.data.place import Place

# In the order in which they are taken where there are several.
PATH_COLUMNS = ("image_path", "image", "file_name", "filepath", "path", "filename")
LABEL_COLUMNS = ("label", "class", "target", "category", "y")
SPLIT_COLUMNS = ("split", "ml_use", "set", "fold")
GROUP_COLUMN = "group"
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|data:")


@dataclass(frozen=True)
class Row:
    """One row: its number as a spreadsheet counts, and what its cells say ("" where blank)."""

    number: int
    path: str
    label: str
    split: str
    group: str


@dataclass(frozen=True)
class Columns:
    """Which column is what; None where there is no such column."""

    path: int
    label: int | None
    split: int | None
    group: int | None

    @staticmethod
    def of(header: Sequence[str], group_by: str | None) -> "Columns | None":
        """The columns of a header, or None if it names no path.

        Raises:
            BadUsage: it has no column of the name `group_by`.
            BadData: two columns have the same name.
        """
        names = [re.sub(r"[ -]+", "_", cell.strip().lower()) for cell in header]
        found = [
            next((names.index(known) for known in wanted if known in names), None)
            for wanted in (PATH_COLUMNS, LABEL_COLUMNS, SPLIT_COLUMNS, (GROUP_COLUMN,))
        ]
        path, label, split, group = found
        if path is None:
            return None
        twice = [names[i] for i in found if i is not None and names.count(names[i]) > 1]
        if twice:
            raise BadData(f"there are two columns `{twice[0]}`; rename one")
        if group_by is not None:
            exact = [cell.strip() for cell in header]
            if group_by not in exact:
                raise BadUsage(
                    f"--group-by {group_by}: there is no such column. "
                    f"Columns: {', '.join(cell for cell in exact if cell)}"
                )
            group = exact.index(group_by)
        return Columns(path, label, split, group)


@dataclass(frozen=True)
class Table:
    """All rows, and what the columns they came from are called."""

    rows: Sequence[Row]
    columns: str
    has_split: bool
    grouped_by: str | None


@dataclass(frozen=True)
class Resolved:
    """The pictures that rows name, what was left out of them, and how many rows were doubles."""

    found: Sequence[Found]
    excluded: tuple[Excluded, ...]
    doubles: int


def resolve(table: Table, place: Place, base: str = "", part: Part | None = None) -> Resolved:
    """Finds the rows' pictures; their paths are relative to `base` inside `place`.

    `part` is what they are part of where the table does not say it. URLs, paths that leave the
    place and missing files are left out; the same picture twice is taken once, with two labels not
    at all.

    Raises:
        BadData: a row without path or label, or with an unknown split; with up to 10 examples.
    """
    _check_cells(table)
    excluded: list[Excluded] = []
    pictures: dict[str, list[tuple[Row, Found]]] = defaultdict(list)
    for row in table.rows:
        try:
            path = _inside(row.path, place, base)
        except BadData as error:
            excluded.append(Excluded(row.path, f"row {row.number}: {error}"))
            continue
        of = SPLIT_NAMES[row.split.lower()] if table.has_split else part or "train"
        group = (row.group or f"row {row.number}") if table.grouped_by else ""
        pictures[path].append((row, Found(place, path, of, row.label, path, group)))
    found, doubles = list[Found](), 0
    for path, named in pictures.items():
        differing = _differing([one for _, one in named])
        if differing:
            rows = ", ".join(str(row.number) for row, _ in named)
            excluded.append(Excluded(path, f"rows {rows} give it {differing}"))
            continue
        parts = {one.part: one for _, one in named}
        found.extend(parts.values())
        doubles += len(named) - len(parts)
    return Resolved(found, tuple(excluded), doubles)


def _differing(named: Sequence[Found]) -> str:
    labels = dict.fromkeys(one.label for one in named)
    groups = dict.fromkeys(one.group for one in named)
    if len(labels) > 1:
        return f"different labels: {', '.join(labels)}"
    # A row without a group of its own counts as one more mention, not as another group.
    told = [group for group in groups if not group.startswith("row ")]
    return f"different groups: {', '.join(told)}" if len(told) > 1 else ""


def _check_cells(table: Table) -> None:
    rows = table.rows
    _refuse("no path", [f"row {row.number}" for row in rows if not row.path])
    _refuse("no label", [f"row {row.number}: {row.path}" for row in rows if not row.label])
    if table.has_split:
        known = ", ".join(SPLIT_NAMES)
        strange = [row for row in rows if row.split.lower() not in SPLIT_NAMES]
        _refuse(
            f"a split that is none of {known}",
            [f"row {row.number}: `{row.split}`" for row in strange],
        )


def _refuse(what: str, rows: Sequence[str]) -> None:
    if rows:
        more = f" and {len(rows) - MOST_EXAMPLES:,} more" if len(rows) > MOST_EXAMPLES else ""
        raise BadData(
            f"{len(rows):,} rows have {what} ({'; '.join(rows[:MOST_EXAMPLES])}{more}). "
            f"Fill them in, or take the rows out"
        )


def _inside(text: str, place: Place, base: str) -> str:
    """The path inside the place.

    Raises:
        BadData: why there is none; URLs are never fetched.
    """
    if _URL.match(text):
        raise BadData("a URL; pictures are read from disk only. Download it first")
    absolute = text.removeprefix(place.where + "/")
    tries = [text] if absolute == text else [f"/{absolute}"]
    tries += [tries[0].replace("\\", "/")] if "\\" in text else []
    for tried in tries:
        path = posixpath.normpath(tried[1:] if absolute != text else base + tried)
        outside = path.split("/")[0] == ".." or (absolute == text and os.path.isabs(tried))
        if not outside and path in place:
            return path
    if outside or re.match(r"[A-Za-z]:[\\/]", text):
        raise BadData(f"outside {place.where}; --image-root says where paths begin")
    raise BadData(f"no such file in {place.where}")
