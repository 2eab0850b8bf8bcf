"""A story as a table and as a page."""

import pytest

from saccade.run import durable
from saccade.view.stories import sentence, table_lines, write_story


def line(rung, **changes):
    share = {"accuracy": 0.9, "low": 0.89, "high": 0.91, "loss": 0.3, "n": 1000}
    return {
        "rung": rung,
        "adds": f"what <{rung}> adds",
        "id": "mlp-deep, layer",
        "parameters": 1234,
        "seconds": 5.0,
        "train": {**share, "accuracy": 0.95},
        "validation": share,
        "reported": None,
        "steered": None,
        **changes,
    }


CHARTS = [
    {
        "kind": "lines",
        "title": "accuracy on validation",
        "across": "layers",
        "lines": {"plain": [[20, 0.92, 0.9, 0.93], [56, 0.88, 0.87, 0.9]]},
    },
    {
        "kind": "curves",
        "title": "length of the slope",
        "unit": "log10",
        "across": "layer",
        "curves": {"plain-56": [[1, -2.0], [2, -1.0]], "residual-56": [[1, -0.5], [2, -0.4]]},
    },
    {
        "kind": "gaps",
        "title": "the gap",
        "dots": {"nothing": [0.88, 0.87, 0.89]},
        "beside": {"nothing": 0.99},
    },
]


@pytest.fixture
def folder(tmp_path):
    claims = [
        {"says": "deeper is worse", "found": "-4.0 points", "holds": True, "margin": 0.04},
        {"says": "<b>", "found": "+1.0 points", "holds": False, "margin": -0.01},
        {"says": "who knows", "found": "+0.1 points", "holds": None, "margin": 0.001},
    ]
    rows = [
        line("plain-20", reported=0.975),
        line("plain-56", seconds=None, test=None, steered="diverged"),
    ]
    facts = {"data": "cifar10", "statement": "<s>", "story": "depth", "title": "depth"}
    told = {**facts, "rows": rows, "claims": claims, "charts": CHARTS}
    durable.write_json(tmp_path / "ladder.json", told)
    return tmp_path


def test_a_line_a_row_and_a_line_a_claim(folder):
    header, first, second, *claims = table_lines(folder)
    assert "validation" in header and "deck" in header
    assert "90.00 (89.00 to 91.00)" in first and first.endswith("97.5")
    assert second.endswith("diverged")
    assert claims == [
        "deeper is worse: -4.0 points; holds",
        "<b>: +1.0 points; the data does not bear it out",
        "who knows: +0.1 points; too close to say",
    ]


def test_the_page_has_the_claims_the_charts_and_the_table(folder):
    page = write_story(folder).read_text("utf-8")
    assert page.count('<svg class="chart') == 3
    assert page.count('class="ribbon"') == 1
    assert page.count('class="curve curve-0"') >= 1
    assert "what &lt;plain-20&gt; adds" in page and "&lt;b&gt;" in page and "<b>:" not in page
    assert "the data does not bear it out" in page


def test_a_story_that_was_broken_off_has_a_table_and_no_claims(tmp_path):
    facts = {"data": "d", "statement": "s", "story": "depth", "title": "t", "rows": [line("a")]}
    durable.write_json(tmp_path / "ladder.json", facts)
    assert len(table_lines(tmp_path)) == 2
    assert "<svg" not in write_story(tmp_path).read_text("utf-8")


def test_every_verdict_has_its_words():
    claim = {"says": "a", "found": "b"}
    assert len({sentence({**claim, "holds": holds}) for holds in (True, False, None)}) == 3
