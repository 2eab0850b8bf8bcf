"""Freeze or not: one base trained in four ways, and the course's own two nets on flowers.

Fine-tuning is done as docs/guide/transfer.md says: the head first, then the rest with that head, so
those rows begin with the run of the first one, seed by seed.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from saccade.core.errors import BadUsage, MissingFile
from saccade.core.records import Dataset
from saccade.models import TRANSFER
from saccade.models.network import Network, build
from saccade.models.transfer import transfer_network
from saccade.run import durable
from saccade.run.directory import Run, create_run
from saccade.run.events import Event
from saccade.train.commands import Source, nothing
from saccade.train.fit import fit
from saccade.train.ladder import RESULT, Training, row
from saccade.train.originals import RECIPES
from saccade.train.prepare import with_watched
from saccade.train.recipe import Recipe
from saccade.train.recipes import begun_like
from saccade.train.recipes import recipe as named_recipe
from saccade.train.record import record
from saccade.train.rungs import Rung
from saccade.train.schedule import Cosine
from saccade.train.transfer import transfer

LAST_BLOCKS = ("last-3", "last-1")
NOTEBOOK_SIZE = 224
# A tenth of the rate of the head: what is there already is only moved a little.
FINE = replace(named_recipe(TRANSFER), epochs=10, least_steps=300, schedule=Cosine(0.0003))


@dataclass(frozen=True, eq=False)
class Stage:
    """One way to train. `network` is asked with the run of the stage `after`, if there is one.

    Where it can't be trained here, `missing` says why.
    """

    rung: Rung
    dataset: Dataset | None = None
    recipe: Recipe | None = None
    network: Callable[[Run | None], Network] | None = None
    after: str = ""
    missing: str = ""


@dataclass(frozen=True)
class Plan:
    """What is trained: `share` of the recipes' steps, with each seed."""

    stages: Sequence[Stage]
    seeds: int = 1
    share: float = 1.0

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise BadUsage(f"--seeds must be at least 1, got {self.seeds}")

    @property
    def trainings(self) -> int:
        """How many there are."""
        return self.seeds * sum(not stage.missing for stage in self.stages)


def ways(dataset: Dataset, base: str, weights: str) -> list[Stage]:
    """The four: only the head learns, the last block with it, all, and all from first weights.

    The last block is three layers, or one of a base that has no more than three.
    """
    block = last_block(base, dataset)
    scratch = named_recipe(begun_like(base, "none"))

    def begun(unfreeze: str) -> Callable[[Run | None], Network]:
        return lambda run: transfer(
            None if run else base,
            dataset,
            weights=run.path if run else weights,
            unfreeze=unfreeze,
        )

    def first(run: Run | None) -> Network:
        return transfer(base, dataset, weights="none")

    frozen, last, everything, none = (
        Rung(name, name_of_recipe, adds, None, 0, judged_by="last step")
        for name, name_of_recipe, adds in (
            ("frozen", "transfer", "only the head learns"),
            (block, "fine", f"then the base's {block.replace('-', ' ')}, too"),
            ("all", "fine", "then all of it"),
            ("scratch", "default", "all of it, from first weights, augmented"),
        )
    )
    return [
        Stage(frozen, dataset, named_recipe(TRANSFER), begun("none")),
        Stage(last, dataset, FINE, begun(block), after="frozen"),
        Stage(everything, dataset, FINE, begun("all"), after="frozen"),
        Stage(none, dataset, scratch, first),
    ]


def last_block(base: str, dataset: Dataset) -> str:
    """What `unfreeze` calls it.

    >>> import saccade
    >>> last_block("conv-bn", saccade.load("digits"))
    'last-1'
    """
    shape, classes = dataset.input_shape, len(dataset.classes)
    learning = [
        transfer_network(base, shape, classes, unfreeze=what).parameters
        for what in (LAST_BLOCKS[0], "all")
    ]
    return LAST_BLOCKS[learning[0] == learning[1]]


