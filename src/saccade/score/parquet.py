"""The same rows as Parquet, for those who have pyarrow."""

from collections.abc import Collection, Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

from saccade.core.errors import MissingFile

ROWS = 10_000  # of a group, which is in memory as a whole


def check_parquet() -> None:
    """Says so if it can't be written, before hours of work.

    Raises:
        MissingFile: pyarrow is not installed.
    """
    if find_spec("pyarrow") is None:
        raise MissingFile("Parquet takes pyarrow: pip install 'saccade[parquet]'; or write a .csv")


def write_parquet(rows: Iterator[Sequence[str]], numbers: Collection[str], path: Path) -> None:
    """A file of rows of text, the first of them the columns' names; "" is null.

    Columns in `numbers` are float64, the others text.

    Raises:
        MissingFile: pyarrow is not installed.
    """
    check_parquet()
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    header = list(next(rows))
    types = [arrow.float64() if name in numbers else arrow.string() for name in header]
    schema = arrow.schema(list(zip(map(_text, header), types, strict=True)))
    with parquet.ParquetWriter(path, schema) as writer:
        while some := list(islice(rows, ROWS)):
            columns = [
                [_value(cell, name in numbers) for cell in cells]
                for name, cells in zip(header, zip(*some, strict=True), strict=True)
            ]
            arrays = [arrow.array(c, type=t) for c, t in zip(columns, types, strict=True)]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))


def _value(cell: str, is_number: bool) -> float | str | None:
    if not cell:
        return None
    return float(cell) if is_number else _text(cell)


def _text(name: str) -> str:
    """A file's name may be no UTF-8, and is then shown with backslashes."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
