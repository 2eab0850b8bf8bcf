"""Holding out: every picture exactly once, the same share of every class, always the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saccade.core.records import Split
from saccade.data.split import hold_out


def split_of(labels: list[int], groups: list[int] | None = None) -> Split:
    return Split(
        np.zeros((len(labels), 1, 1, 1), np.uint8),
        np.array(labels, np.int32),
        [str(i) for i in range(len(labels))],
        None if groups is None else np.array(groups, np.int64),
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


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30)), max_size=150),
    share=st.floats(0.01, 0.9),
)
def test_a_group_is_never_parted_and_no_class_is_emptied(rows, share):
    labels, groups = [label for label, _ in rows], [group for _, group in rows]
    stays, held = hold_out(split_of(labels, groups), share, 4)
    assert not set(stays.groups.tolist()) & set(held.groups.tolist())
    assert sorted([*map(int, stays.names), *map(int, held.names)]) == list(range(len(rows)))
    assert set(stays.labels.tolist()) == set(labels)
    assert [groups[int(name)] for name in held.names] == held.groups.tolist()


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_shares_of_whole_groups_come_near(share):
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 8, 300)
    groups = np.repeat(np.arange(300), sizes)
    labels = np.repeat(rng.integers(0, 3, 300), sizes)
    _, held = hold_out(split_of(labels.tolist(), groups.tolist()), share, 3)
    assert np.bincount(held.labels) / np.bincount(labels) == pytest.approx(share, abs=0.02)


def test_groups_of_mixed_classes_come_near_too():
    rng = np.random.default_rng(1)
    groups, labels = rng.integers(0, 200, 2000), rng.choice(3, 2000, p=[0.8, 0.15, 0.05])
    _, held = hold_out(split_of(labels.tolist(), groups.tolist()), 0.2, 3)
    assert np.bincount(held.labels) / np.bincount(labels) == pytest.approx(0.2, abs=0.05)


def test_few_large_groups_still_give_one_to_test_on():
    groups = [0] * 50 + [1] * 40 + [2] * 40 + [3] * 50
    _, held = hold_out(split_of([0] * 90 + [1] * 90, groups), 0.1, 2)
    assert set(held.groups.tolist()) in ({1}, {2})


def test_a_group_that_a_class_lives_by_stays():
    stays, held = hold_out(split_of([0, 0, 1, 1], [7, 7, 8, 8]), 0.5, 2)
    assert (len(stays), len(held)) == (4, 0)
