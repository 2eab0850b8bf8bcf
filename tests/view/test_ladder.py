"""A ladder as a table and as a page."""

import pytest

from saccade.run import durable
from saccade.view.ladder import table_lines, write_ladder


def line(rung, original="G4.2", best=0.99, **changes):
    return {
        "rung": rung,
        "id": original,
        "adds": f"what {rung} adds",
        "parameters": 1234,
        "seconds": 5.0,
        "images_per_second": None,
        "test": {"accuracy": 0.9, "low": 0.88, "high": 0.92, "loss": 0.3, "n": 1000},
        "best_watched_accuracy": best,
        "reported": 0.91,
        "band": None,
        "in_band": None,
        "above_band": None,
        "judged_by": "best watched",
        "watched_loss_climbs": None,
        "steered": None,
        **changes,
    }


@pytest.fixture
def ladder(tmp_path):
    def write(*rows):
        facts = {"data": "mnist", "statement": "pictures <b>", "rows": list(rows)}
        durable.write_json(tmp_path / "ladder.json", facts)
        return tmp_path

    return write


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"in_band": True, "above_band": False}, "in its band 89.00 to 92.00"),
        ({"in_band": True, "above_band": True}, "above its band 89.00 to 92.00"),
        ({"in_band": False, "above_band": False}, "BELOW its band 89.00 to 92.00"),
        ({"band": None, "steered": "stopped at step 400"}, "stopped at step 400"),
    ],
)
def test_a_line_says_where_its_figure_lies(ladder, changes, words):
    lines = table_lines(ladder(line("conv", "G3.0", **{"band": [0.89, 0.92], **changes})))
    assert lines[1].endswith(words)
    assert lines[1].split()[:2] == ["conv", "G3.0"]


@pytest.mark.parametrize(
    "best, words",
    [(0.98, "stays lower, 98.00 against 99.00 %, as the deck says"),
     (0.995, "does not stay lower, 99.50 against 99.00 %, the deck says otherwise")],
)  # fmt: skip
def test_the_net_without_batch_norm_is_held_against_the_one_with_it(ladder, best, words):
    lines = table_lines(ladder(line("conv-bn"), line("conv-wide", best=best)))
    assert lines[-1].endswith(words)
    assert len(table_lines(ladder(line("conv-bn")))) == 2


def test_the_climbing_loss_is_told_as_it_is(ladder):
    rows = (
        line("mlp-relu", "G2.1", watched_loss_climbs=True),
        line("mlp-dropout", "G2.2", watched_loss_climbs=True),
    )
    first, second = table_lines(ladder(*rows))[-2:]
    assert first == "G2.1: the watched loss climbs after its lowest, as the deck says"
    assert second == "G2.2: the watched loss climbs after its lowest, the deck says otherwise"


def test_the_page_has_every_rung_and_takes_names_for_text(ladder):
    page = write_ladder(ladder(line("conv-bn"), line("conv-wide"))).read_text("utf-8")
    assert page.count("what conv-bn adds") == page.count("what conv-wide adds") == 1
    assert "<svg" in page
    assert "pictures &lt;b&gt;" in page
