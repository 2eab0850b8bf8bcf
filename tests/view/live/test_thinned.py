"""A thinned curve has the means of the whole one, in a fixed room."""

import numpy as np
import pytest

from saccade.view.live.thinned import Thinned


def rows(first: int, last: int) -> np.ndarray:
    steps = np.arange(first, last + 1, dtype=np.float64)
    return np.stack([steps, np.sin(steps), -steps])


@pytest.mark.parametrize("parts", [[1000], [1] * 1000, [7, 64, 1, 928], [999, 1]])
@pytest.mark.parametrize("most", [2, 16, 1000, 4000])
def test_points_are_means_of_equal_stretches_however_they_came(most, parts):
    curve, done = Thinned(2, most), 0
    for part in parts:
        curve.add(rows(done + 1, done + part))
        done += part
    points = curve.points()
    stretch = next(s for s in (2**i for i in range(20)) if s * most >= 1000)
    assert curve.stretch == stretch
    whole = rows(1, 1000)
    groups = [whole[:, i : i + stretch] for i in range(0, 1000, stretch)]
    assert points.shape == (3, len(groups))
    np.testing.assert_allclose(points[1:], np.stack([g[1:].mean(axis=1) for g in groups], axis=1))
    for step, group in zip(points[0], groups, strict=True):
        assert group[0].min() <= step <= group[0].max()


def test_what_is_no_number_is_left_out():
    curve = Thinned(1, 2)
    curve.add(np.array([[1.0, 2, 3, 4], [np.nan, 1, np.inf, np.nan]]))
    np.testing.assert_array_equal(curve.points(), [[1, 3], [1, np.nan]])


def test_nothing_is_no_points():
    curve = Thinned(1)
    curve.add(np.zeros((2, 0)))
    assert curve.points().shape == (2, 0)
