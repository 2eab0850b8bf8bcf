"""What a training takes, from what was typed: data, model, recipe, a run directory to write in."""

import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from saccade.core.errors import BadData, BadRun, BadUsage
from saccade.core.records import Dataset
from saccade.run.directory import Run, create_run, new_run_path, open_run


@dataclass(frozen=True)
class Plan:
    """Everything that is needed to call `fit`; `why` says what was chosen."""

    network: Any
    dataset: Dataset
    recipe: Any
    run: Run
    resume: Any
    origin: dict[str, Any]
    why: str


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
    from saccade.models import default_model
    from saccade.models.user import as_network

    make_recipe(model or "softmax")  # what is typed wrong is said before minutes of reading
    loading = {key: value for key, value in loading.items() if value is not None}
    dataset = _load(data, loading) if out is None else _load_for(out, data, loading)
    chosen = model or default_model(dataset.input_shape)
    why = "as asked" if model else "the default for pictures of this size; --model takes another"
    recipe = make_recipe(chosen)
    network = as_network(chosen, dataset.input_shape, len(dataset.classes), seed=recipe.seed)
    return Plan(
        network=network,
        dataset=dataset,
        recipe=recipe,
        run=create_run(out or new_run_path(dataset.name, network.name, name)),
        resume=None,
        origin={"loaded_with": loading, "command": shlex.join(["saccade", *sys.argv[1:]])},
        why=f"{network.name} ({why})",
    )


def _load_for(out: Path, data: str, loading: dict[str, Any]) -> Dataset:
    """Reads the data once it is sure that the run can be written; leaves no empty folder behind."""
    was_there = out.exists()
    run = create_run(out)
    try:
        return _load(data, loading)
    except BaseException:
        if not was_there:
            run.path.rmdir()
        raise


def _consistent(changes: dict[str, Any]) -> dict[str, Any]:
    """Early stopping only where nobody said how long; a held-out share is there to be watched."""
    if ("epochs" in changes or "steps" in changes) and "patience" not in changes:
        changes = {**changes, "patience": None}
    if changes.get("validation_share"):
        changes = {**changes, "watch": "validation"}
    return changes


def resumed_plan(path: Path, data: str | None, model: str | None) -> Plan:
    from saccade.run.checkpoint import named, read_checkpoint
    from saccade.train.engine import Forms
    from saccade.train.evaluate import reload
    from saccade.train.fit import Resume
    from saccade.train.recipe import Recipe
    from saccade.train.restore import rebuilt

    run = open_run(path)
    state, facts = run.state, run.facts
    if state in ("finished", "running"):
        raise BadRun(f"{run.path} is {state}; only an unfinished run can be resumed")
    network = rebuilt(run, model)
    names = named(run.checkpoints)
    resume = None
    if "last" in names:
        best = read_checkpoint(run.checkpoints, "best") if "best" in names else None
        last = read_checkpoint(run.checkpoints, "last")
        resume = Resume(last, best, Forms(**facts["forms"]))
    dataset = reload(run)
    if data is not None and _load(data, facts.get("loaded_with", {})).fingerprint != (
        dataset.fingerprint
    ):
        raise BadData(f"{data} is not what {run.path} is trained on; DATA can be left out")
    step = resume.last.step if resume else 0
    return Plan(
        network=network,
        dataset=dataset,
        recipe=Recipe.from_json(facts["recipe"]),
        run=Run(run.path),
        resume=resume,
        origin={key: facts[key] for key in ("loaded_with", "command") if key in facts},
        why=f"{network.name}, from step {step:,}",
    )
