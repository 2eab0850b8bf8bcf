"""A ladder's rows as a table for the terminal and as a page with one chart."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from saccade.run import durable
from saccade.view import page
from saccade.view.dots import Dot, draw_dots

HEADER = (
    "rung",
    "original",
    "adds",
    "parameters",
    "seconds",
    "images/s",
    "test, last step",
    "best",
    "deck",
    "",
)


def table_lines(folder: Path) -> list[str]:
    """The table in plain text, one string a line.

    Raises:
        BadRun: there is no ladder in `folder`, or its file is damaged.
    """
    rows = [HEADER, *(_cells(row) for row in _rows(folder))]
    widths = [max(len(cells[i]) for cells in rows) for i in range(len(HEADER))]
    lines = ["  ".join(f"{c:<{w}}" for c, w in zip(r, widths, strict=True)).rstrip() for r in rows]
    return [*lines, *_notes(_rows(folder))]


def write_ladder(folder: Path) -> Path:
    """Writes `report.html` beside the runs: the chart, the table, links to every run's report.

    Raises:
        BadRun: there is no ladder in `folder`, or its file is damaged.
    """
    facts, rows = durable.read_json(folder / "ladder.json"), _rows(folder)
    dots = [
        Dot(
            row["rung"],
            row["test"]["accuracy"],
            (row["test"]["low"], row["test"]["high"]),
            row["reported"],
        )
        for row in rows
    ]
    body = "".join(
        [
            f"<h1>{page.text(facts['data'])}, the ladder</h1>",
            page.paragraph(page.text(facts["statement"])),
            page.section(
                "Accuracy, rung by rung",
                draw_dots("accuracy on test", dots),
                page.paragraph(
                    "A dot is the test accuracy of the last step with its 95 % interval; a line "
                    "across is what the deck reports, its best watched accuracy."
                ),
            ),
            page.section(
                "The numbers",
                page.table(
                    "facts", HEADER, [[page.text(cell) for cell in _cells(row)] for row in rows]
                ),
                page.items([page.text(note) for note in _notes(rows)]),
            ),
        ]
    )
    target = folder / "report.html"
    durable.write_text(target, page.document(f"{facts['data']} ladder", body))
    return target


def _rows(folder: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = durable.read_json(folder / "ladder.json")["rows"]
    return rows


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    test, reported = row["test"], row["reported"]
    return (
        row["rung"],
        row["id"],
        row["adds"],
        f"{row['parameters']:,}",
        f"{row['seconds']:.1f}",
        f"{row['images_per_second'] or 0:,.0f}",
        f"{100 * test['accuracy']:.2f} ({100 * test['low']:.2f} to {100 * test['high']:.2f})",
        f"{100 * row['best_watched_accuracy']:.2f}",
        "" if reported is None else f"{100 * reported:.2f}",
        verdict(row),
    )


def verdict(row: Mapping[str, Any]) -> str:
    """Where a row lies beside its band, or why it is not judged; "" where it has none."""
    if row.get("steered"):
        return str(row["steered"])
    if row["band"] is None:
        return ""
    low, high = (f"{100 * edge:.2f}" for edge in row["band"])
    if row["above_band"]:
        return f"above its band {low} to {high}"
    return f"{'in' if row['in_band'] else 'BELOW'} its band {low} to {high}"


def _notes(rows: list[dict[str, Any]]) -> list[str]:
    """What the course says of overfitting and of batch norm, held against these runs."""
    climbing = {row["id"]: row["watched_loss_climbs"] for row in rows}
    notes = []
    for name, expected in (("G2.1", True), ("G2.2", False)):
        if climbing.get(name) is not None:
            what = "climbs" if climbing[name] else "does not climb"
            agrees = "as the deck says" if climbing[name] == expected else "the deck says otherwise"
            notes.append(f"{name}: the watched loss {what} after its lowest, {agrees}")
    best = {row["rung"]: row["best_watched_accuracy"] for row in rows if row["id"] == "G4.2"}
    if len(best) == 2:
        lower = best["conv-wide"] < best["conv-bn"]
        notes.append(
            f"G4.2: without batch norm the same net {'stays' if lower else 'does not stay'} lower, "
            f"{100 * best['conv-wide']:.2f} against {100 * best['conv-bn']:.2f} %, "
            f"{'as the deck says' if lower else 'the deck says otherwise'}"
        )
    return notes
