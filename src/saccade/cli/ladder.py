"""saccade ladder"""

import json as json_format
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

from saccade.cli.choice import OFFERED, Begin, as_base_wants, check_names, in_files
from saccade.cli.plan import load_data
from saccade.cli.training import write_pages
from saccade.cli.words import Whole, duration
from saccade.core.errors import BadUsage
from saccade.core.records import Dataset
from saccade.run.directory import Run, new_run_path
from saccade.run.durable import read_json
from saccade.run.events import Finished, Saved

# From a folder and what steers a run, the trainings.
Climb = Callable[[Path, Any], Iterator[Any]]


def ladder(
    data: str,
    /,
    *,
    story: Literal[
        "course", "transfer", "depth", "batch-norm", "normalisation", "dropout"
    ] = "course",
    base: str | None = None,
    weights: str | None = None,
    rungs: str | None = None,
    seeds: Whole = 1,
    quick: bool = False,
    family: Literal["goerner", "keras", "google", "estimator"] | None = None,
    recipe: Literal["original", "default"] | None = None,
    out: Path | None = None,
    name: str | None = None,
    no_view: bool = False,
    json: bool = False,
) -> int:
    """Train the course's networks one after the other, one idea more at every rung.

    The originals' recipes, 10,001 steps each on all training pictures, test watched as they did.
    The first line says about how long it takes. On digits, and with --quick, a tenth of the steps.

    With --story transfer: freeze a base or not? Only the head learns, the last block with it, all
    of it, or all of it from scratch; beside them the nets of the course's flowers notebook.

    The other stories are short trainings that differ in one thing, and say whether their claim
    holds: depth (deeper is worse without shortcuts), batch-norm (faster, and at higher rates),
    normalisation (batch, layer, weight, selu, none), dropout (and L1, L2, against overfitting).

    Examples:

        saccade ladder digits
        saccade ladder mnist --rungs softmax,mlp-relu,conv
        saccade ladder mnist --quick
        saccade ladder ./photos --story transfer
        saccade ladder digits --story dropout
        saccade ladder cifar10 --story depth --seeds 3

    Parameters
    ----------
    data: str
        A data set's name, or a path with a slash.
    story: str
        The course's networks, one base in four ways, or one of the four others.
    base: str
        The base of that story (see `saccade models --bases`). Default: squeezenet1.1, or the run's.
    weights: str
        What it begins with: imagenet (default), a file, or a run.
    rungs: str
        Only these, by model name, with commas.
    seeds: int
        Trainings a rung; the table shows their mean.
    quick: bool
        A tenth of the steps; no bands then, and fewer depths.
    family: str
        Whose ladder: Görner's scripts (default), his Keras codelab, Google's notebooks or Estimator
        models.
    recipe: str
        The originals' recipes (default), or ours.
    out: Path
        The directory of the runs; must be new.
    name: str
        Its name in ./runs ($SACCADE_RUNS).
    no_view: bool
        Do not open the live page (see `saccade view`).
    json: bool
        The last line of stdout is one JSON value.
    """
    from saccade.cli.live import live_page

    if out is not None and name is not None:
        raise BadUsage("--out and --name both say where the runs go; give one")
    if story != "course" and any(each is not None for each in (rungs, family, recipe)):
        raise BadUsage("--rungs, --family and --recipe are of the course's story")
    if story == "transfer":
        climb, dataset = _transfer(data, base, weights, seeds, quick)
    elif base is not None or weights is not None:
        raise BadUsage("--base and --weights take --story transfer")
    elif story == "course":
        climb, dataset = _course(
            data, rungs, seeds, quick, family or "goerner", recipe or "original"
        )
    else:
        climb, dataset = _told(data, story, seeds, quick)
    _say(dataset.statement)
    folder = out or new_run_path(dataset.name, "ladder", name)
    if folder.exists():
        raise BadUsage(f"{folder} exists; a ladder needs a directory of its own")
    folder.mkdir(parents=True)
    with live_page(folder, wanted=not no_view):
        code = _train(climb, folder)
    if code:
        _say(f"stopped; what is done stays in {folder}")
        return code
    return _say_result(folder, story, json)


