"""The confusion matrix, with numbers for few classes and colours for many."""

import numpy as np

from saccade.run.tables import read_table
from saccade.view.confusion import confused_pairs


def test_the_confusion_matrix_has_the_counts_of_confusion_csv(digits_run, tell, look):
    for run, size in ((digits_run, 10), (tell(), 2)):
        page = look(run)
        rows = [list(r.values())[1:] for r in read_table(run.path / "eval" / "confusion.csv")]
        cells = [e for e in page.all("td") if "--share" in e.attributes.get("style", "")]
        counts = [int(cell) for row in rows for cell in row if cell != "0"]
        assert len(rows) == size and [int(cell.text) for cell in cells] == counts
        assert [len(page.all("td", kind)) > 0 for kind in ("right", "wrong")] == [True, True]
        assert len(page.all("td", "right")) == sum(row[i] != "0" for i, row in enumerate(rows))


def test_thirty_classes_get_colours_and_the_ten_most_confused_pairs(tell, look):
    labels = tuple(range(30)) * 4
    answers = tuple((label + (i < 45)) % 30 for i, label in enumerate(labels))
    page = look(
        tell(classes=tuple(f"class {i}" for i in range(30)), labels=labels, answers=answers)
    )
    assert page.errors == []
    assert len(page.all("rect", "right")) == 30 and len(page.all("rect", "wrong")) == 30
    assert "class 0 taken for class 1: 2" in [e.text for e in page.all("rect", "wrong")]
    assert page.part("Confusion").count(" taken for ") == 30 + 10
    assert "class 0 taken for class 1: 2 of 4 (50.0 %)" in [e.text for e in page.all("li")]


def test_pairs_come_most_frequent_first():
    matrix = np.array([[8, 2, 0], [7, 9, 3], [5, 0, 5]])
    assert confused_pairs(matrix.tolist(), 3) == [(7, 1, 0), (5, 2, 0), (3, 1, 2)]
