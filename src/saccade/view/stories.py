"""A story of the ladder: what it claims and whether that holds, its table, its charts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from saccade.run import durable
from saccade.view import page
from saccade.view.chart import Chart, Series, draw
from saccade.view.dots import Dot, draw_dots
from saccade.view.ribbons import Ribbon, draw_ribbons

RESULT = "ladder.json"
HEADER = ("", "what is other", "model", "parameters", "seconds", "train", "validation", "deck", "")
VERDICTS = {True: "holds", False: "the data does not bear it out", None: "too close to say"}


def table_lines(folder: Path) -> list[str]:
    """The table in plain text and a line a claim.

    Raises:
        BadRun: the file in `folder` is damaged.
    """
    facts = durable.read_json(folder / RESULT)
    rows = [HEADER, *map(_cells, facts["rows"])]
    widths = [max(len(cells[i]) for cells in rows) for i in range(len(HEADER))]
    lines = ["  ".join(f"{c:<{w}}" for c, w in zip(r, widths, strict=True)).rstrip() for r in rows]
    return [*lines, *map(sentence, facts.get("claims", []))]


def write_story(folder: Path) -> Path:
    """Writes `report.html` beside the runs: claims, charts, table.

    Raises:
        BadRun: the file in `folder` is damaged.
    """
    facts = durable.read_json(folder / RESULT)
    title = f"{facts['data']}, {facts['title']}"
    charts = [_section(chart) for chart in facts.get("charts", [])]
    body = "".join(
        [
            f"<h1>{page.text(title)}</h1>",
            page.paragraph(page.text(facts["statement"])),
            page.section(
                "What it shows",
                page.items([page.text(sentence(claim)) for claim in facts.get("claims", [])]),
                page.paragraph(
                    "Differences are of accuracies on validation, in points, with their 95 % "
                    "intervals: of one seed how much other pictures would move them, of several "
                    "how much other first weights would. A claim holds if all of the interval "
                    "says so; one of losses or of steps, if every seed does.",
                    "quiet",
                ),
            ),
            *charts,
            page.section(
                "The numbers",
                page.table(
                    "facts",
                    HEADER,
                    [[page.text(cell) for cell in _cells(row)] for row in facts["rows"]],
                ),
                page.paragraph(
                    "Accuracies of the last step, with 95 % intervals for all seeds' answers; "
                    "train is answered once more by the weights at the end, at most 2,000 of its "
                    "pictures. Nothing was chosen by test.",
                    "quiet",
                ),
            ),
        ]
    )
    target = folder / "report.html"
    durable.write_text(target, page.document(title, body))
    return target


def sentence(claim: Mapping[str, Any]) -> str:
    """A claim, what was found, and the verdict.

    >>> found = {"says": "deeper is worse", "found": "-3.1 points (-4.0 to -2.2)", "holds": True}
    >>> sentence(found)
    'deeper is worse: -3.1 points (-4.0 to -2.2); holds'
    """
    return f"{claim['says']}: {claim['found']}; {VERDICTS[claim['holds']]}"


def _section(chart: Mapping[str, Any]) -> str:
    title = chart["title"]
    if chart["kind"] == "lines":
        ribbons = [Ribbon(name, line) for name, line in chart["lines"].items()]
        drawn = draw_ribbons(title, chart["across"], ribbons)
        words = f"Across: {chart['across']}. A band is a 95 % interval."
    elif chart["kind"] == "curves":
        drawn, words = _drawn_curves(chart), f"Across: {chart['across']}."
    else:
        drawn = draw_dots(
            title,
            [
                Dot(name, value, (low, high), chart["beside"][name])
                for name, (value, low, high) in chart["dots"].items()
            ],
        )
        words = (
            "A dot is the accuracy on validation with its interval, a line across that of train."
        )
    return page.section(title.capitalize(), drawn, page.paragraph(page.text(words), "quiet"))


def _drawn_curves(chart: Mapping[str, Any]) -> str:
    curves: Mapping[str, Sequence[tuple[float, float]]] = chart["curves"]
    heights = [y for points in curves.values() for _, y in points]
    margin = 0.04 * (max(heights) - min(heights)) or 0.04
    low, high = min(heights) - margin, max(heights) + margin
    series = [Series(name, points) for name, points in curves.items()]
    drawn = draw(Chart(chart["unit"], chart["across"], series, low, high))
    # A second column, though empty: it is drawn for half of the width.
    return f'<div class="pair"><div>{drawn}</div><div></div></div>'


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    seconds, reported = row["seconds"], row["reported"]
    return (
        row["rung"],
        row["adds"],
        row["id"],
        f"{row['parameters']:,}",
        "" if seconds is None else f"{seconds:.1f}",
        _accuracy(row["train"]),
        _accuracy(row["validation"]),
        "" if reported is None else f"{100 * reported:.1f}",
        row["steered"] or "",
    )


def _accuracy(told: Mapping[str, float]) -> str:
    return f"{100 * told['accuracy']:.2f} ({100 * told['low']:.2f} to {100 * told['high']:.2f})"
