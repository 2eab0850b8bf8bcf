"""What a training takes, from what was typed: data, model, recipe, a run directory to write in."""

import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from saccade.core.errors import BadData, BadRun, BadUsage
from saccade.core.records import Dataset
from saccade.run import lock
from saccade.run.directory import (
    FACTS,
    Run,
    claim_run,
    discard_run,
    new_run_path,
    open_run,
    runs_folder,
)
from saccade.run.events import Intervened

ENDED = ("finished", "running")


@dataclass(frozen=True)
class Plan:
    """Everything that is needed to call `fit`; `why` says what was chosen.

    `replay` and `forms` are those of the run that is repeated.
    """

    network: Any
    dataset: Dataset
    recipe: Any
    run: Run
    resume: Any
    origin: dict[str, Any]
    why: str
    replay: tuple[Intervened, ...] = ()
    forms: Any = None


def use_device(device: str) -> None:
    if device == "auto":
        return
    os.environ["JAX_PLATFORMS"] = {"cpu": "cpu", "gpu": "cuda", "tpu": "tpu"}[device]
    try:
        from saccade.models.backend import jax

        jax.devices()
    except (RuntimeError, AssertionError) as error:  # JAX says it in either way
        why = str(error).partition("\n")[0] or "there is none"
        raise BadUsage(f"--device {device} can't be used here: {why}") from None


def _load(reference: str, loading: dict[str, Any]) -> Dataset:
    from saccade.cli.progress import reading_progress
    from saccade.data import load

    with reading_progress() as bar:
        if bar is None:
            return load(reference, **loading)
        task = bar.add_task("reading pictures", total=None, text="", visible=False)
        return load(
            reference,
            **loading,
            progress=lambda done, total: bar.update(
                task, completed=done, total=total, visible=True
            ),
        )


def check_names(data: str, model: str | None) -> None:
    """Names first: they are checked in no time, reading is not."""
    from saccade.data import is_path, named_entry
    from saccade.models import is_file, model_entry

    if not is_path(data):
        named_entry(data)
    if model is not None and is_file(model):
        from saccade.models.user import check_file

        check_file(model)
    elif model is not None:
        model_entry(model)


def chosen_recipe(
    model: str,
    name: str,
    choices: dict[str, Any],
    lr: float | None,
    schedule: str | None,
    augment: str | None,
) -> Any:
    """The recipe of this name, with what was typed instead of what it says."""
    from saccade.train import augment as augmentations
    from saccade.train import schedule as schedules
    from saccade.train.recipes import recipe as named_recipe

    changes = {key: value for key, value in choices.items() if value is not None}
    recipe = named_recipe(model, name, **_consistent(changes))
    if schedule is not None:
        recipe = replace(recipe, schedule=schedules.named(schedule)(recipe.schedule.rate))
    if augment is not None:
        recipe = replace(recipe, augment=augmentations.named(augment))
    return recipe if lr is None else recipe.with_rate(lr)


def fresh_plan(
    data: str,
    model: str | None,
    make_recipe: Callable[[str], Any],
    loading: dict[str, Any],
    out: Path | None,
    name: str | None,
) -> Plan:
    """A new run; an unfinished one of the same command at that place goes on."""
    _check_writable(out or runs_folder())
    place = runs_folder() / name if name else out
    there = _unfinished(place) if place else None
    from saccade.models import default_model
    from saccade.models.user import as_network  # loads Keras: seconds later

    make_recipe(model or "softmax")  # what is typed wrong is said before minutes of reading
    loading = {key: value for key, value in loading.items() if value is not None}
    dataset = _load_for(out, data, loading) if out and not there else _load(data, loading)
    chosen = model or default_model(dataset.input_shape)
    why = "as asked" if model else "the default for pictures of this size; --model takes another"
    recipe = make_recipe(chosen)
    network = as_network(chosen, dataset.input_shape, len(dataset.classes), seed=recipe.seed)
    if there:
        _check_same(there, network, dataset, recipe)
        return _continued(there, network, dataset)
    return Plan(
        network=network,
        dataset=dataset,
        recipe=recipe,
        run=claim_run(out or new_run_path(dataset.name, network.name, name)),
        resume=None,
        origin={"loaded_with": loading, "command": shlex.join(["saccade", *sys.argv[1:]])},
        why=f"{network.name} ({why})",
    )


