"""Lines with their intervals over a logarithmic axis, as one piece of SVG."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from saccade.view.chart import nice_ticks

WIDTH, HEIGHT = 760, 400
LEFT, RIGHT, TOP, BOTTOM = 56, 190, 16, 46  # around the plot; names stand at the right
NAME_HEIGHT = 17
LABEL_WIDTH = 42
# Lines are told apart by dashes and marks, colour only helps.
DASHES = ("", "7 4", "2 4", "10 3 2 3", "1 5")
LONE, SIDE = 10, 4.5
Place = Callable[[float], float]


@dataclass(frozen=True)
class Ribbon:
    """A line: (x, y, low, high) with rising x above 0; y, low and high are shares 0..1."""

    name: str
    points: Sequence[tuple[float, float, float, float]]


def draw_ribbons(title: str, across: str, ribbons: Sequence[Ribbon]) -> str:
    """The chart as an <svg> that scales with its place; up is in percent.

    >>> line = Ribbon("conv", [(1, 0.4, 0.3, 0.5), (10, 0.8, 0.7, 0.9)])
    >>> svg = draw_ribbons("accuracy", "labels a class", [line])
    >>> svg.count("<polyline"), svg.count('class="ribbon"'), svg.count('class="spot"')
    (1, 1, 3)
    """
    all_points = [point for ribbon in ribbons for point in ribbon.points]
    places = sorted({point[0] for point in all_points})
    x = _logarithmic(places[0], places[-1])
    low, high = min(p[2] for p in all_points), max(p[3] for p in all_points)
    margin = max(0.04 * (high - low), 0.005)
    low, high = max(0.0, low - margin), min(1.0, high + margin)
    y = _between(low, high, HEIGHT - BOTTOM, TOP)
    lines = [
        f'<g class="line line-{i % len(DASHES)}">{_line(ribbon, i, x, y)}</g>'
        for i, ribbon in enumerate(ribbons)
    ]
    names = ", ".join(ribbon.name for ribbon in ribbons)
    return (
        f'<svg class="chart ribbons" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f"<title>{escape(title)}: {escape(names)}</title>"
        f"{_up(100 * low, 100 * high, y)}{_across(across, places, x)}"
        f"{''.join(lines)}{_names(ribbons, y)}</svg>"
    )


def _logarithmic(first: float, last: float) -> Place:
    x = _between(math.log(first), math.log(last), LEFT, WIDTH - RIGHT)
    return lambda value: x(math.log(value))


def _between(first: float, last: float, start: float, end: float) -> Place:
    """Where values land; all in the middle if they are the same."""
    if first == last:
        return lambda value: (start + end) / 2
    return lambda value: start + (value - first) / (last - first) * (end - start)


def _up(low: float, high: float, y: Place) -> str:
    return "".join(
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(t / 100):.1f}" '
        f'y2="{y(t / 100):.1f}"></line><text class="tick" x="{LEFT - 8}" y="{y(t / 100):.1f}" '
        f'dy="0.35em" text-anchor="end">{t:g} %</text>'
        for t in nice_ticks(low, high, 7)
    )


def _across(words: str, places: Sequence[float], x: Place) -> str:
    """A tick at what was measured, as many as have room."""
    bottom, parts, taken = HEIGHT - BOTTOM, [], -math.inf
    for place in places:
        at = x(place)
        parts.append(
            f'<line class="axis" x1="{at:.1f}" x2="{at:.1f}" y1="{bottom}" y2="{bottom + 4}">'
            "</line>"
        )
        if at - taken >= LABEL_WIDTH:
            taken = at
            parts.append(
                f'<text class="tick" x="{at:.1f}" y="{bottom + 18}" text-anchor="middle">'
                f"{_label(place)}</text>"
            )
    return (
        f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}"></line>'
        f'{"".join(parts)}<text class="tick" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" '
        f'text-anchor="middle">{escape(words)}</text>'
    )


def _label(place: float) -> str:
    return f"{place:,.0f}" if place >= 1000 else f"{place:.4g}"


def _line(ribbon: Ribbon, i: int, x: Place, y: Place) -> str:
    # A single point's band has a width, too.
    sides = (-LONE, LONE) if len(ribbon.points) == 1 else (0,)
    there = [(x(at) + side, low, high) for at, _, low, high in ribbon.points for side in sides]
    upper = [f"{place:.1f},{y(high):.1f}" for place, _, high in there]
    lower = [f"{place:.1f},{y(low):.1f}" for place, low, _ in reversed(there)]
    middle = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value, _, _ in ribbon.points)
    spots = "".join(
        _spot(
            i,
            x(at),
            y(value),
            f"{ribbon.name}, {at:,.4g}: {100 * value:.2f} % ({100 * low:.2f} to {100 * high:.2f})",
        )
        for at, value, low, high in ribbon.points
    )
    dash = f' stroke-dasharray="{DASHES[i % len(DASHES)]}"' if i % len(DASHES) else ""
    return (
        f'<polygon class="ribbon" points="{" ".join(upper + lower)}"></polygon>'
        f'<polyline class="lined" points="{middle}"{dash}></polyline>{spots}'
    )


def _spot(i: int, x: float, y: float, words: str = "") -> str:
    """A circle, square, triangle, diamond or hexagon; `words` for whoever points at it."""
    corners, turned = ((24, 0.0), (4, 0.5), (3, 0.0), (4, 0.0), (6, 0.0))[i % 5]
    shape = " ".join(
        f"{x + SIDE * math.sin(angle):.1f},{y - SIDE * math.cos(angle):.1f}"
        for angle in (2 * math.pi * (k + turned) / corners for k in range(corners))
    )
    told = f"<title>{escape(words)}</title>" if words else ""
    return f'<polygon class="spot" points="{shape}">{told}</polygon>'


def _names(ribbons: Sequence[Ribbon], y: Place) -> str:
    """Each at its line's end, none over another."""
    order = sorted(range(len(ribbons)), key=lambda i: y(ribbons[i].points[-1][1]))
    heights: list[float] = []
    for i in order:
        wanted = y(ribbons[i].points[-1][1])
        heights.append(max(wanted, heights[-1] + NAME_HEIGHT) if heights else wanted)
    over = max(0.0, heights[-1] - (HEIGHT - BOTTOM))
    at = WIDTH - RIGHT + 16
    return "".join(
        f'<g class="line line-{i % len(DASHES)}">{_spot(i, at, height - over)}</g>'
        f'<text class="tick" x="{at + 10}" y="{height - over:.1f}" dy="0.35em">'
        f"{escape(ribbons[i].name)}</text>"
        for i, height in zip(order, heights, strict=True)
    )
