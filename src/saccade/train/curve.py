"""A scarcity curve: means over seeds with intervals, and how many labels transfer needs."""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from saccade.core.interval import student, wilson

Row = Mapping[str, Any]


def curve(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """A point for each model and number of labels, with its 95 % interval.

    Of several seeds that is Student's t interval of their mean: how much other draws of the
    labelled pictures and other first weights would move it, with these test pictures. Of one seed
    it is Wilson's: how much other test pictures would.
    """
    groups: dict[tuple[str, int | None], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["model"], row["per_class"]), []).append(row)
    return [_point(group) for group in groups.values()]


def _point(rows: Sequence[Row]) -> dict[str, Any]:
    first, tests = rows[0], [row["test"] for row in rows]
    shares = [test["accuracy"] for test in tests]
    if len(rows) > 1:
        interval, (low, high) = "t", student(shares)
    else:
        interval = "Wilson"
        low, high = wilson(round(shares[0] * tests[0]["n"]), tests[0]["n"])
    told = ("model", "start", "per_class", "labels", "labels_per_class")
    return {
        **{name: first[name] for name in told},
        "seeds": len(rows),
        "accuracy": fmean(shares),
        "low": low,
        "high": high,
        "interval": interval,
        "seconds": fmean(row["seconds"] for row in rows),
    }


def labels_needed(points: Sequence[Row]) -> list[dict[str, Any]]:
    """For each transfer: the labels a class with which it matches the best from-scratch net.

    The best is that of the most labels that any net from scratch was given. `at_most` is the fewest
    measured from which on transfer is never below it (None: it never is); `about` lies on the
    straight line, over the logarithm of labels, from the point before. `share` is that of labels.
    """
    scratch = [point for point in points if point["start"] != "transfer"]
    if not scratch:
        return []
    most = max(point["labels_per_class"] for point in scratch)
    rival = max(
        (point for point in scratch if point["labels_per_class"] == most),
        key=lambda point: point["accuracy"],
    )
    names = dict.fromkeys(p["model"] for p in points if p["start"] == "transfer")
    return [
        _needed(sorted(_of(name, points), key=lambda p: p["labels_per_class"]), rival)
        for name in names
    ]


def _of(name: str, points: Sequence[Row]) -> list[Row]:
    return [point for point in points if point["model"] == name]


def _needed(line: Sequence[Row], rival: Row) -> dict[str, Any]:
    target = rival["accuracy"]
    below = [i for i, point in enumerate(line) if point["accuracy"] < target]
    first = below[-1] + 1 if below else 0
    reached = line[first] if first < len(line) else None
    best = max(line, key=lambda point: point["accuracy"])
    return {
        "model": line[0]["model"],
        "rival": rival["model"],
        "rival_accuracy": target,
        "rival_labels": rival["labels_per_class"],
        "at_most": reached and reached["labels_per_class"],
        "about": _crossing(line[first - 1], reached, target) if first and reached else None,
        "share": reached and reached["labels_per_class"] / rival["labels_per_class"],
        "best": best["accuracy"],
        "best_labels": best["labels_per_class"],
    }


def _crossing(before: Row, after: Row, target: float) -> float:
    """Labels a class where the line between two points reaches the target.

    >>> points = [{"labels_per_class": n, "accuracy": a} for n, a in ((1, 0.5), (100, 0.9))]
    >>> round(_crossing(*points, 0.7), 6)
    10.0
    """
    part = (target - before["accuracy"]) / (after["accuracy"] - before["accuracy"])
    low, high = (math.log(point["labels_per_class"]) for point in (before, after))
    return math.exp(low + part * (high - low))