def resumed_plan(path: Path, data: str | None, model: str | None) -> Plan:
    """An unfinished run, by its own record; `data` and a table's `model` need not be typed."""
    from saccade.train.evaluate import reload
    from saccade.train.restore import rebuilt

    run = open_run(path)
    state = run.state
    if state in ENDED:
        raise BadRun(f"{run.path} is {state}; only an unfinished run can be resumed")
    lock.claim(run.path)
    network = rebuilt(run, model)
    if data is None:
        return _continued(run, network, reload(run))
    dataset = _load(data, run.facts.get("loaded_with", {}))
    if dataset.fingerprint != run.facts["data"]["fingerprint"]:
        raise BadData(f"{data} is not what {run.path} is trained on; DATA can be left out")
    return _continued(run, network, dataset)


def repeated_plan(run: Run, model: str | None, out: Path | None, name: str | None) -> Plan:
    """A new run that does what a finished one did, by its own record."""
    from saccade.train.engine import Forms
    from saccade.train.evaluate import reload
    from saccade.train.recipe import Recipe
    from saccade.train.restore import rebuilt

    facts = run.facts
    network, dataset = rebuilt(run, model), reload(run)
    return Plan(
        network=network,
        dataset=dataset,
        recipe=Recipe.from_json(facts["recipe"]),
        run=claim_run(out or new_run_path(dataset.name, network.name, name)),
        resume=None,
        origin={key: facts[key] for key in ("loaded_with", "command") if key in facts},
        why=f"{network.name}, as in {run.path}",
        replay=asked_of(run),
        forms=Forms(**facts["forms"]),
    )


def asked_of(run: Run) -> tuple[Intervened, ...]:
    """What was asked of a finished run, and the end that a clock decided."""
    names = [field.name for field in fields(Intervened)]
    told = [
        Intervened(**{name: event[name] for name in names})
        for event in run.events()
        if event["event"] == "Intervened"
    ]
    steps, reason = run.metrics["steps"], run.metrics["reason"]
    if reason.startswith("time limit"):
        told.append(Intervened(steps, "stop", None, "rerun", steps))
    return tuple(told)


def _unfinished(out: Path) -> Run | None:
    """The run at this path, if it is there and can go on."""
    if not (out / FACTS).exists() or Run(out).state in ENDED:
        return None
    lock.claim(out)
    return Run(out)


def _check_same(run: Run, network: Any, dataset: Dataset, recipe: Any) -> None:
    """Whether a run is what was typed.

    Raises:
        BadUsage: it is not; says in what.
    """
    facts, typed = run.facts, recipe.to_json()
    there = {**facts["recipe"], "reported": typed["reported"]}
    differing = [key for key in typed if typed[key] != there.get(key)]
    if any(facts["model"].get(key) != value for key, value in network.reference.items()):
        differing.append("model")
    if dataset.fingerprint != facts["data"]["fingerprint"]:
        differing.append("data")
    if differing:
        raise BadUsage(
            f"{run.path} holds an unfinished run with another {', another '.join(differing)}. "
            f"Pick another --out, or go on with that one: saccade train --resume {run.path}"
        )


def _continued(run: Run, network: Any, dataset: Dataset) -> Plan:
    """From the newest checkpoint that is whole; from the first step if there is none."""
    from saccade.run.checkpoint import recover
    from saccade.train.engine import Forms
    from saccade.train.fit import Resume
    from saccade.train.recipe import Recipe

    facts = run.facts
    last = recover(run.checkpoints)
    return Plan(
        network=network,
        dataset=dataset,
        recipe=Recipe.from_json(facts["recipe"]),
        run=run,
        resume=None if last is None else Resume(last, Forms(**facts["forms"])),
        origin={key: facts[key] for key in ("loaded_with", "command") if key in facts},
        why=f"{network.name}, from step {last.step if last else 0:,}",
    )


def _check_writable(folder: Path) -> None:
    """Before anything is read: the folder, or what it will be made in, can be written."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        raise BadUsage(f"{there} can't be written, so no run can be kept in {folder}")


def _load_for(out: Path, data: str, loading: dict[str, Any]) -> Dataset:
    """Reads the data once it is sure that the run can be written; leaves no empty folder behind."""
    was_there = out.exists()
    run = claim_run(out)
    try:
        return _load(data, loading)
    except BaseException:
        if not was_there:
            discard_run(run)
        raise


def _consistent(changes: dict[str, Any]) -> dict[str, Any]:
    """Early stopping only where nobody said how long; a held-out share is there to be watched."""
    if ("epochs" in changes or "steps" in changes) and "patience" not in changes:
        changes = {**changes, "patience": None}
    if changes.get("validation_share"):
        changes = {**changes, "watch": "validation"}
    return changes
