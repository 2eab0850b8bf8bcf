"""What is written of each picture, and that it is read as it was written."""

import numpy as np
import pytest

from saccade.core.calibration import Calibration, Conformal, Reject, identity
from saccade.data.listing import Found
from saccade.data.place import Directory
from saccade.run.tables import as_lines, read_lines
from saccade.score.scoring import Block
from saccade.score.table import Column, Row, Table, confidence_columns

CLASSES = ("cat", "=dog")
SUM = Column("sum", lambda logits: logits.sum(axis=1).tolist(), number=True)


@pytest.fixture
def block(tmp_path):
    place = Directory(tmp_path)
    labels = ("=dog", "", "cat")
    found = [Found(place, f"{i}.png", "test", label, f"-{i}.png") for i, label in enumerate(labels)]
    logits = np.array([[0.0, 2.0], [0.0, 0.0], [-5.0, -8.0]])
    pixels, sure = np.zeros((3, 2, 2, 1), np.uint8), identity(2).probabilities(logits)
    return Block(0, found, ["", "truncated: cut", ""], pixels, logits, sure)


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("probabilities", [True, False])
@pytest.mark.parametrize("more", [(), (SUM,)])
def test_rows_fit_the_header_and_come_back(block, tmp_path, labelled, probabilities, more):
    table = Table(CLASSES, labelled, probabilities, more)
    rows = table.rows(block)
    assert {len(row) for row in rows} == {len(table.header)}
    (tmp_path / "t.csv").write_bytes(as_lines([table.header, *rows]))
    header, *read = read_lines(tmp_path / "t.csv")
    assert header == table.header
    expected = [
        Row("=dog" if labelled else "", "=dog", 0.880797, ""),
        Row("", "", 0.0, "truncated: cut"),
        Row("cat" if labelled else "", "cat", 0.952574, ""),
    ]
    assert [table.read(row) for row in rows] == [table.read(row) for row in read] == expected
    assert [row[0] for row in read] == ["-0.png", "-1.png", "-2.png"]


def test_all_columns_in_their_order(block):
    table = Table(CLASSES, True, True, (SUM,))
    assert table.header == [
        *("path", "label", "predicted", "probability", "sum", "problem"),
        *("probability_cat", "probability_=dog"),
    ]
    assert table.numbers == {"probability", "sum", "probability_cat", "probability_=dog"}
    first, second, third = table.rows(block)
    assert first == ["-0.png", "=dog", "=dog", "0.880797", 2.0, "", "0.119203", "0.880797"]
    assert second == ["-1.png", "", "", "", "", "truncated: cut", "", ""]
    assert third[4] == -13.0


def test_a_class_may_have_the_name_of_a_column(block):
    table = Table(("path", "problem"), False, True)
    assert len(set(table.header)) == len(table.header)


def test_a_calibrated_network_says_what_to_do_with_each_answer(block):
    careful = Reject(precision=0.9, threshold=0.9, coverage=0.5, n=10)
    sets = Conformal(0.9, "LAC", 0.9)
    calibration = Calibration("none", (1.0, 1.0), (0.0, 0.0), careful, None, sets)
    table = Table(CLASSES, False, False, confidence_columns(calibration, CLASSES))
    assert table.header[3:] == ["decision", "unknown_score", "possible", "problem"]
    first, second, third = table.rows(block)
    assert first[3] == "reject" and first[5] == '["=dog", "cat"]'
    assert second[3:6] == ["", "", ""]
    assert third[3] == "accept" and third[5] == '["cat"]'
    assert float(first[4]) == round(float(first[4]), 6)


def test_one_that_is_not_calibrated_says_nothing_of_it():
    assert confidence_columns(None, CLASSES) == ()
