"""CSV files that a spreadsheet can open safely."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from saccade.run import durable


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A CSV file, whole or not there. Text that a spreadsheet would run as a formula is quoted."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    durable.write_bytes(path, text.getvalue().encode("utf-8", "surrogateescape"))


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file with a header, as text."""
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        return list(csv.DictReader(file))


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return "'" + value
    return value
