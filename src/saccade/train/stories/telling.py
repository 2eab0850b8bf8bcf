"""Trains a story's rows and writes down what they came to.

`ladder.json` beside the runs has the rows so far after every one; claims and charts come last.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from saccade.core.errors import BadUsage, Diverged
from saccade.core.interval import wilson
from saccade.core.records import Dataset, Predictions
from saccade.models.network import build
from saccade.run import durable
from saccade.run.directory import Run, create_run
from saccade.run.events import Accuracy, Event
from saccade.run.snapshots import read_snapshot, snapshot_steps
from saccade.train.commands import Source, nothing
from saccade.train.fit import fit
from saccade.train.ladder import RESULT, Training, row
from saccade.train.prepare import with_watched
from saccade.train.record import record
from saccade.train.restore import restore
from saccade.train.rungs import Rung
from saccade.train.stories.claim import Claim, Measure
from saccade.train.stories.story import Evidence, Row, Story, chart_to_json

MOST_OF_TRAIN = 2_000  # pictures that the last weights answer once more
DIVERGED = "diverged"
UNKNOWN = (
    *("seconds", "images_per_second", "test", "best_watched_accuracy"),
    *("band", "in_band", "above_band"),
)


@dataclass(frozen=True, eq=False)
class Plan:
    """Which story is told of which data, each row with so many seeds."""

    story: Story
    dataset: Dataset
    seeds: int = 1

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise BadUsage(f"--seeds must be at least 1, got {self.seeds}")


def tell(
    plan: Plan, folder: Path, commands: Callable[[Run], Source] = lambda run: nothing
) -> Iterator[Training]:
    """The trainings, row after row, each in a run directory of its own below `folder`.

    `commands` gives the source that steers a training. One whose loss stops being a number ends
    there, and is taken for guessing.

    Raises:
        BadUsage: a network that does not take the data's pictures.
    """
    story, dataset = plan.story, plan.dataset
    rows: list[dict[str, Any]] = []
    told: dict[str, Evidence] = {}
    for number, each in enumerate(story.rows, 1):
        runs = []
        for seed in range(plan.seeds):
            run = create_run(folder / f"{number:02d}-{each.name}-seed{seed}")
            training = _training(each, dataset, seed, run, commands(run))
            yield training
            runs.append(Run(run.path))
        told[each.name] = _evidence(each, runs, dataset)
        rows.append(_line(each, runs, told[each.name]))
        _write(folder, plan, rows, {})
    claims = _judged(story.claims(told), rows)
    charts = [chart_to_json(chart) for chart in story.charts(told)]
    shown = {"claims": [asdict(claim) for claim in claims], "charts": charts}
    _write(folder, plan, rows, shown)


def _training(each: Row, dataset: Dataset, seed: int, run: Run, commands: Source) -> Training:
    network = build(each.model, dataset.input_shape, len(dataset.classes), each.normalisation)
    recipe = replace(each.recipe, seed=seed)
    count = len(with_watched(dataset, recipe).train)
    recipe = replace(recipe, batch_size=min(recipe.batch_size, count))
    events = _until_diverged(record(fit(network, dataset, recipe, commands=commands), run))
    return Training(_rung(each), seed, recipe.total_steps(count), run, events)


def _until_diverged(events: Generator[Event, None, None]) -> Generator[Event, None, None]:
    """The same; the run itself says why it ended."""
    try:
        yield from events
    except Diverged:
        return


def _rung(each: Row) -> Rung:
    normalisation = f", {each.normalisation}" if each.normalisation else ""
    return Rung(each.name, f"{each.model}{normalisation}", each.other, None, 0)


def _evidence(each: Row, runs: Sequence[Run], dataset: Dataset) -> Evidence:
    return Evidence(each, [_measure(run, dataset) for run in runs], _slopes(runs[0]))


def _measure(run: Run, dataset: Dataset) -> Measure:
    told = [event for event in run.events() if event["event"] == "Evaluated"]
    if run.state != "finished":
        guesses = _guessing(len(dataset.classes), told[-1]["n"] if told else MOST_OF_TRAIN)
        return Measure(guesses, guesses, ((1, guesses),))
    curve = tuple((event["step"], _accuracy(event)) for event in told)
    trained = restore(run, "last")
    train = with_watched(dataset, trained.engine.recipe).train
    # From all over: pictures of a folder come class by class.
    ids = np.unique(np.linspace(0, len(train) - 1, MOST_OF_TRAIN).round().astype(int))
    few = train.take(ids)
    answers = Predictions(trained.engine.logits(trained.weights, few.pixels), few.labels)
    return Measure(curve[-1][1], Accuracy.of(answers), curve)


def _accuracy(event: dict[str, Any]) -> Accuracy:
    n = event["n"]
    low, high = wilson(round(event["accuracy"] * n), n)
    return Accuracy(event["accuracy"], low, high, event["loss"], n)


def _guessing(classes: int, n: int) -> Accuracy:
    low, high = wilson(round(n / classes), n)
    return Accuracy(1 / classes, low, high, float(np.log(classes)), n)


def _slopes(run: Run) -> list[float]:
    """Of kernels, in the order of the layers; [] where there is no snapshot."""
    steps = snapshot_steps(run.path / "snapshots")
    if not steps:
        return []
    arrays = read_snapshot(run.path / "snapshots", steps[-1])
    both = zip(arrays["variables"].tolist(), arrays["gradient_norms"].tolist(), strict=True)
    return [length for name, length in both if name.endswith(("/kernel", "/direction"))]


def _line(each: Row, runs: Sequence[Run], evidence: Evidence) -> dict[str, Any]:
    """A row of the table; what test says stands in it, too, and decides nothing."""
    ended = all(run.state == "finished" for run in runs)
    rung = _rung(each)
    if ended:
        line = row(rung, runs, bands=False)
    else:
        parameters = runs[0].facts["model"]["parameters"]
        line = {"rung": rung.model, "id": rung.recipe, "adds": rung.adds, "parameters": parameters}
        line |= dict.fromkeys(UNKNOWN) | {"steered": DIVERGED}
    measures = evidence.measures
    return {
        **line,
        "train": _mean([measure.train for measure in measures]),
        "validation": _mean([measure.validation for measure in measures]),
        "reported": each.reported,
    }


def _mean(told: Sequence[Accuracy]) -> dict[str, Any]:
    n = sum(each.n for each in told)
    correct = sum(round(each.accuracy * each.n) for each in told)
    low, high = wilson(correct, n)
    loss = sum(each.loss * each.n for each in told) / n
    return asdict(Accuracy(correct / n, low, high, loss, n))


def _judged(claims: list[Claim], rows: Sequence[dict[str, Any]]) -> list[Claim]:
    """Where a training was another than the story's, nothing is said of what it shows."""
    notes = [line["steered"] for line in rows]
    steered = next((note for note in notes if note not in (None, DIVERGED)), None)
    if steered is None:
        return claims
    return [replace(c, holds=None, found=f"{c.found}; a training was {steered}") for c in claims]


def _write(folder: Path, plan: Plan, rows: list[dict[str, Any]], more: Mapping[str, Any]) -> None:
    data, story = plan.dataset, plan.story
    about = {"data": data.name, "statement": data.statement}
    about |= {"story": story.name, "title": story.title}
    durable.write_json(folder / RESULT, {**about, "rows": rows, **more})
