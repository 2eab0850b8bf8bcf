"""Holding out: every picture exactly once, the same share of every class, always the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saccade.core.records import Split
from saccade.data.split import hold_out


def split_of(labels: list[int]) -> Split:
    return Split(
        np.zeros((len(labels), 1, 1, 1), np.uint8),
        np.array(labels, np.int32),
        [str(i) for i in range(len(labels))],
    )


@settings(max_examples=200, deadline=None, derandomize=True)
@given(labels=st.lists(st.integers(0, 4), max_size=200), share=st.floats(0.001, 0.999))
def test_every_picture_is_in_exactly_one_part_in_the_order_it_came(labels, share):
    stays, held = hold_out(split_of(labels), share, 5)
    order = [int(name) for name in stays.names], [int(name) for name in held.names]
    assert sorted(order[0] + order[1]) == list(range(len(labels)))
    assert all(ids == sorted(ids) for ids in order)
    assert [labels[i] for i in order[0]] == stays.labels.tolist()
    assert [labels[i] for i in order[1]] == held.labels.tolist()


@settings(max_examples=200, deadline=None, derandomize=True)
@given(labels=st.lists(st.integers(0, 4), max_size=200), share=st.floats(0.001, 0.999))
def test_every_class_gives_its_share_and_keeps_at_least_one(labels, share):
    stays, held = hold_out(split_of(labels), share, 5)
    all_of = np.bincount(labels, minlength=5) if labels else np.zeros(5, int)
    given_away = np.bincount(held.labels, minlength=5)
    kept = np.bincount(stays.labels, minlength=5)
    for n, out, left in zip(all_of, given_away, kept, strict=True):
        if n == 0:
            continue
        if n == 1:
            assert (out, left) == (0, 1)
            continue
        assert out >= 1
        assert left >= 1
        assert abs(out - share * n) <= 1


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_shares_are_exact_where_they_can_be(share):
    _, held = hold_out(split_of([0] * 100 + [1] * 50), share, 2)
    assert np.bincount(held.labels).tolist() == [round(100 * share), round(50 * share)]


def test_the_same_pictures_are_held_out_every_time_and_not_just_the_first_ones():
    split = split_of([0] * 50 + [1] * 50)
    first, second = hold_out(split, 0.2, 2)[1], hold_out(split, 0.2, 2)[1]
    assert list(first.names) == list(second.names)
    assert list(first.names) != [*map(str, range(10)), *map(str, range(50, 60))]
    assert list(first.names) != [*map(str, range(40, 50)), *map(str, range(90, 100))]
