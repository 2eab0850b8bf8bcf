"""Tables go out and come back, and a spreadsheet runs none of their text."""

import csv
import os

import pytest

from saccade.run.tables import read_table, write_table


def test_a_table_comes_back_as_text(tmp_path):
    write_table(tmp_path / "t.csv", ("name", "n"), [("a", 1), ("b", 0.5), ("", "")])
    assert read_table(tmp_path / "t.csv") == [
        {"name": "a", "n": "1"},
        {"name": "b", "n": "0.5"},
        {"name": "", "n": ""},
    ]
    assert (tmp_path / "t.csv").read_bytes() == b"name,n\na,1\nb,0.5\n,\n"


@pytest.mark.parametrize(
    "text", ["a,b", 'say "hi"', "two\nlines", "two\rlines", "two\r\nlines", "猫 кот", " space "]
)
def test_any_text_survives(tmp_path, text):
    write_table(tmp_path / "t.csv", ("name", "n"), [(text, 1), ("next", 2)])
    assert [row["name"] for row in read_table(tmp_path / "t.csv")] == [text, "next"]


def test_names_that_are_not_utf_8_survive(tmp_path):
    name = os.fsdecode(b"caf\xe9.png")
    write_table(tmp_path / "t.csv", ("name",), [(name,)])
    assert read_table(tmp_path / "t.csv") == [{"name": name}]


FORMULAS = ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("x")']


@pytest.mark.parametrize("text", FORMULAS)
def test_text_that_a_spreadsheet_would_run_is_quoted(tmp_path, text):
    write_table(tmp_path / "t.csv", ("name",), [(text,)])
    with (tmp_path / "t.csv").open(newline="") as file:
        (_, (cell,)) = list(csv.reader(file))
    assert cell.startswith("'")
    assert cell.endswith(text.strip())


@pytest.mark.parametrize("text", FORMULAS)
def test_a_header_that_a_spreadsheet_would_run_is_quoted_too(tmp_path, text):
    write_table(tmp_path / "t.csv", ("label", text), [("a", 1)])
    with (tmp_path / "t.csv").open(newline="") as file:
        header = next(csv.reader(file))
    assert header[1].startswith("'")


def test_negative_numbers_stay_numbers(tmp_path):
    write_table(tmp_path / "t.csv", ("n",), [(-1,), (-0.5,)])
    assert [row["n"] for row in read_table(tmp_path / "t.csv")] == ["-1", "-0.5"]