def notebook(dataset: Dataset | None) -> list[Stage]:
    """The course's flowers notebook: its net from scratch, and MobileNetV2 frozen.

    `dataset` holds RGB pictures of 224 pixels a side; None where they can't be had.
    """
    own = Rung(
        "L3-cnn", "L3", "the notebook's net from scratch", (0.19, 0.28), 0, None, "last step"
    )
    base = Rung(
        "L3", "L3-transfer", "the notebook's frozen MobileNetV2", (0.59, 0.70), 0, None, "last step"
    )
    if dataset is None:
        why = f"it takes pictures in files, to be read at {NOTEBOOK_SIZE} pixels"
        return [Stage(own, missing=why), Stage(base, missing=why)]
    classes = len(dataset.classes)
    net = build("L3-cnn", dataset.input_shape, classes)
    stages = [Stage(own, dataset, RECIPES["L3"], lambda run: net)]
    try:
        network = transfer("mobilenetv2", dataset)
    except MissingFile as error:
        return [*stages, Stage(base, missing=str(error))]
    return [*stages, Stage(base, dataset, RECIPES["L3-transfer"], lambda run: network)]


def climb(
    plan: Plan, folder: Path, commands: Callable[[Run], Source] = lambda run: nothing
) -> Iterator[Training]:
    """The trainings, stage after stage, each in a run directory of its own below `folder`.

    After every stage `ladder.json` holds the rows so far. A row's `seconds` are all it took, with
    compilation, the base's run over the pictures (unless its features were kept from before) and
    the stage it begins with.
    """
    rows: list[dict[str, Any]] = []
    runs: dict[str, list[Run]] = {}
    seconds: dict[str, list[float]] = {"": [0.0] * plan.seeds}
    for number, stage in enumerate(plan.stages, 1):
        name = stage.rung.model
        if stage.missing:
            rows.append(_missing(stage))
        else:
            runs[name], seconds[name] = [], []
            for seed in range(plan.seeds):
                run = create_run(folder / f"{number:02d}-{name}-seed{seed}")
                before = runs[stage.after][seed] if stage.after else None
                clock = [seconds[stage.after][seed]]
                steps, events = _events(stage, plan, seed, before, commands(run))
                yield Training(stage.rung, seed, steps, run, record(_timed(events, clock), run))
                runs[name].append(Run(run.path))
                seconds[name] += clock
            data = stage.dataset.name if stage.dataset else ""
            judged = row(stage.rung, runs[name], bands=data == "flowers" and plan.share == 1)
            rows.append({**judged, "seconds": fmean(seconds[name]), "missing": ""})
        _write(folder, plan, rows)


def _events(
    stage: Stage, plan: Plan, seed: int, before: Run | None, commands: Source
) -> tuple[int, Iterator[Event]]:
    assert stage.dataset and stage.recipe and stage.network  # noqa: S101  (it is not missing)
    recipe = replace(stage.recipe, seed=seed)
    data = with_watched(stage.dataset, recipe)
    count = len(data.train)
    recipe = replace(recipe, batch_size=min(recipe.batch_size, count)).in_steps(count, plan.share)
    network = stage.network(before)
    return recipe.total_steps(count), fit(network, data, recipe, commands=commands)


def _timed(events: Iterator[Event], clock: list[float]) -> Iterator[Event]:
    """The same; what they take is added to the clock."""
    while True:
        began = time.perf_counter()
        try:
            event = next(events)
        except StopIteration:
            return
        finally:
            clock[0] += time.perf_counter() - began
        yield event


def _missing(stage: Stage) -> dict[str, Any]:
    rung = stage.rung
    told = {"rung": rung.model, "id": rung.recipe, "adds": rung.adds, "missing": stage.missing}
    return {**told, "test": None}


def _write(folder: Path, plan: Plan, rows: Sequence[dict[str, Any]]) -> None:
    data = next(stage.dataset for stage in plan.stages if stage.dataset)
    facts = {"data": data.name, "statement": data.statement, "story": "transfer", "rows": rows}
    durable.write_json(folder / RESULT, facts)
