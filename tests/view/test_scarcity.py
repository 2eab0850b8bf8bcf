"""A scarcity curve as a table, as sentences and as a page."""

import pytest

from saccade.run import durable
from saccade.view.scarcity import sentences, table_lines, write_scarcity

POINT = {
    "model": "conv",
    "start": "scratch",
    "per_class": 5,
    "labels": 50,
    "labels_per_class": 5.0,
    "seeds": 3,
    "accuracy": 0.5,
    "low": 0.4,
    "high": 0.6,
    "interval": "t",
    "seconds": 1.5,
}
NEEDED = {
    "model": "base",
    "rival": "conv",
    "rival_accuracy": 0.8,
    "rival_labels": 143.8,
    "at_most": 10.0,
    "about": 6.7,
    "share": 10 / 143.8,
    "best": 0.9,
    "best_labels": 143.8,
}


@pytest.fixture
def folder(tmp_path):
    points = [
        POINT,
        {**POINT, "model": "<base>", "start": "transfer", "interval": "Wilson", "seeds": 1},
        {**POINT, "per_class": None, "labels": 1438, "labels_per_class": 143.8},
    ]
    facts = {"data": "digits", "statement": "pictures <b>", "points": points}
    durable.write_json(tmp_path / "scarcity.json", {**facts, "labels_needed": [NEEDED]})
    return tmp_path


def test_the_table_goes_model_by_model_and_says_which_interval(folder):
    header, *rows, sentence = table_lines(folder)
    assert header.split()[:2] == ["model", "begins"]
    assert [row.split()[0] for row in rows] == ["conv", "conv", "<base>"]
    assert "all (144)" in rows[1]
    assert "40.00 to 60.00 (t, 3 seeds)" in rows[0]
    assert "(Wilson, 1 seed)" in rows[2]
    assert sentence.startswith("base needs at most 10 labels a class to match")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "base needs at most 10 labels a class to match the best net from scratch, conv with "
             "144 labels a class (80.00 %): 7.0 % of its labels (about 6.7 on the line between "
             "what was measured)"),
        ({"about": None}, "(no fewer were tried)"),
        ({"at_most": None}, "base does not match the best net from scratch, conv with 144 labels "
                            "a class (80.00 %): it comes to 90.00 % with 144 labels a class"),
    ],
)  # fmt: skip
def test_how_many_labels_it_takes_is_said_as_it_is(changes, words):
    [said] = sentences({"labels_needed": [{**NEEDED, **changes}]})
    assert said.endswith(words)


def test_the_page_has_one_chart_and_explains_its_bands(folder):
    page = write_scarcity(folder).read_text("utf-8")
    assert page.count("<svg") == 1
    assert page.count('class="ribbon"') == page.count('class="lined"') == 2
    assert "labelled pictures a class" in page
    assert "Student&#x27;s t interval" in page and "Wilson&#x27;s interval" in page
    assert "<base>" not in page and "&lt;base&gt;" in page
    assert "pictures &lt;b&gt;" in page
    assert "needs at most 10 labels a class" in page
