"""How it learned: accuracy and loss over the steps."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Literal

from saccade.run.control import WITH_VALUE
from saccade.run.interventions import told
from saccade.view import page
from saccade.view.chart import Chart, Mark, Point, Series, draw
from saccade.view.story import Story

What = Literal["accuracy", "loss"]

EARLY = 1 / 20  # of the steps: what they do must not flatten the rest of the curve
MOST_SMOOTHING = 101
MOST_MOMENTS = 5  # are told in the text


def curves(story: Story) -> str:
    """Both charts, and how to read them."""
    if not story.losses:
        return page.section("Curves", page.paragraph("No step was done, so there is no curve."))
    window = smoothing(len(story.losses))
    charts = [_chart(story, what, window) for what in ("accuracy", "loss")]
    split = story.facts["recipe"]["watch"]
    count = story.facts["data"][split]
    train = f"means over {window} steps" if window > 1 else "every step"
    notes = [
        f"Train: the batches, measured while learning, {train}. "
        f"{split.capitalize()}: all {count:,} pictures, at every evaluation."
    ]
    if not story.evaluations:
        notes.append(f"The {split} pictures were never evaluated before the run ended.")
    notes += _asked(story)
    notes += [note for _, note in charts if note]
    pictures = "".join(f"<div>{svg}</div>" for svg, _ in charts)
    return page.section(
        "Curves",
        f'<div class="pair">{pictures}</div>',
        page.paragraph(page.text(" ".join(notes)), "quiet"),
    )


def smoothing(steps: int) -> int:
    """How many steps a point of the train curve is the mean of: few, and an odd number.

    >>> smoothing(30), smoothing(195), smoothing(10_001)
    (1, 5, 101)
    """
    return min(MOST_SMOOTHING, steps // 40 // 2 * 2 + 1)


def smoothed(points: Sequence[Point], window: int) -> list[Point]:
    """Every value replaced by the mean of the `window` values around it, fewer at the ends.

    >>> smoothed([(1, 0.0), (2, 3.0), (3, 3.0)], 3)
    [(1, 1.5), (2, 2.0), (3, 3.0)]
    """
    sums = [0.0, *accumulate(y for _, y in points)]
    reach = window // 2
    ends = [(max(0, i - reach), min(len(points), i + reach + 1)) for i in range(len(points))]
    return [(x, (sums[b] - sums[a]) / (b - a)) for (x, _), (a, b) in zip(points, ends, strict=True)]


def shown_range(
    curves: Sequence[Sequence[Point]], floor: float, ceiling: float
) -> tuple[float, float]:
    """The values a chart should span so that its curves fill it.

    The first twentieth of the steps is left outside where it would take up most of the chart.

    >>> falling = [(step, 2.0 if step < 3 else 0.5 - step / 250) for step in range(100)]
    >>> tuple(round(end, 2) for end in shown_range([falling], 0.0, 9.0))
    (0.09, 0.5)
    """
    points = [point for curve in curves for point in curve]
    steps = [x for x, _ in points]
    start = min(steps) + EARLY * (max(steps) - min(steps))
    everything = [y for _, y in points]
    later = [y for x, y in points if x >= start]
    span = max(later) - min(later)
    shown = later if 0 < 2 * span < max(everything) - min(everything) else everything
    low, high = min(shown), max(shown)
    margin = 0.04 * (high - low) or 0.04 * abs(high) or 0.04
    return max(floor, low - margin), min(ceiling, high + margin)


def _moments(story: Story) -> list[tuple[float, str]]:
    """When something was asked that bends the curves, and what."""
    changes = [event for event in story.interventions if event["request"] in WITH_VALUE]
    return [(event["step"], *told([event])) for event in changes]


def _asked(story: Story) -> list[str]:
    words = [text for _, text in _moments(story)]
    if not words:
        return []
    rest = f"; {len(words) - MOST_MOMENTS:,} more below" if len(words) > MOST_MOMENTS else ""
    return [f"Grey lines, asked on the way: {'; '.join(words[:MOST_MOMENTS])}{rest}."]


def _chart(story: Story, what: What, window: int) -> tuple[str, str]:
    """The chart, and a note on what lies outside it."""
    factor, unit, ceiling = (100.0, " %", 100.0) if what == "accuracy" else (1.0, "", float("inf"))
    batches = story.accuracies if what == "accuracy" else story.losses
    train = [(x, factor * y) for x, y in smoothed(batches, window)]
    watched = [(e["step"], factor * e[what]) for e in story.evaluations if e[what] is not None]
    low, high = shown_range([train, watched], 0.0, ceiling)
    series = [Series("train", train)]
    if watched:
        series.append(Series(story.facts["recipe"]["watch"], watched, dots=True))
    best = story.best
    mark = None
    if best is not None and best[what] is not None:
        words = "best watched" if story.watched_test else "best"
        mark = Mark((best["step"], factor * best[what]), f"{words}: step {best['step']:,}")
    svg = draw(Chart(what, "step", series, low, high, unit, mark, _moments(story)))
    first = train[0][1]
    if low <= first <= high:
        return svg, ""
    return svg, f"The first steps' {what} is outside the chart: it starts at {first:.3g}{unit}."
