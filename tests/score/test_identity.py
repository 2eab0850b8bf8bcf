"""When what was begun may be gone on with: the network, the pictures, the columns are the same."""

import os
from dataclasses import replace
from pathlib import Path

from saccade.data.unlabelled import list_to_ask
from saccade.score.identity import identity
from saccade.score.table import Table


def differing(one, other):
    return {key for key in one if one[key] != other[key]}


def test_the_same_is_the_same(grey, greys):
    root = greys(range(0, 250, 10))
    one, other = (
        identity(grey, list_to_ask(root, grey.classes).found, Table(grey.classes, True))
        for _ in range(2)
    )
    assert one == other


def test_whatever_changes_is_noticed(grey, greys):
    root, table = greys(range(0, 250, 10)), Table(grey.classes, True)
    found = list_to_ask(root, grey.classes).found

    def now(answerer=grey, table=table):
        return identity(answerer, list_to_ask(root, grey.classes).found, table)

    before = now()
    assert differing(before, now(replace(grey, fingerprint="other"))) == {"network"}
    assert differing(before, now(replace(grey, batch=7))) == {"batch"}
    assert differing(before, now(table=replace(table, probabilities=True))) == {"columns"}
    path = Path(found[3].name)
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    os.utime(path, ns=(times[0], times[1] + 1))
    assert differing(before, now()) == {"pictures"}
    os.utime(path, ns=times)
    assert now() == before
    path.unlink()
    assert differing(before, now()) == {"pictures"}


def test_a_label_counts(grey, listed):
    found = listed([0, 255])
    other = [replace(found[0], label="middle"), found[1]]
    one, another = (identity(grey, each, Table(grey.classes, True)) for each in (found, other))
    assert differing(one, another) == {"pictures"}
