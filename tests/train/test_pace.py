"""How many steps at a time, and when to save, on a clock of our own."""

import pytest

from saccade.train.pace import Pace, SaveTimer


def test_a_chunk_settles_at_a_tenth_of_a_second_whatever_compilation_took():
    pace = Pace(most=1024)
    counts = []
    for _ in range(8):
        count = pace.steps(10_000)
        pace.took(count, 30.0 if not counts else count * 0.001)
        counts.append(count)
    assert counts[:2] == [1, 1]
    assert counts[-1] == 100


def test_a_step_of_seconds_is_still_taken():
    pace = Pace(most=1024)
    for _ in range(3):
        assert pace.steps(100) == 1
        pace.took(1, 5.0)


@pytest.mark.parametrize("left, most, expected", [(3, 1024, 3), (500, 20, 20)])
def test_a_chunk_never_reaches_past_what_is_left_or_fits(left, most, expected):
    pace = Pace(most)
    for _ in range(10):
        count = pace.steps(left)
        pace.took(count, count * 1e-6)
    assert pace.steps(left) == expected


@pytest.mark.parametrize("cost, wait", [(0.001, 2), (0.1, 10), (5, 60)])
def test_the_next_save_comes_a_hundred_costs_later_within_limits(cost, wait):
    now = 1000.0
    timer = SaveTimer(clock=lambda: now)
    now += 2
    assert timer.due()
    timer.cost(cost)
    now += wait - 0.01
    assert not timer.due()
    now += 0.02
    assert timer.due()


@pytest.mark.parametrize("cost, share", [(0.6, None), (1.2, 0.02)], ids=["cheap", "dear"])
def test_what_saving_takes_is_told_where_it_is_dear(cost, share):
    now = 1000.0
    timer = SaveTimer(clock=lambda: now)
    for _ in range(100):
        timer.cost(cost)
        now += 60
    assert timer.share == (None if share is None else pytest.approx(share))
