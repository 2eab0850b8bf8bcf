"""saccade train"""

import json as json_format
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from saccade.cli.words import MaybeWhole, duration, parse_duration, this_command
from saccade.core.errors import BadData, BadRun, BadUsage, SaccadeError
from saccade.core.records import Dataset
from saccade.run.directory import Run, create_run, new_run_path, open_run
from saccade.run.events import Event, Finished, Saved, Started


@dataclass(frozen=True)
class Plan:
    """Everything that is needed to call `fit`; `why` says what was chosen."""

    model: str
    dataset: Dataset
    recipe: Any
    run: Run
    resume: Any
    origin: dict[str, Any]
    why: str


def train(
    data: str | None = None,
    /,
    *,
    model: str | None = None,
    recipe: str | None = None,
    epochs: float | None = None,
    steps: MaybeWhole = None,
    batch_size: MaybeWhole = None,
    lr: float | None = None,
    optimizer: str | None = None,
    weight_decay: float | None = None,
    schedule: str | None = None,
    augment: str | None = None,
    img_size: MaybeWhole = None,
    val_split: float | None = None,
    test_split: float | None = None,
    val_data: Path | None = None,
    test_data: Path | None = None,
    image_root: Path | None = None,
    group_by: str | None = None,
    eval_every: MaybeWhole = None,
    patience: MaybeWhole = None,
    time_limit: str | None = None,
    seed: MaybeWhole = None,
    device: Literal["auto", "cpu", "gpu", "tpu"] = "auto",
    out: Path | None = None,
    name: str | None = None,
    resume: Path | None = None,
    no_view: bool = False,
    json: bool = False,
) -> int:
    """Train on a data set or a folder of pictures.

    DATA is a name (digits, mnist; see `saccade datasets`) or a path with a slash: a folder of class
    folders, with or without train/, validation/ and test/ above them, a .tar, .tar.gz or .zip of
    one, or a CSV of image_path,label.

    Examples:

        saccade train digits
        saccade train mnist --model softmax --recipe G1.0
        saccade train ./photos --img-size 64 --epochs 30
        saccade train ./photos.csv --image-root ./photos.tar --group-by patient
        saccade train mnist --model conv --time-limit 2m --json
        saccade train --resume runs/2026-11-21-mnist-conv

    Parameters
    ----------
    data: str
        A data set's name, or a path with a slash.
    model: str
        Which network (see `saccade models`). Default: by the pictures' size.
    recipe: str
        How to train: `default`, or an original such as G1.0.
    epochs: float
        Passes over the training pictures. Switches early stopping off.
    steps: int
        Updates instead of epochs. Switches early stopping off.
    batch_size: int
        Pictures an update.
    lr: float
        Learning rate (the highest one of the schedule).
    optimizer: str
        sgd, adam, adamw or rmsprop.
    weight_decay: float
        Decoupled weight decay, 0 or more.
    schedule: str
        How the rate goes: constant, exponential, cosine, one-cycle or step.
    augment: str
        Random changes to training pictures: none, or some of shift,affine,flip,crop.
    img_size: int
        Side in pixels that pictures of a folder are brought to.
    val_split: float
        Share of train to hold out and watch, 0 to 1.
    test_split: float
        Share to hold out as test where the data has no test split.
    val_data: Path
        A folder or CSV of the same classes to watch while training.
    test_data: Path
        A folder or CSV of the same classes to test on.
    image_root: Path
        Folder, tar or zip where the paths of a CSV begin. Default: its own folder.
    group_by: str
        Column of a CSV: pictures that share its value are never parted.
    eval_every: int
        Steps between evaluations. Default: once an epoch.
    patience: int
        Stop after this many evaluations without a better one; 0 never.
    time_limit: str
        Stop after this long: 90s, 10m, 1h30m.
    seed: int
        First weights, order and dropout. Default: 0.
    device: str
        Where to compute.
    out: Path
        The run directory itself; must be new.
    name: str
        Its name in ./runs ($SACCADE_RUNS).
    resume: Path
        Go on with an unfinished run, by its own record.
    no_view: bool
        Do not open the live page.
    json: bool
        The last line of stdout is one JSON value.
    """
    choices = {
        "epochs": epochs,
        "steps": steps,
        "batch_size": batch_size,
        "optimizer": optimizer,
        "weight_decay": weight_decay,
        "validation_share": val_split,
        "evaluate_every": eval_every,
        "patience": patience,
        "seed": seed,
    }
    limit = parse_duration(time_limit) if time_limit else None
    _use_device(device)
    if resume is not None:
        reading = (img_size, test_split, val_data, test_data, image_root, group_by, out, name)
        typed = (*choices.values(), model, recipe, lr, schedule, augment, *reading)
        if any(value is not None for value in typed):
            raise BadUsage("--resume goes on by the run's own record: leave the other options out")
        plan = _resumed(resume, data)
    else:
        if data is None:
            raise BadUsage("what to train on? `saccade train digits`, or a path: ./photos")
        if out is not None and name is not None:
            raise BadUsage("--out and --name both say where the run goes; give one")
        _check_names(data, model)

        def make_recipe(model: str) -> Any:
            return _recipe(model, recipe or "default", choices, lr, schedule, augment)

        paths = {"val_data": val_data, "test_data": test_data, "image_root": image_root}
        loading = {
            "image_size": img_size,
            "test_share": test_split,
            **{key: str(path.resolve()) for key, path in paths.items() if path is not None},
            "group_by": group_by,
        }
        plan = _fresh(data, model, make_recipe, loading, out, name)
    return _run(plan, limit, json)


