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
from saccade.data.remote import Remote
from saccade.data.urls import is_url, public

# In the order in which they are taken where there are several.
PATH_COLUMNS = ("image_path", "image", "file_name", "filepath", "path", "filename")
LABEL_COLUMNS = ("label", "class", "target", "category", "y")
SPLIT_COLUMNS = ("split", "ml_use", "set", "fold")
GROUP_COLUMN = "group"
MOST_WEIGHT = 1e30  # a float32 holds it


@dataclass(frozen=True)
class Row:
    """One row: its number as a spreadsheet counts, and what its cells say ("" where blank)."""

    number: int
    path: str
    label: str
    split: str
    group: str
    weight: str = ""


@dataclass(frozen=True)
class Columns:
    """Which column is what; None where there is no such column."""

    path: int
    label: int | None
    split: int | None
    group: int | None
    weight: int | None = None

    @staticmethod
    def of(
        header: Sequence[str], group_by: str | None, weight_by: str | None = None
    ) -> "Columns | None":
        """The columns of a header, or None if it names no path.

        Raises:
            BadUsage: it has no column of the name `group_by` or `weight_by`.
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
            group = _asked("--group-by", group_by, header)
        weight = None if weight_by is None else _asked("--weight-by", weight_by, header)
        return Columns(path, label, split, group, weight)


def _asked(option: str, name: str, header: Sequence[str]) -> int:
    exact = [cell.strip() for cell in header]
    if name not in exact:
        raise BadUsage(
            f"{option} {name}: there is no such column. "
            f"Columns: {', '.join(cell for cell in exact if cell)}"
        )
    return exact.index(name)


@dataclass(frozen=True)
class Table:
    """All rows, and what the columns they came from are called."""

    rows: Sequence[Row]
    columns: str
    has_split: bool
    grouped_by: str | None
    weighted_by: str | None = None

    @property
    def notes(self) -> str:
        """What else the columns are for, for a statement."""
        groups = f"; kept together by {self.grouped_by}" if self.grouped_by else ""
        return groups + (f"; weighted by {self.weighted_by}" if self.weighted_by else "")


@dataclass(frozen=True)
class Resolved:
    """The pictures that rows name, what was left out of them, and how many rows were doubles."""

    found: Sequence[Found]
    excluded: tuple[Excluded, ...]
    doubles: int


def resolve(
    table: Table,
    place: Place,
    base: str = "",
    part: Part | None = None,
    labelled: bool = True,
) -> Resolved:
    """Finds the rows' pictures; their paths are relative to `base` inside `place`.

    `part` is what they are part of where the table does not say it. Where they need not be
    `labelled`, a blank label is no error. Paths that leave the place,
    missing files and URLs that are not fetched are left out; the same picture twice is taken once,
    with two labels not at all. Other URLs are pictures of a `Remote` place.

    Raises:
        BadData: a row without path or label, or with an unknown split or weight; with up to 10
            examples.
        MissingFile: fetching what a URL names takes what is not installed.
    """
    _check_cells(table, labelled)
    remote = Remote()
    excluded: list[Excluded] = []
    pictures: dict[str, list[tuple[Row, Found]]] = defaultdict(list)
    for row in table.rows:
        try:
            fetched = is_url(row.path)
            path = remote.add(row.path) if fetched else _inside(row.path, place, base)
        except BadData as error:
            excluded.append(Excluded(public(row.path), f"row {row.number}: {error}"))
            continue
        of = SPLIT_NAMES[row.split.lower()] if table.has_split else part or "train"
        group = (row.group or f"row {row.number}") if table.grouped_by else ""
        weight = float(row.weight) if table.weighted_by else 1.0
        where = remote if fetched else place
        pictures[path].append((row, Found(where, path, of, row.label, path, group, weight)))
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
        return f"different labels: {', '.join(label or 'none' for label in labels)}"
    # A row without a group of its own counts as one more mention, not as another group.
    told = [group for group in groups if not group.startswith("row ")]
    if len(told) > 1:
        return f"different groups: {', '.join(told)}"
    weights = dict.fromkeys(one.weight for one in named)
    return f"different weights: {', '.join(map(str, weights))}" if len(weights) > 1 else ""


def _check_cells(table: Table, labelled: bool) -> None:
    rows = table.rows
    _refuse("no path", [f"row {row.number}" for row in rows if not row.path])
    blank = [f"row {row.number}: {public(row.path)}" for row in rows if labelled and not row.label]
    _refuse("no label", blank)
    if table.has_split:
        known = ", ".join(SPLIT_NAMES)
        strange = [row for row in rows if row.split.lower() not in SPLIT_NAMES]
        _refuse(
            f"a split that is none of {known}",
            [f"row {row.number}: `{row.split}`" for row in strange],
        )
    if table.weighted_by:
        wrong = [row for row in rows if not _is_weight(row.weight)]
        _refuse(
            f"a {table.weighted_by} that is no weight, a finite number of 0 or more",
            [f"row {row.number}: `{row.weight}`" for row in wrong],
        )


def _is_weight(text: str) -> bool:
    try:
        return 0 <= float(text) <= MOST_WEIGHT
    except ValueError:
        return False


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
        BadData: why there is none.
    """
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
