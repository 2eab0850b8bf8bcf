"""Freeze or not, as a table and as a page."""

import pytest

from saccade.run import durable
from saccade.view.freezing import table_lines, write_freezing


def line(rung, **changes):
    return {
        "rung": rung,
        "id": "transfer",
        "adds": f"what {rung} adds",
        "parameters": 1234,
        "seconds": 5.0,
        "images_per_second": 99.0,
        "test": {"accuracy": 0.65, "low": 0.6, "high": 0.7, "loss": 0.3, "n": 1000},
        "band": [0.59, 0.70],
        "in_band": True,
        "above_band": False,
        "steered": None,
        "missing": "",
        **changes,
    }


@pytest.fixture
def folder(tmp_path):
    missing = {"rung": "L3", "id": "L3-transfer", "adds": "a net", "test": None}
    rows = [line("frozen"), line("all", band=None), {**missing, "missing": "no <weights>"}]
    durable.write_json(tmp_path / "ladder.json", {"data": "f", "statement": "<s>", "rows": rows})
    return tmp_path


def test_a_line_says_what_learns_and_where_it_lies(folder):
    header, frozen, everything, missing, why = table_lines(folder)
    assert "trainable" in header
    assert "1,234" in frozen and frozen.endswith("in its band 59.00 to 70.00")
    assert everything.endswith("65.00 (60.00 to 70.00)")
    assert missing.startswith("L3") and missing.endswith("missing")
    assert why == "L3 is missing: no <weights>"


def test_the_page_has_a_dot_for_each_row_that_is_there(folder):
    page = write_freezing(folder).read_text("utf-8")
    assert page.count("<circle") == 2
    assert "<p>L3 is missing: no &lt;weights&gt;</p>" in page and "&lt;s&gt;" in page