def _use_device(device: str) -> None:
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


def _check_names(data: str, model: str | None) -> None:
    """Names first: they are checked in no time, reading is not."""
    from saccade.data import is_path, named_entry
    from saccade.models import model_entry

    if not is_path(data):
        named_entry(data)
    if model is not None:
        model_entry(model)


def _recipe(
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


def _fresh(
    data: str,
    model: str | None,
    make_recipe: Callable[[str], Any],
    loading: dict[str, Any],
    out: Path | None,
    name: str | None,
) -> Plan:
    from saccade.models import default_model

    make_recipe(model or "softmax")  # what is typed wrong is said before minutes of reading
    if out is not None:
        create_run(out)
    loading = {key: value for key, value in loading.items() if value is not None}
    dataset = _load(data, loading)
    chosen = model or default_model(dataset.input_shape)
    why = "as asked" if model else "the default for pictures of this size; --model takes another"
    return Plan(
        model=chosen,
        dataset=dataset,
        recipe=make_recipe(chosen),
        run=create_run(out or new_run_path(dataset.name, chosen, name)),
        resume=None,
        origin={"loaded_with": loading, "command": shlex.join(["saccade", *sys.argv[1:]])},
        why=f"{chosen} ({why})",
    )


def _consistent(changes: dict[str, Any]) -> dict[str, Any]:
    """Early stopping only where nobody said how long; a held-out share is there to be watched."""
    if ("epochs" in changes or "steps" in changes) and "patience" not in changes:
        changes = {**changes, "patience": None}
    if changes.get("validation_share"):
        changes = {**changes, "watch": "validation"}
    return changes


def _resumed(path: Path, data: str | None) -> Plan:
    from saccade.run.checkpoint import named, read_checkpoint
    from saccade.train.engine import Forms
    from saccade.train.evaluate import reload
    from saccade.train.fit import Resume
    from saccade.train.recipe import Recipe

    run = open_run(path)
    state, facts = run.state, run.facts
    if state in ("finished", "running"):
        raise BadRun(f"{run.path} is {state}; only an unfinished run can be resumed")
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
        model=facts["model"]["model"],
        dataset=dataset,
        recipe=Recipe.from_json(facts["recipe"]),
        run=Run(run.path),
        resume=resume,
        origin={key: facts[key] for key in ("loaded_with", "command") if key in facts},
        why=f"{facts['model']['model']}, from step {step:,}",
    )


def _run(plan: Plan, limit: float | None, as_json: bool) -> int:
    from saccade.cli.interruption import interruption
    from saccade.train import commands
    from saccade.train.fit import fit
    from saccade.train.record import record

    sources = []
    if plan.recipe.patience:
        sources.append(commands.patience(plan.recipe.patience))
    if limit is not None:
        sources.append(commands.time_limit(limit))
    with interruption() as interrupted:
        events = record(
            fit(
                plan.model,
                plan.dataset,
                plan.recipe,
                commands=commands.all_of(*sources, interrupted.commands),
                resume=plan.resume,
                origin=plan.origin,
            ),
            plan.run,
        )
        finished = None
        try:
            for event in _shown(events, plan):
                if isinstance(event, Finished):
                    finished = event
                if interrupted.signal and isinstance(event, Saved) and "last" in event.names:
                    events.close()
        except SaccadeError as error:
            if plan.run.state == "empty":  # refused before it began: leave nothing behind
                shutil.rmtree(plan.run.path)
                raise
            _write_pages(plan.run)
            raise type(error)(f"{error}\nThe run so far: {plan.run.path}") from error
    _write_pages(plan.run)
    if finished is None:
        return _say_interrupted(plan, interrupted.exit_code)
    _say_result(plan, finished, as_json)
    return 0


