"""Lines with intervals: true to their points, told apart without colour."""

import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pytest

from saccade.view.ribbons import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Ribbon, draw_ribbons

POINTS = [(1, 0.4, 0.2, 0.6), (10, 0.7, 0.6, 0.8), (100, 0.9, 0.88, 0.92)]


def drawn(*ribbons):
    return ElementTree.fromstring(draw_ribbons("accuracy", "labels", ribbons))


def places(element):
    return [tuple(map(float, point.split(","))) for point in element.attrib["points"].split()]


def of_class(root, name):
    return [element for element in root.iter() if element.attrib.get("class") == name]


def test_the_axis_is_logarithmic_and_the_band_holds_the_line():
    root = drawn(Ribbon("conv", POINTS))
    (line,), (band,) = of_class(root, "lined"), of_class(root, "ribbon")
    right = WIDTH - RIGHT
    assert [x for x, _ in places(line)] == [LEFT, (LEFT + right) / 2, right]
    edges = places(band)
    upper, lower = edges[:3], edges[3:][::-1]
    for (x, y), above, below in zip(places(line), upper, lower, strict=True):
        assert x == above[0] == below[0]
        assert TOP <= above[1] < y < below[1] <= HEIGHT - BOTTOM


def test_up_is_as_the_ticks_say():
    root = drawn(Ribbon("conv", POINTS))
    (line,) = of_class(root, "lined")
    ticks = {e.text: float(e.attrib["y"]) for e in root.iter("text")}
    (_, first), (_, middle), _ = places(line)
    assert ticks["40 %"] == pytest.approx(first, abs=0.11)
    per_point = (ticks["40 %"] - ticks["60 %"]) / 20
    assert middle == pytest.approx(ticks["60 %"] - 10 * per_point, abs=0.11)


def test_lines_are_told_apart_by_dashes_marks_and_names():
    ribbons = [Ribbon(f"net{i}", [(1, 0.5, 0.4, 0.6), (9, 0.5, 0.4, 0.6)]) for i in range(5)]
    root = drawn(*ribbons)
    dashes = [line.attrib.get("stroke-dasharray") for line in of_class(root, "lined")]
    assert len(set(dashes[:4])) == 4
    corners = [len(places(spot)) for spot in of_class(root, "spot")]
    assert corners[:10:2] == [24, 4, 3, 4, 6]
    names = [e for e in root.iter("text") if (e.text or "").startswith("net")]
    heights = sorted(float(e.attrib["y"]) for e in names)
    assert len(names) == 5 and all(b - a >= 16 for a, b in pairwise(heights))
    assert heights[-1] <= HEIGHT - BOTTOM + 1


def test_ticks_stand_at_what_was_measured():
    root = drawn(Ribbon("conv", [*POINTS[:2], (10.4, 0.7, 0.6, 0.8), POINTS[2]]))
    middle = [e.text for e in root.iter("text") if e.attrib.get("text-anchor") == "middle"]
    assert middle == ["1", "10", "100", "labels"]  # 10.4 would stand over 10


@pytest.mark.parametrize("points", [[(5, 0.5, 0.5, 0.5)], [(5, 1.0, 1.0, 1.0), (6, 1, 1, 1)]])
def test_odd_lines_are_drawn(points):
    svg = draw_ribbons("<a>", "x", [Ribbon("<b>&", points)])
    assert ElementTree.fromstring(svg)[0].text == "<a>: <b>&"
    assert "nan" not in svg


def test_the_band_of_a_single_point_can_be_seen():
    root = drawn(Ribbon("conv", POINTS[1:2]))
    (spot, _), (band,) = of_class(root, "spot"), of_class(root, "ribbon")
    (left, top), (right, _), (_, bottom), _ = places(band)
    assert right - left == 20 and top < bottom
    assert left < places(spot)[0][0] < right
