"""A scarcity curve as a table for the terminal, and as a page with one chart."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from saccade.run import durable
from saccade.view import page
from saccade.view.ribbons import Ribbon, draw_ribbons

RESULT = "scarcity.json"
HEADER = (
    "model",
    "begins",
    "labels a class",
    "labels",
    "test accuracy",
    "95 % interval",
    "seconds",
)
BEGINS = {
    "scratch": "from scratch",
    "augmented": "from scratch, augmented",
    "transfer": "with another's layers",
}
INTERVALS = {
    "t": "t, {seeds} seeds",
    "Wilson": "Wilson, 1 seed",
}
WHAT_INTERVALS_SAY = {
    "t": (
        "Student's t interval of the mean over the seeds: how much other draws of labelled "
        "pictures and other first weights would move it, with the same test pictures"
    ),
    "Wilson": "Wilson's interval of one training: how much other test pictures would move it",
}


def table_lines(folder: Path) -> list[str]:
    """The table in plain text and what follows from it, one string a line.

    Raises:
        BadRun: there is no curve in `folder`, or its file is damaged.
    """
    facts = durable.read_json(folder / RESULT)
    rows = [HEADER, *(_cells(point) for point in _ordered(facts["points"]))]
    widths = [max(len(cells[i]) for cells in rows) for i in range(len(HEADER))]
    lines = ["  ".join(f"{c:<{w}}" for c, w in zip(r, widths, strict=True)).rstrip() for r in rows]
    return [*lines, *sentences(facts)]


def write_scarcity(folder: Path) -> Path:
    """Writes `report.html`: what follows, the chart, the table.

    Raises:
        BadRun: there is no curve in `folder`, or its file is damaged.
    """
    facts = durable.read_json(folder / RESULT)
    points = _ordered(facts["points"])
    intervals = dict.fromkeys(point["interval"] for point in points)
    body = "".join(
        [
            f"<h1>{page.text(facts['data'])}, few labels</h1>",
            page.paragraph(page.text(facts["statement"])),
            *(page.paragraph(page.text(line), "notice") for line in sentences(facts)),
            page.section(
                "Accuracy against labelled pictures",
                draw_ribbons("test accuracy", "labelled pictures a class", _ribbons(points)),
                page.paragraph(
                    page.text(
                        f"A band is a 95 % interval. "
                        f"{'. '.join(WHAT_INTERVALS_SAY[name] for name in intervals)}. "
                        f"Pictures that were held out to choose weights by count as labelled."
                    ),
                    "quiet",
                ),
            ),
            page.section(
                "The numbers",
                page.table(
                    "facts", HEADER, [[page.text(cell) for cell in _cells(p)] for p in points]
                ),
            ),
        ]
    )
    target = folder / "report.html"
    durable.write_text(target, page.document(f"{facts['data']}, few labels", body))
    return target


def sentences(facts: Mapping[str, Any]) -> list[str]:
    """How many labels each transfer needs, in words."""
    return [_sentence(needed) for needed in facts["labels_needed"]]


def _sentence(needed: Mapping[str, Any]) -> str:
    rival = (
        f"the best net from scratch, {needed['rival']} with {_number(needed['rival_labels'])} "
        f"labels a class ({page.percent(needed['rival_accuracy'])})"
    )
    if needed["at_most"] is None:
        return (
            f"{needed['model']} does not match {rival}: it comes to "
            f"{page.percent(needed['best'])} with {_number(needed['best_labels'])} labels a class"
        )
    if needed["about"] is None:
        about = "no fewer were tried"
    else:
        about = f"about {_number(needed['about'])} on the line between what was measured"
    return (
        f"{needed['model']} needs at most {_number(needed['at_most'])} labels a class to match "
        f"{rival}: {page.percent(needed['share'], 1)} of its labels ({about})"
    )


def _ordered(points: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Model by model, as they came, with rising labels."""
    names = [*dict.fromkeys(point["model"] for point in points)]
    return sorted(points, key=lambda p: (names.index(p["model"]), p["labels_per_class"]))


def _ribbons(points: Sequence[Mapping[str, Any]]) -> list[Ribbon]:
    told = ("labels_per_class", "accuracy", "low", "high")
    lines: dict[str, list[Any]] = {}
    for point in points:
        lines.setdefault(point["model"], []).append(tuple(point[name] for name in told))
    return [Ribbon(name, line) for name, line in lines.items()]


def _cells(point: Mapping[str, Any]) -> tuple[str, ...]:
    count = point["per_class"]
    return (
        point["model"],
        BEGINS[point["start"]],
        f"all ({_number(point['labels_per_class'])})" if count is None else f"{count:,}",
        f"{point['labels']:,}",
        page.percent(point["accuracy"]),
        f"{100 * point['low']:.2f} to {100 * point['high']:.2f} "
        f"({INTERVALS[point['interval']].format(seeds=point['seeds'])})",
        f"{point['seconds']:.1f}",
    )


def _number(labels: float) -> str:
    """Labels a class: a mean, where the classes differ.

    >>> _number(5.0), _number(143.8), _number(1_200.5), _number(1.4)
    ('5', '144', '1,200', '1.4')
    """
    return f"{labels:.1f}".removesuffix(".0") if labels < 10 else f"{labels:,.0f}"