def _shown(events: Iterator[Event], plan: Plan) -> Iterator[Event]:
    """The same events, shown as they pass."""
    from saccade.cli.progress import training_progress

    started = next(events)
    assert isinstance(started, Started)  # noqa: S101  (fit's first)
    yield started
    _say_plan(plan, started)
    with training_progress(started.step, started.facts["total_steps"]) as show:
        for event in events:
            show(event)
            yield event


def _say(topic: str, text: str) -> None:
    print(f"{topic:<9}{text}", file=sys.stderr, flush=True)


def _say_plan(plan: Plan, started: Started) -> None:
    facts, recipe = started.facts, plan.recipe
    _say("data", plan.dataset.statement)
    for excluded in plan.dataset.excluded[:10]:
        _say("", f"left out {excluded.path}: {excluded.reason}")
    if len(plan.dataset.excluded) > 10:
        _say("", f"... and {len(plan.dataset.excluded) - 10:,} more, in run.json")
    _say("model", f"{plan.why}, {facts['model']['parameters']:,} parameters")
    length = f"{facts['total_steps']:,} steps of {recipe.batch_size}"
    if recipe.epochs is not None:
        length = f"{recipe.epochs:g} epochs = {length}"
    watched = (
        "test watched during training, as the deck does"
        if recipe.watch == "test"
        else f"{facts['data']['validation']:,} held out of train to watch; test is read once"
    )
    source = f" ({recipe.source})" if recipe.source else ""
    _say("recipe", f"{recipe.name}{source}: {length}, {recipe.optimizer}; {watched}")
    _say("run", str(plan.run.path))


def _write_pages(run: Run) -> None:
    from saccade.view.card import write_card
    from saccade.view.report import write_report

    fresh = Run(run.path)
    write_report(fresh)
    write_card(fresh)


def _say_interrupted(plan: Plan, exit_code: int) -> int:
    me = this_command()
    _say("stopped", "saved; test was not read")
    _say("go on", f"{me} train --resume {plan.run.path}")
    _say("look", f"{me} eval {plan.run.path} --split validation")
    return exit_code


def _say_result(plan: Plan, finished: Finished, as_json: bool) -> None:
    recipe = plan.recipe
    how = (
        f"of the last step (test watched during training; best seen "
        f"{100 * finished.best_watched:.2f} %)"
        if recipe.watch == "test"
        else f"read once, with the weights of step {finished.step_read:,}, best on validation"
    )
    lines = [f"test accuracy {finished.test}, {how}"]
    reported = plan.run.facts["recipe"]["reported"]
    if reported is not None:
        lines.append(f"the deck reports {100 * reported:.2f} % (its best)")
    speed = finished.images_per_second
    lines.append(
        f"{finished.step:,} steps in {duration(finished.seconds)}"
        f"{f', {speed:,.0f} images/s' if speed else ''}; {finished.reason}"
    )
    for line in lines:
        print(line, file=sys.stderr if as_json else sys.stdout)
    me, path = this_command(), plan.run.path
    _say("report", f"{path}/report.html")
    picture = path / "eval" / "mistakes" / "01.png"  # so that the line can be typed as it is
    _say("next", f"{me} predict {path} {picture if picture.exists() else 'PICTURE...'}")
    _say("", f"{me} eval {path}")
    _say("", f"{me} runs")
    if as_json:
        print(json_format.dumps(_json(plan, finished), allow_nan=False))


def _json(plan: Plan, finished: Finished) -> dict[str, Any]:
    validation = finished.validation
    return {
        "run": str(plan.run.path),
        "data": plan.dataset.name,
        "model": plan.model,
        "parameters": plan.run.facts["model"]["parameters"],
        "steps": finished.step,
        "seconds": finished.seconds,
        "images_per_second": finished.images_per_second,
        "validation": {k: getattr(validation, k) for k in ("accuracy", "loss", "n")}
        if validation
        else None,
        "test": asdict(finished.test),
    }
