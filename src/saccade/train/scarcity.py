"""The scarcity curve: the same networks with 1, 5, 10 ... labelled pictures a class.

Of each training only a row is kept, no run directory: a curve has dozens of them. A row that is
there is not computed again, so a curve that was stopped goes on.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from saccade.core.errors import BadRun, BadUsage
from saccade.core.records import Dataset
from saccade.data.draw import draw
from saccade.run import durable, lock
from saccade.run.directory import Run, discard_run, is_empty
from saccade.run.events import Event, Finished
from saccade.train.commands import Source, all_of, nothing, patience
from saccade.train.contender import Contender
from saccade.train.curve import curve, labels_needed
from saccade.train.fit import fit
from saccade.train.prepare import with_watched
from saccade.train.recipe import Recipe

RESULT = "scarcity.json"
# Fewer pictures tell weights apart no better than chance: at 90 % the standard error of an accuracy
# is 4 points with 50. Until then every label is better used to learn from.
LEAST_HELD_OUT = 50


@dataclass(frozen=True)
class Plan:
    """Which curve: `per_class` rising, None for all; `share` of the recipes' steps."""

    contenders: Sequence[Contender]
    per_class: Sequence[int | None]
    seeds: int = 3
    share: float = 1.0

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise BadUsage(f"--seeds must be at least 1, got {self.seeds}")
        names = [one.name for one in self.contenders]
        if not names or len(set(names)) < len(names):
            raise BadUsage(f"--models takes each name once, got {','.join(names) or 'none'}")

    def to_json(self) -> dict[str, Any]:
        """What a curve must have in common with one that is to go on."""
        return {
            "models": {one.name: one.to_json() for one in self.contenders},
            "per_class": list(self.per_class),
            "seeds": self.seeds,
            "share": self.share,
        }


@dataclass(frozen=True, eq=False)
class Training:
    """One point of a curve for one seed: `events` are to be gone through, to their end.

    `labels` is how many labelled pictures it gets, those it holds out among them; of the first
    `number` of `total` trainings it is the last.
    """

    contender: Contender
    per_class: int | None
    seed: int
    labels: int
    steps: int
    number: int
    total: int
    events: Iterator[Event]


def points(asked: Sequence[int | None], labels: np.ndarray) -> tuple[int | None, ...]:
    """Rising, each once; what no class has more of is all (None).

    Raises:
        BadUsage: nothing is asked for, or less than 1 a class.

    >>> points([5, 1, None, 900], np.array([0, 1] * 100))
    (1, 5, None)
    """
    if not asked or any(count is not None and count < 1 for count in asked):
        raise BadUsage("--per-class takes numbers of at least 1, or all: 1,5,10,50,all")
    most = int(np.bincount(labels).max())
    few = sorted({count for count in asked if count is not None and count < most})
    return (*few, *([None] if len(few) < len(set(asked)) else []))


def measure(
    plan: Plan,
    folder: Path,
    commands: Source = nothing,
) -> Iterator[Training]:
    """The trainings that `folder` has no row of yet, those with few labels first.

    After each, `scarcity.json` there holds the rows so far, their means and what follows.

    Raises:
        BadUsage: the folder holds another curve, or a network does not take the data's pictures.
        BadRun: what it holds is damaged, or another process is writing in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with lock.writing(folder):
            yield from _measure(plan, folder, commands)
    finally:
        if is_empty(folder):
            discard_run(Run(folder))


def _measure(plan: Plan, folder: Path, commands: Source) -> Iterator[Training]:
    rows = rows_of(folder, plan)
    done = {(row["model"], row["per_class"], row["seed"]) for row in rows}
    wanted = [
        (one, count, seed)
        for count in plan.per_class
        for one in plan.contenders
        for seed in range(plan.seeds)
    ]
    for number, (one, count, seed) in enumerate(wanted, 1):
        if (one.name, count, seed) in done:
            continue
        data, recipe = prepared(one, count, seed, plan.share)
        labels = len(data.train) + (len(data.validation) if data.validation else 0)
        finished: list[Finished] = []
        stopping = patience(recipe.patience) if recipe.patience else nothing
        events = fit(one.network, data, recipe, commands=all_of(stopping, commands))
        steps = recipe.total_steps(len(data.train))
        kept = _noting(events, finished)
        yield Training(one, count, seed, labels, steps, number, len(wanted), kept)
        if not finished:  # it was not gone through to its end
            return
        rows.append(_row(one, count, seed, labels, data, finished[0]))
        _write(folder, plan, rows)


def prepared(
    one: Contender, per_class: int | None, seed: int, share: float
) -> tuple[Dataset, Recipe]:
    """What was drawn, and how it is learned from.

    A tenth is held out to choose the weights by where that is enough to choose by; else, and with a
    single picture a class there is no other way, it takes its steps and the last weights count. A
    validation split of the data's own is not used: its labels would be labels, too.
    """
    data, classes = one.dataset, len(one.dataset.classes)
    drawn = draw(data.train, per_class, classes, seed)
    recipe = replace(one.recipe, seed=seed)
    if recipe.validation_share * len(drawn) < LEAST_HELD_OUT:
        recipe = replace(recipe, watch="train", patience=None)
    data = with_watched(replace(data, train=drawn, validation=None), recipe)
    count = len(data.train)
    recipe = replace(recipe, batch_size=min(recipe.batch_size, count))
    return data, recipe.in_steps(count, share)


def rows_of(folder: Path, plan: Plan) -> list[dict[str, Any]]:
    """The rows that are there.

    Raises:
        BadUsage: they are of another curve.
        BadRun: the file is damaged.
    """
    try:
        facts = durable.read_json(folder / RESULT)
    except FileNotFoundError:
        return []
    asked = json.loads(json.dumps(plan.to_json()))  # as the file has it: lists for tuples
    try:
        differing = [name for name, value in asked.items() if facts["plan"][name] != value]
        rows: list[dict[str, Any]] = facts["rows"]
    except (KeyError, TypeError) as error:
        raise BadRun(f"{folder / RESULT} lacks what is needed: {error!r}") from None
    if differing:
        raise BadUsage(
            f"{folder} holds a curve with other {' and '.join(differing)}; pick another --out"
        )
    return rows


def _noting(events: Iterator[Event], finished: list[Finished]) -> Iterator[Event]:
    for event in events:
        if isinstance(event, Finished):
            finished.append(event)
        yield event


def _row(
    one: Contender,
    per_class: int | None,
    seed: int,
    labels: int,
    data: Dataset,
    end: Finished,
) -> dict[str, Any]:
    return {
        "model": one.name,
        "start": one.start,
        "per_class": per_class,
        "seed": seed,
        "labels": labels,
        "labels_per_class": labels / len(data.classes),
        "validation": end.validation.n if end.validation else 0,
        "parameters": one.network.parameters,
        "steps": end.step,
        "seconds": end.seconds,
        "reason": end.reason,
        "test": asdict(end.test),
    }


def _write(folder: Path, plan: Plan, rows: Sequence[dict[str, Any]]) -> None:
    data = plan.contenders[0].dataset
    means = curve(rows)
    facts = {
        "data": data.name,
        "statement": data.statement,
        "plan": plan.to_json(),
        "rows": rows,
        "points": means,
        "labels_needed": labels_needed(means),
    }
    durable.write_json(folder / RESULT, facts)
