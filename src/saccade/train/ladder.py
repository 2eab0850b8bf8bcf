"""The course's ladder: the same data, one idea more at every rung."""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from saccade.core.errors import BadUsage
from saccade.core.interval import wilson
from saccade.core.records import Dataset
from saccade.models.network import build
from saccade.run import durable
from saccade.run.directory import Run, create_run
from saccade.run.events import Event
from saccade.run.interventions import DECIDING
from saccade.train.commands import Source, nothing
from saccade.train.fit import ALL_DONE, fit
from saccade.train.originals import RECIPES
from saccade.train.recipe import Recipe
from saccade.train.recipes import recipe as named_recipe
from saccade.train.record import record
from saccade.train.rungs import STEPS, Rung

QUICK = 10
RESULT = "ladder.json"


@dataclass(frozen=True)
class Plan:
    """What is climbed: `recipe` is `original` or `default`, `share` of the originals' steps."""

    rungs: Sequence[Rung]
    seeds: int = 1
    share: float = 1.0
    recipe: str = "original"

    def seconds(self) -> float:
        """About how long it takes on the two cores of docs/lab-notes.md."""
        return self.seeds * sum(4 + rung.seconds * self.share for rung in self.rungs)


@dataclass(frozen=True, eq=False)
class Training:
    """One training of the ladder: `events` is what `record` passes on, to be gone through."""

    rung: Rung
    seed: int
    steps: int
    run: Run
    events: Generator[Event, None, None]


def climb(
    dataset: Dataset,
    plan: Plan,
    folder: Path,
    commands: Callable[[Run], Source] = lambda run: nothing,
) -> Iterator[Training]:
    """The trainings, rung after rung, each in a run directory of its own below `folder`.

    `commands` gives the source that steers a training. After every rung `ladder.json` holds the
    rows so far, so that what is done is never lost.

    Raises:
        BadUsage: fewer than one seed, or a rung that does not take the data's pictures.
    """
    if plan.seeds < 1:
        raise BadUsage(f"--seeds must be at least 1, got {plan.seeds}")
    rows: list[dict[str, Any]] = []
    for number, rung in enumerate(plan.rungs, 1):
        runs = []
        for seed in range(plan.seeds):
            run = create_run(folder / f"{number:02d}-{rung.model}-seed{seed}")
            network = build(rung.model, dataset.input_shape, len(dataset.classes))
            recipe = recipe_of(rung, plan, seed)
            events = record(fit(network, dataset, recipe, commands=commands(run)), run)
            yield Training(rung, seed, recipe.total_steps(len(dataset.train)), run, events)
            runs.append(Run(run.path))
        rows.append(row(rung, runs, bands=_has_bands(dataset, plan)))
        facts = {"data": dataset.name, "statement": dataset.statement, "rows": rows}
        durable.write_json(folder / RESULT, facts)


def recipe_of(rung: Rung, plan: Plan, seed: int) -> Recipe:
    """What a rung is trained with."""
    if plan.recipe == "default":
        return named_recipe(rung.model, seed=seed)
    original = RECIPES[rung.recipe]
    steps = max(1, round((rung.steps or original.steps or STEPS) * plan.share))
    every = max(1, round((original.evaluate_every or 100) * min(1, 10 * plan.share)))
    return replace(original, steps=steps, evaluate_every=every, epochs=None, seed=seed)


def _has_bands(dataset: Dataset, plan: Plan) -> bool:
    """The bands are of MNIST, with the originals' recipes at full length."""
    return dataset.name == "mnist" and plan.recipe == "original" and plan.share == 1


def row(rung: Rung, runs: Sequence[Run], *, bands: bool) -> dict[str, Any]:
    """One line of the table: means over the seeds; the interval is of all their answers."""
    metrics = [run.metrics for run in runs]
    n = sum(m["test"]["n"] for m in metrics)
    correct = sum(round(m["test"]["accuracy"] * m["test"]["n"]) for m in metrics)
    low, high = wilson(correct, n)
    best = sum(m["best_watched"] for m in metrics) / len(metrics)
    by_best = rung.judged_by == "best watched"
    facts = runs[0].facts
    steered = next(filter(None, map(_steered, runs)), None)
    bands = bands and steered is None
    return {
        "rung": rung.model,
        "id": rung.recipe,
        "adds": rung.adds,
        "parameters": facts["model"]["parameters"],
        "seconds": sum(m["seconds"] for m in metrics) / len(metrics),
        "images_per_second": metrics[-1]["images_per_second"],
        "test": {
            "accuracy": correct / n,
            "low": low,
            "high": high,
            "loss": sum(m["test"]["loss"] for m in metrics) / len(metrics),
            "n": n,
        },
        "best_watched_accuracy": best,
        "reported": facts["recipe"]["reported"],
        **_held_against(rung.band if bands else None, best if by_best else correct / n),
        "judged_by": rung.judged_by,
        "watched_loss_climbs": climbs(runs[0]) if bands else None,
        "steered": steered,
    }


def _steered(run: Run) -> str | None:
    """What makes it another training than the original's, so that it is held against nothing."""
    if run.metrics["reason"] != ALL_DONE:
        return f"stopped at step {run.metrics['steps']:,}"
    asked = {event.get("request") for event in run.events() if event["event"] == "Intervened"}
    return "steered on its way" if asked.intersection(DECIDING) else None


def _held_against(band: tuple[float, float] | None, accuracy: float) -> dict[str, Any]:
    """Above its band a rung has reached it."""
    if band is None:
        return {"band": None, "in_band": None, "above_band": None}
    low, high = band
    return {"band": [low, high], "in_band": accuracy >= low, "above_band": accuracy > high}


def climbs(run: Run) -> bool:
    """Whether the watched loss ends at least a fifth above its lowest: the mark of overfitting.

    Judged on the mean of the last tenth of the evaluations against the lowest mean of as many in a
    row, so that one noisy evaluation decides nothing.
    """
    losses = [e["loss"] for e in run.events() if e["event"] == "Evaluated"]
    window = max(1, len(losses) // 10)
    means = [sum(losses[i : i + window]) / window for i in range(len(losses) - window + 1)]
    return bool(means[-1] > 1.2 * min(means))
