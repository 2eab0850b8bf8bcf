"""Charts: true to their points, readable, well-formed."""

import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pytest

from saccade.view.chart import (
    BOTTOM,
    HEIGHT,
    LEFT,
    MOST_POINTS,
    RIGHT,
    TOP,
    WIDTH,
    Chart,
    Mark,
    Series,
    draw,
    nice_ticks,
    thin,
)


def drawn(*series, low=0.0, high=1.0, unit="", mark=None, title="loss"):
    svg = draw(Chart(title, "step", series, low, high, unit, mark))
    return ElementTree.fromstring(svg)


def points(line):
    return [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]


def texts(root):
    return [element.text for element in root.iter("text")]


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 1), (0.931, 1.0), (3, 10_001), (-2.5, 7), (1e-9, 3e-9), (0, 1e30), (99.9, 100), (0, 6)],
)
@pytest.mark.parametrize("most", [3, 6, 10])
def test_ticks_are_round_even_inside_and_enough(low, high, most):
    ticks = nice_ticks(low, high, most)
    assert 1 < len(ticks) <= most
    room = 1e-9 * (high - low)
    assert low - room <= ticks[0] and ticks[-1] <= high + room
    distance = ticks[1] - ticks[0]
    assert all(b - a == pytest.approx(distance) for a, b in pairwise(ticks))
    assert f"{distance:.6e}"[0] in "125" and f"{distance:.6e}"[1:8] == ".000000"


def test_thinning_keeps_extremes_order_and_ends():
    wave = [(x, float((x * 7919) % 1000)) for x in range(50_000)]
    wave[31_234] = (31_234, 5_000.0)
    wave[777] = (777, -5_000.0)
    kept = thin(wave)
    assert len(kept) <= MOST_POINTS
    assert kept == sorted(set(kept)) and set(kept) <= set(wave)
    assert {wave[0], wave[-1], wave[31_234], wave[777]} <= set(kept)
    assert thin(wave[:MOST_POINTS]) == wave[:MOST_POINTS]


def test_a_point_lands_where_the_axes_say():
    root = drawn(Series("train", [(0, 0.0), (50, 1.0), (100, 0.25)]))
    (line,) = root.iter("polyline")
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    middle = (LEFT + right) / 2
    quarter = bottom - 0.25 * (bottom - TOP)
    assert points(line) == [(LEFT, bottom), (middle, TOP), (right, quarter)]
    # The tick that says 50 stands under the point at 50, the one that says 1.0 beside the highest.
    ticks = {e.text: (float(e.attrib["x"]), float(e.attrib["y"])) for e in root.iter("text")}
    assert ticks["40"][0] == pytest.approx(LEFT + 0.4 * (right - LEFT), abs=0.1)
    assert ticks["1.0"][1] == pytest.approx(TOP) and ticks["0.0"][1] == pytest.approx(bottom)


def test_a_long_curve_is_drawn_with_few_points_and_no_dots():
    root = drawn(Series("train", [(x, x / 1e5) for x in range(100_000)], dots=True))
    assert len(points(next(root.iter("polyline")))) <= MOST_POINTS
    assert list(root.iter("circle")) == []


def test_what_lies_outside_is_cut_off():
    root = drawn(Series("train", [(0, 9.0), (1, 0.5)]))
    (inner,) = (element for element in root.iter("svg") if element is not root)
    assert [e.tag for e in inner] == ["polyline"] and "overflow" not in inner.attrib
    x, y, width, height = (float(inner.attrib[key]) for key in ("x", "y", "width", "height"))
    assert inner.attrib["viewBox"].split() == [
        inner.attrib[k] for k in ("x", "y", "width", "height")
    ]
    assert (x, y) == (LEFT - 4, TOP - 4)
    assert (x + width, y + height) == (WIDTH - RIGHT + 4, HEIGHT - BOTTOM + 4)


@pytest.mark.parametrize(
    "chart",
    [
        Chart("loss", "step", [], 0, 1),
        Chart("loss", "step", [Series("train", [])], 0, 1),
        Chart("loss", "step", [Series("train", [(7, 0.5)])], 0.5, 0.5),
        Chart("loss", "step", [Series("train", [(1, 3.0), (2, 3.0)])], 3.0, 3.0),
        Chart("loss", "step", [Series("train", [(1, 0.0), (2, 1e300)])], 0, 1e300),
    ],
)
def test_odd_charts_are_drawn(chart):
    svg = draw(chart)
    ElementTree.fromstring(svg)
    assert "nan" not in svg and "inf" not in svg


def test_a_single_point_is_a_dot():
    root = drawn(Series("train", [(1, 0.2), (9, 0.4)]), Series("validation", [(9, 0.4321)]))
    (dot,) = root.iter("circle")
    assert dot.attrib["class"] == "dot-1" and dot[0].text == "step 9: 0.4321"


def test_labels_fit_left_of_the_plot():
    for high in (1e-12, 3e-5, 0.02, 1, 250, 99_999, 1e6, 7e31):
        root = drawn(Series("train", [(0, 0.0), (1, high)]), high=high, unit=" %")
        beside = [e.text for e in root.iter("text") if e.attrib.get("text-anchor") == "end"]
        assert len(set(beside)) == len(beside) > 1
        assert max(map(len, beside)) <= 8, beside


def test_steps_are_whole_numbers():
    for last in (1, 2, 3, 7, 10_001):
        root = drawn(Series("train", [(1, 0.1), (last, 0.2)]))
        across = [e.text for e in root.iter("text") if e.attrib.get("text-anchor") == "middle"]
        assert across.pop() == "step"
        assert across and all(label.replace(",", "").isdigit() for label in across)


def test_names_are_read_out_and_escaped():
    name = "<b>\"&'"
    root = drawn(Series(name, [(1, 0.5)]), title="<loss>", mark=Mark((1, 0.5), "<best>"))
    assert root.attrib["role"] == "img" and root[0].tag == "title"
    assert root[0].text == f"<loss>: {name}"
    assert {"<loss>", name, "<best>"} <= set(texts(root))
    assert not list(root.iter("b"))


def test_every_series_has_its_own_colour_in_curve_and_legend():
    root = drawn(Series("train", [(1, 0.1), (2, 0.2)]), Series("test", [(1, 0.2), (2, 0.3)]))
    kinds = [e.attrib["class"] for e in root.iter() if "curve" in e.attrib.get("class", "")]
    assert sorted(kinds) == ["curve curve-0"] * 2 + ["curve curve-1"] * 2
    assert {"train", "test"} <= set(texts(root))


@pytest.mark.parametrize(("x", "y"), [(5, 0.9), (95, 0.1), (0, 0.0), (100, 1.0)])
def test_the_mark_is_at_its_point_and_its_words_inside(x, y):
    root = drawn(Series("train", [(0, 0.0), (100, 1.0)]), mark=Mark((x, y), "best: step 10,001"))
    (ring,) = (e for e in root.iter("circle") if e.attrib["class"] == "mark")
    at = LEFT + x / 100 * (WIDTH - LEFT - RIGHT)
    assert float(ring.attrib["cx"]) == pytest.approx(at, abs=0.1)
    (words,) = (e for e in root.iter("text") if e.text == "best: step 10,001")
    width = 7 * len("best: step 10,001")
    start = float(words.attrib["x"]) - (width if words.attrib["text-anchor"] == "end" else 0)
    assert LEFT <= start and start + width <= WIDTH
    assert abs(float(words.attrib["y"]) - float(ring.attrib["cy"])) > 60
