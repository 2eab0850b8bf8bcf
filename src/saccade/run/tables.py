"""CSV files that a spreadsheet can open safely."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from saccade.run import durable


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A CSV file, whole or not there. Text that a spreadsheet would run as a formula is quoted."""
    durable.write_bytes(path, as_lines((header, *rows)))


def as_lines(rows: Iterable[Sequence[object]]) -> bytes:
    """Rows as they stand in such a file.

    >>> as_lines([("=1+1", 2)])
    b"'=1+1,2\\n"
    """
    text = io.StringIO()
    plain = csv.writer(text, lineterminator="\n")
    quoting = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for row in rows:
        cells = [_cell(value) for value in row]
        # Before Python 3.13 a lone carriage return is not quoted, and read as the end of the row.
        odd = any(isinstance(cell, str) and "\r" in cell for cell in cells)
        (quoting if odd else plain).writerow(cells)
    return text.getvalue().encode("utf-8", "surrogateescape")


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a file that `write_table` wrote, as text."""
    lines = list(read_lines(path))
    return [dict(zip(lines[0], row, strict=False)) for row in lines[1:]]


def read_lines(path: Path) -> Iterator[list[str]]:
    """The same row by row, the header first."""
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        for row in csv.reader(file):
            yield [_text(cell) for cell in row]


FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _text(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(FORMULA):
        return "'" + value
    return value