def _course(
    data: str, rungs: str | None, seeds: int, quick: bool, family: str, recipe: str
) -> tuple[Climb, Dataset]:
    from saccade.data import load
    from saccade.train import ladder as climbing
    from saccade.train.rungs import choose

    share = 1 / climbing.QUICK if quick or data == "digits" else 1.0
    chosen = choose(family, rungs.split(",") if rungs else None)
    plan = climbing.Plan(chosen, seeds=seeds, share=share, recipe=recipe)
    _say(f"{len(chosen) * seeds} trainings, about {duration(plan.seconds())} on two cores")
    return partial(climbing.climb, dataset := load(data), plan), dataset


def _transfer(
    data: str, base: str | None, weights: str | None, seeds: int, quick: bool
) -> tuple[Climb, Dataset]:
    check_names(data, None)
    if weights == "none":
        raise BadUsage("--weights none is from scratch, which is one row of this story anyway")
    from saccade.train import freezing
    from saccade.train.ladder import QUICK
    from saccade.train.transfer import base_of

    if base is None and weights not in (None, "imagenet") and not Path(weights).is_file():
        base = base_of(weights)
    base = base or OFFERED
    begin = Begin(base, weights or "imagenet", "none")
    check_names(data, begin)
    dataset = load_data(data, as_base_wants(begin))
    size = {"default_size": freezing.NOTEBOOK_SIZE, "colour": True, "fit": "stretch"}
    photos = load_data(data, size) if in_files(data) else None
    stages = [*freezing.ways(dataset, base, begin.weights), *freezing.notebook(photos)]
    plan = freezing.Plan(stages, seeds=seeds, share=1 / QUICK if quick else 1.0)
    _say(f"{plan.trainings} trainings of {base} and of the notebook's nets")
    return partial(freezing.climb, plan), dataset


def _told(data: str, name: str, seeds: int, quick: bool) -> tuple[Climb, Dataset]:
    check_names(data, None)
    from saccade.train.ladder import QUICK
    from saccade.train.stories import STORIES
    from saccade.train.stories.telling import Plan, tell

    dataset = load_data(data, {})
    story = STORIES[name](dataset, 1 / QUICK if quick else 1.0)
    plan = Plan(story, dataset, seeds)
    _say(f"{len(story.rows) * seeds} trainings: {story.title}")
    return partial(tell, plan), dataset


def _train(climb: Climb, folder: Path) -> int:
    """Goes through every training; 0, or the exit code of the signal that ended it."""
    from saccade.cli.interruption import interruption
    from saccade.cli.progress import training_progress
    from saccade.train.commands import Source, all_of, requests

    with interruption() as interrupted:

        def steered(run: Run) -> Source:
            return all_of(requests(run.path), interrupted.commands)

        for training in climb(folder, steered):
            finished = None
            with training_progress(0, training.steps) as show:
                for event in training.events:
                    show(event)
                    finished = event if isinstance(event, Finished) else None
                    if interrupted.signal and isinstance(event, Saved) and "last" in event.names:
                        training.events.close()
            if finished is None and interrupted.signal:
                return interrupted.exit_code
            write_pages(training.run)
            told = f"test accuracy {finished.test}" if finished else "diverged"
            _say(f"{training.rung.model}: {told}")
    return 0


def _say_result(folder: Path, story: str, as_json: bool) -> int:
    from saccade.view import freezing, ladder, stories

    if story == "course":
        page, lines = ladder.write_ladder(folder), ladder.table_lines(folder)
    elif story == "transfer":
        page, lines = freezing.write_freezing(folder), freezing.table_lines(folder)
    else:
        page, lines = stories.write_story(folder), stories.table_lines(folder)
    for line in lines:
        print(line, file=sys.stderr if as_json else sys.stdout)
    _say(f"the page: {page}")
    if as_json:
        facts = read_json(folder / "ladder.json")
        told = {key: facts[key] for key in ("rows", "claims") if key in facts}
        print(json_format.dumps({"run": str(folder), **told}, allow_nan=False))
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
