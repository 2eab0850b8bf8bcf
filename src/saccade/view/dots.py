"""A chart of dots with intervals, one a row, as one piece of SVG."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from saccade.view.chart import nice_ticks

WIDTH, ROW, LEFT, RIGHT, TOP, BOTTOM = 640, 30, 130, 30, 10, 34


@dataclass(frozen=True)
class Dot:
    """A share 0..1 with its interval, and a second one to hold it against (or None)."""

    name: str
    value: float
    interval: tuple[float, float]
    beside: float | None = None


def draw_dots(title: str, dots: Sequence[Dot]) -> str:
    """The chart as an <svg> that scales with its place; the axis is in percent.

    >>> draw_dots("accuracy", [Dot("softmax", 0.92, (0.91, 0.93), 0.9268)]).count("<circle")
    1
    """
    edges = [edge for dot in dots for edge in (*dot.interval, dot.beside or dot.value)]
    low, high = min(edges), max(edges)
    margin = max(0.05 * (high - low), 0.001)
    low, high = max(0.0, low - margin), min(1.0, high + margin)

    def x(value: float) -> float:
        return LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    height = TOP + ROW * len(dots) + BOTTOM
    parts = [
        f'<line class="grid" x1="{x(t / 100):.1f}" x2="{x(t / 100):.1f}" y1="{TOP}" '
        f'y2="{height - BOTTOM}"></line><text class="tick" x="{x(t / 100):.1f}" '
        f'y="{height - 12}" text-anchor="middle">{t:g} %</text>'
        for t in nice_ticks(100 * low, 100 * high, 6)
    ]
    parts += [_row(dot, x, TOP + ROW * (i + 0.5)) for i, dot in enumerate(dots)]
    return (
        f'<svg class="chart dots" viewBox="0 0 {WIDTH} {height}" role="img">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def _row(dot: Dot, x: Callable[[float], float], y: float) -> str:
    start, end = (f"{x(edge):.1f}" for edge in dot.interval)
    beside = ""
    if dot.beside is not None:
        place = f"{x(dot.beside):.1f}"
        beside = (
            f'<line class="curve curve-0" x1="{place}" x2="{place}" y1="{y - 9}" y2="{y + 9}">'
            "</line>"
        )
    return (
        f'<text class="tick" x="{LEFT - 10}" y="{y + 4}" text-anchor="end">{escape(dot.name)}'
        f'</text><line class="curve curve-1" x1="{start}" x2="{end}" y1="{y}" y2="{y}"></line>'
        f'<circle class="dot-1" cx="{x(dot.value):.1f}" cy="{y}" r="5"></circle>{beside}'
    )
