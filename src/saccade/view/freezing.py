"""Freeze or not, as a table for the terminal and as a page with one chart."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from saccade.run import durable
from saccade.view import page
from saccade.view.dots import Dot, draw_dots
from saccade.view.ladder import verdict

RESULT = "ladder.json"
HEADER = ("", "what learns", "recipe", "trainable", "seconds", "images/s", "test", "")


def table_lines(folder: Path) -> list[str]:
    """The table in plain text, one string a line.

    Raises:
        BadRun: the file in `folder` is damaged.
    """
    told = _facts(folder)["rows"]
    rows = [HEADER, *(_cells(row) for row in told)]
    widths = [max(len(cells[i]) for cells in rows) for i in range(len(HEADER) - 1)]
    return ["  ".join(_padded(cells, widths)).rstrip() for cells in rows] + _missing(told)


def write_freezing(folder: Path) -> Path:
    """Writes `report.html` beside the runs: the chart and the table.

    Raises:
        BadRun: the file in `folder` is damaged.
    """
    facts = _facts(folder)
    body = "".join(
        [
            f"<h1>{page.text(facts['data'])}, freeze or not</h1>",
            page.paragraph(page.text(facts["statement"])),
            page.section(
                "Accuracy",
                draw_dots("accuracy on test", _dots(facts["rows"])),
                page.paragraph("A dot is the test accuracy, with its 95 % interval."),
            ),
            page.section(
                "The numbers",
                page.table(
                    "facts",
                    HEADER,
                    [[page.text(cell) for cell in _cells(row)] for row in facts["rows"]],
                ),
                *(page.paragraph(page.text(line)) for line in _missing(facts["rows"])),
                page.paragraph(
                    "Seconds are all it took: compilation, the base's run over the pictures unless "
                    "what it makes of them was kept from before, and, where the base is tuned, the "
                    "frozen training that it begins with. Images/s are those of the updates alone.",
                    "quiet",
                ),
            ),
        ]
    )
    target = folder / "report.html"
    durable.write_text(target, page.document(f"{facts['data']}, freeze or not", body))
    return target


def _facts(folder: Path) -> dict[str, Any]:
    return durable.read_json(folder / RESULT)


def _padded(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    """The last cell is words, as long as they are."""
    return [f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=False)] + [cells[-1]]


def _dots(rows: Sequence[Mapping[str, Any]]) -> list[Dot]:
    return [
        Dot(row["rung"], row["test"]["accuracy"], (row["test"]["low"], row["test"]["high"]))
        for row in rows
        if not row["missing"]
    ]


def _missing(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is too long for a cell: why a net was not trained."""
    return [f"{row['rung']} is missing: {row['missing']}" for row in rows if row["missing"]]


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    if row["missing"]:
        return (row["rung"], row["adds"], row["id"], *[""] * 3, "missing", "")
    test = row["test"]
    return (
        row["rung"],
        row["adds"],
        row["id"],
        f"{row['parameters']:,}",
        f"{row['seconds']:.1f}",
        f"{row['images_per_second'] or 0:,.0f}",
        f"{100 * test['accuracy']:.2f} ({100 * test['low']:.2f} to {100 * test['high']:.2f})",
        verdict(row),
    )
