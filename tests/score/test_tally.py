"""Counts of many answers, and which of them to look at."""

import random

from saccade.core.interval import wilson
from saccade.score import tally as tallying
from saccade.score.table import Row
from saccade.score.tally import Tally

CLASSES = ("a", "b", "c")


def test_it_counts_what_is_known_and_names_the_rest():
    tally = Tally(CLASSES)
    for row in (
        Row("a", "a", 0.9, ""),
        Row("a", "b", 0.8, ""),
        Row("b", "b", 0.7, ""),
        Row("", "c", 0.6, ""),
        Row("unicorn", "c", 0.5, ""),
        Row("a", "", 0.0, "truncated: 3 bytes"),
    ):
        tally.add(row)
    assert (tally.pictures, tally.problems, tally.read, tally.mistakes) == (6, 1, 5, 1)
    assert tally.answered == {"a": 1, "b": 2, "c": 2}
    assert tally.labelled == {"a": 2, "b": 1}
    assert tally.found == {"a": 1, "b": 1}
    assert tally.confused == {("a", "b"): 1}
    assert tally.unknown == {"unicorn": 1}
    assert tally.refused == [(5, "truncated: 3 bytes")]
    low, high = wilson(2, 3)
    assert tally.accuracy == {"accuracy": 2 / 3, "low": low, "high": high, "n": 3}
    assert tally.surest_mistakes == [1]
    assert tally.least_sure == [4, 3, 2, 1, 0]


def test_without_known_labels_there_is_no_accuracy():
    tally = Tally(CLASSES)
    tally.add(Row("unicorn", "a", 0.9, ""))
    assert tally.accuracy is None
    assert Tally(CLASSES).accuracy is None


def test_what_it_keeps_to_look_at_is_bounded_and_right():
    """Of a thousand rows in any order: the surest mistakes and the least sure answers."""
    rows = [Row("a", "ab"[i % 2], (i * 7919 % 1000) / 1000, "") for i in range(1_000)]
    rows += [Row("a", "b", 0.5, "")] * 300  # ties: the first come first
    random.Random(0).shuffle(rows)
    tally = Tally(CLASSES)
    for row in rows:
        tally.add(row)
    wrong = [i for i, row in enumerate(rows) if row.predicted == "b"]
    most = tallying.MOST_SHOWN
    assert tally.surest_mistakes == sorted(wrong, key=lambda i: (-rows[i].probability, i))[:most]
    every = range(len(rows))
    assert tally.least_sure == sorted(every, key=lambda i: (rows[i].probability, i))[:most]


def test_problems_are_counted_and_only_some_are_kept():
    tally = Tally(CLASSES)
    for _ in range(1_000):
        tally.add(Row("", "", 0.0, "missing"))
    assert tally.problems == 1_000
    assert len(tally.refused) == tallying.MOST_PROBLEMS
