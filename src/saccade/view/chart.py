"""A line chart as one piece of SVG: no script, colours from the page's style sheet."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

Point = tuple[float, float]

WIDTH, HEIGHT = 460, 300
LEFT, RIGHT, TOP, BOTTOM = 58, 22, 34, 42  # around the plot
MOST_POINTS = 600
MOST_DOTS = 40
_LETTER = 6.6  # what a letter of the legend takes, about


@dataclass(frozen=True)
class Series:
    """A curve: points (x, y) with rising x, all finite; `dots` marks each, if they are few."""

    name: str
    points: Sequence[Point]
    dots: bool = False


@dataclass(frozen=True)
class Mark:
    """A point worth finding again, and what it is."""

    point: Point
    text: str


@dataclass(frozen=True)
class Chart:
    """What is drawn; `low` and `high` bound y, and what lies outside is cut off.

    `moments` are places across, and what happened there.
    """

    title: str
    across: str
    series: Sequence[Series]
    low: float
    high: float
    unit: str = ""
    mark: Mark | None = None
    moments: Sequence[tuple[float, str]] = ()


@dataclass(frozen=True)
class _Frame:
    """Where values land inside the plot."""

    first: float
    last: float
    low: float
    high: float

    def x(self, value: float) -> float:
        return LEFT + (value - self.first) / (self.last - self.first) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        down = (self.high - value) / (self.high - self.low)
        return TOP + down * (HEIGHT - TOP - BOTTOM)


def draw(chart: Chart) -> str:
    """The chart as an <svg> that scales with its place.

    Its colours are the style sheet's: `curve-0` and on for the series, `axis`, `grid`, `mark`.

    >>> svg = draw(Chart("loss", "step", [Series("train", [(1, 2.3), (2, 1.1)])], 0, 2.5))
    >>> svg.count("<polyline"), "<title>loss: train</title>" in svg
    (1, True)
    """
    frame = _frame(chart)
    curves = "".join(_curve(i, series, frame, chart) for i, series in enumerate(chart.series))
    # The inner <svg> cuts off what lies outside the plot, give or take half a line.
    box = (LEFT - 4, TOP - 4, WIDTH - LEFT - RIGHT + 8, HEIGHT - TOP - BOTTOM + 8)
    names = ", ".join(series.name for series in chart.series)
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f"<title>{escape(chart.title)}: {escape(names)}</title>"
        f"{_axes(frame, chart)}{_legend(chart)}{_moments(chart, frame)}"
        f'<svg x="{box[0]}" y="{box[1]}" width="{box[2]}" height="{box[3]}"'
        f' viewBox="{" ".join(map(str, box))}">{curves}</svg>'
        f"{_mark(chart.mark, frame) if chart.mark else ''}</svg>"
    )


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """At most `most` round numbers from `low` to `high`, 1, 2 or 5 times a power of 10 apart.

    >>> nice_ticks(0.931, 1.0, 6), nice_ticks(0, 10_001, 6)
    ([0.94, 0.96, 0.98, 1.0], [0.0, 2000.0, 4000.0, 6000.0, 8000.0, 10000.0])
    """
    distance = 10.0 ** math.floor(math.log10((high - low) / most))
    for factor in (1, 2, 5, 10, 20):
        step = distance * factor
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < most:
            break
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return [round(step * i, digits) for i in range(first, last + 1)]


def thin(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """At most `most` of the points, the lowest and highest of every stretch among them.

    >>> spike = [(x, float(x == 5_000)) for x in range(10_000)]
    >>> kept = thin(spike, 100)
    >>> len(kept) <= 100, (5_000, 1.0) in kept, kept[0], kept[-1]
    (True, True, (0, 0.0), (9999, 0.0))
    """
    if len(points) <= most:
        return list(points)
    stretches = (most - 2) // 2
    kept = {0, len(points) - 1}
    for i in range(stretches):
        stretch = range(i * len(points) // stretches, (i + 1) * len(points) // stretches)
        kept.add(min(stretch, key=lambda j: points[j][1]))
        kept.add(max(stretch, key=lambda j: points[j][1]))
    return [points[j] for j in sorted(kept)]


def _frame(chart: Chart) -> _Frame:
    """The range of all points across; a range of nothing is widened so that it can be drawn."""
    across = [x for series in chart.series for x, _ in series.points] or [0.0, 1.0]
    first, last = min(across), max(across)
    if first == last:
        first, last = first - 1, last + 1
    low, high = chart.low, chart.high
    if not low < high:
        low, high = low - 0.5, low + 0.5
    return _Frame(first, last, low, high)


def _axes(frame: _Frame, chart: Chart) -> str:
    parts = []
    upright = nice_ticks(frame.low, frame.high, 6)
    for value, label in zip(upright, _labels(upright, chart.unit), strict=True):
        y = f"{frame.y(value):.1f}"
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"></line>'
            f'<text class="tick" x="{LEFT - 7}" y="{y}" dy="0.35em" text-anchor="end">'
            f"{label}</text>"
        )
    bottom = HEIGHT - BOTTOM
    level = nice_ticks(frame.first, frame.last, 6)
    level = [value for value in level if value == int(value)] or level
    for value, label in zip(level, _labels(level, ""), strict=True):
        x = f"{frame.x(value):.1f}"
        parts.append(
            f'<line class="axis" x1="{x}" x2="{x}" y1="{bottom}" y2="{bottom + 4}"></line>'
            f'<text class="tick" x="{x}" y="{bottom + 17}" text-anchor="middle">{label}</text>'
        )
    parts.append(
        f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}"></line>'
        f'<text class="tick" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}"'
        f' text-anchor="middle">{escape(chart.across)}</text>'
    )
    return "".join(parts)


def _labels(ticks: Sequence[float], unit: str) -> list[str]:
    """As many decimals as tell the ticks apart; powers of ten where that would be too wide."""
    distance = min((b - a for a, b in pairwise(ticks)), default=1.0)
    digits = max(0, -math.floor(math.log10(distance or 1.0) + 1e-9))
    if digits > 4 or max(ticks, default=0) >= 1e6:
        return [f"{value:.3g}".replace("e+", "e") + escape(unit) for value in ticks]
    return [f"{value:,.{digits}f}{escape(unit)}" for value in ticks]


def _legend(chart: Chart) -> str:
    parts = [f'<text class="name" x="0" y="14">{escape(chart.title)}</text>']
    x = WIDTH - RIGHT - sum(_LETTER * len(s.name) + 40 for s in chart.series) + 12
    for i, series in enumerate(chart.series):
        parts.append(
            f'<line class="curve curve-{i}" x1="{x:.0f}" x2="{x + 20:.0f}" y1="10" y2="10"></line>'
            f'<text class="tick" x="{x + 25:.0f}" y="14">{escape(series.name)}</text>'
        )
        x += _LETTER * len(series.name) + 40
    return "".join(parts)


def _curve(i: int, series: Series, frame: _Frame, chart: Chart) -> str:
    points = thin(series.points)
    line = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in points)
    parts = [f'<polyline class="curve curve-{i}" points="{line}"></polyline>']
    if len(points) == 1 or (series.dots and len(points) <= MOST_DOTS):
        parts += [
            f'<circle class="dot-{i}" cx="{frame.x(x):.1f}" cy="{frame.y(y):.1f}" r="3">'
            f"<title>{escape(chart.across)} {x:,.0f}: {y:.4g}{escape(chart.unit)}</title></circle>"
            for x, y in points
        ]
    return "".join(parts)


def _moments(chart: Chart, frame: _Frame) -> str:
    """A thin line down the plot for each; its words are shown to whoever points at it."""
    return "".join(
        f'<line class="moment" x1="{frame.x(x):.1f}" x2="{frame.x(x):.1f}" y1="{TOP}"'
        f' y2="{HEIGHT - BOTTOM}"><title>{escape(words)}</title></line>'
        for x, words in chart.moments
        if frame.first <= x <= frame.last
    )


def _mark(mark: Mark, frame: _Frame) -> str:
    """A line down the plot and a ring; the words stand where the curve is not."""
    x, y = frame.x(mark.point[0]), frame.y(mark.point[1])
    bottom = HEIGHT - BOTTOM
    words_y = bottom - 9 if y < (TOP + bottom) / 2 else TOP + 13
    anchor, words_x = ("end", x - 6) if x > WIDTH / 2 else ("start", x + 6)
    return (
        f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom}"></line>'
        f'<circle class="mark" cx="{x:.1f}" cy="{y:.1f}" r="5"></circle>'
        f'<text class="tick" x="{words_x:.1f}" y="{words_y}" text-anchor="{anchor}">'
        f"{escape(mark.text)}</text>"
    )
