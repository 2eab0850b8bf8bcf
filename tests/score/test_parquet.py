"""The same rows as Parquet. Without pyarrow: that it is said in time."""

import os

import pytest

from saccade.core.errors import MissingFile
from saccade.score import parquet
from saccade.score.parquet import check_parquet, write_parquet

ROWS = [["path", "label", "probability"], ["a", "", "0.5"], [os.fsdecode(b"\xe9"), "é", ""]]


def test_rows_come_back_in_groups(tmp_path, monkeypatch):
    read = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(parquet, "ROWS", 2)
    rows = [*ROWS, *([f"{i}", "x", f"{i / 8}"] for i in range(5))]
    write_parquet(iter(rows), {"probability"}, tmp_path / "t.parquet")
    table = read.read_table(tmp_path / "t.parquet")
    assert [str(field.type) for field in table.schema] == ["string", "string", "double"]
    values = [list(row.values()) for row in table.to_pylist()]
    assert values[:2] == [["a", None, 0.5], ["\\xe9", "é", None]]
    assert values[2:] == [[f"{i}", "x", i / 8] for i in range(5)]
    assert read.ParquetFile(tmp_path / "t.parquet").num_row_groups == 4


def test_no_rows_are_a_table_too(tmp_path):
    read = pytest.importorskip("pyarrow.parquet")
    write_parquet(iter(ROWS[:1]), (), tmp_path / "t.parquet")
    assert read.read_table(tmp_path / "t.parquet").num_rows == 0


def test_without_pyarrow_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(parquet, "find_spec", lambda name: None)
    with pytest.raises(MissingFile, match=r"pip install 'saccade\[parquet\]'"):
        check_parquet()
