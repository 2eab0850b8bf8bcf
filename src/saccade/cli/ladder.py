"""saccade ladder"""

import json as json_format
import sys
from pathlib import Path
from typing import Any, Literal

from saccade.cli.training import write_pages
from saccade.cli.words import Whole, duration
from saccade.core.errors import BadUsage
from saccade.run.directory import Run, new_run_path
from saccade.run.durable import read_json
from saccade.run.events import Finished, Saved


def ladder(
    data: str,
    /,
    *,
    rungs: str | None = None,
    seeds: Whole = 1,
    quick: bool = False,
    family: Literal["goerner", "keras", "google", "estimator"] = "goerner",
    recipe: Literal["original", "default"] = "original",
    out: Path | None = None,
    name: str | None = None,
    no_view: bool = False,
    json: bool = False,
) -> int:
    """Train the course's networks one after the other, one idea more at every rung.

    The originals' recipes, 10,001 steps each on all training pictures, test watched as they did.
    The first line says about how long it takes. On digits, and with --quick, a tenth of the steps.

    Examples:

        saccade ladder digits
        saccade ladder mnist --rungs softmax,mlp-relu,conv
        saccade ladder mnist --quick

    Parameters
    ----------
    data: str
        A data set's name, or a path with a slash.
    rungs: str
        Only these, by model name, with commas.
    seeds: int
        Trainings a rung; the table shows their mean.
    quick: bool
        A tenth of the steps; no bands then.
    family: str
        Whose ladder: Görner's scripts, his Keras codelab, Google's notebooks or Estimator models.
    recipe: str
        The originals' recipes, or ours.
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
    from saccade.data import load
    from saccade.train import ladder as climbing
    from saccade.train.rungs import choose

    if out is not None and name is not None:
        raise BadUsage("--out and --name both say where the runs go; give one")
    share = 1 / climbing.QUICK if quick or data == "digits" else 1.0
    chosen = choose(family, rungs.split(",") if rungs else None)
    plan = climbing.Plan(chosen, seeds=seeds, share=share, recipe=recipe)
    _say(f"{len(chosen) * seeds} trainings, about {duration(plan.seconds())} on two cores")
    dataset = load(data)
    _say(dataset.statement)
    folder = out or new_run_path(dataset.name, "ladder", name)
    if folder.exists():
        raise BadUsage(f"{folder} exists; a ladder needs a directory of its own")
    folder.mkdir(parents=True)
    with live_page(folder, wanted=not no_view):
        code = _train(climbing.climb, dataset, plan, folder)
    if code:
        _say(f"stopped; what is done stays in {folder}")
        return code
    return _say_result(folder, json)


def _train(climb: Any, dataset: Any, plan: Any, folder: Path) -> int:
    """Goes through every training; 0, or the exit code of the signal that ended it."""
    from saccade.cli.interruption import interruption
    from saccade.cli.progress import training_progress
    from saccade.train.commands import Source, all_of, requests

    with interruption() as interrupted:

        def steered(run: Run) -> Source:
            return all_of(requests(run.path), interrupted.commands)

        for training in climb(dataset, plan, folder, steered):
            finished = None
            with training_progress(0, training.steps) as show:
                for event in training.events:
                    show(event)
                    finished = event if isinstance(event, Finished) else None
                    if interrupted.signal and isinstance(event, Saved) and "last" in event.names:
                        training.events.close()
            if finished is None:
                return interrupted.exit_code
            write_pages(training.run)
            _say(f"{training.rung.model}: test accuracy {finished.test}")
    return 0


def _say_result(folder: Path, as_json: bool) -> int:
    from saccade.view.ladder import table_lines, write_ladder

    page = write_ladder(folder)
    lines = table_lines(folder)
    for line in lines:
        print(line, file=sys.stderr if as_json else sys.stdout)
    _say(f"the page: {page}")
    if as_json:
        rows = read_json(folder / "ladder.json")["rows"]
        print(json_format.dumps({"run": str(folder), "rows": rows}, allow_nan=False))
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
