"""What a training takes, from what was typed: data, model, recipe, a run directory to write in."""

import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from saccade.cli.choice import (
    Begin,
    as_base_wants,
    check_names,
    check_normalisation,
    chosen_network,
)
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


def load_data(reference: str, loading: dict[str, Any]) -> Dataset:
    """The data, with a bar on a terminal while pictures are decoded."""
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


def fresh_plan(
    data: str | None,
    model: str | Begin | None,
    make_recipe: Callable[..., Any],
    loading: dict[str, Any],
    out: Path | None,
    name: str | None,
    normalisation: str | None = None,
) -> Plan:
    """A new run; an unfinished one of the same command at that place goes on."""
    if data is None:
        raise BadUsage("what to train on? `saccade train digits`, or a path: ./photos")
    if out is not None and name is not None:
        raise BadUsage("--out and --name both say where the run goes; give one")
    check_names(data, model)
    check_normalisation(model, normalisation)
    check_writable(out or runs_folder())
    place = runs_folder() / name if name else out
    there = _unfinished(place) if place else None
    from saccade.doctor.quick import quick_look, to_record
    from saccade.models import default_model
    from saccade.train.recipes import begun_like

    # What is typed wrong is said before minutes of reading.
    make_recipe(model if isinstance(model, str) else "softmax")
    loading = {key: value for key, value in loading.items() if value is not None}
    if isinstance(model, Begin):
        loading |= as_base_wants(model)
    dataset = _load_for(out, data, loading) if out and not there else load_data(data, loading)
    if isinstance(model, Begin) and not model.suits(dataset):
        model = None
    elif isinstance(model, Begin) and dataset.input_shape[2] == 1 and not model.asked:
        loading["colour"] = True
        dataset = load_data(data, loading)
    kind = begun_like(model.base, model.weights) if isinstance(model, Begin) else model
    recipe = make_recipe(kind or default_model(dataset.input_shape), dataset)
    network, why = chosen_network(model, dataset, recipe.seed, normalisation)
    if there:
        _check_same(there, network, dataset, recipe)
        return _continued(there, network, dataset)
    return Plan(
        network=network,
        dataset=dataset,
        recipe=recipe,
        run=claim_run(out or new_run_path(dataset.name, network.name, name)),
        resume=None,
        origin={
            "command": shlex.join(["saccade", *sys.argv[1:]]),
            "doctor": to_record(quick_look(dataset)),
        },
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
    dataset = load_data(data, run.facts.get("loaded_with", {}))
    if dataset.fingerprint != run.facts["data"]["fingerprint"]:
        raise BadData(f"{data} is not what {run.path} is trained on; DATA can be left out")
    return _continued(run, network, dataset)


def repeated_plan(run: Run, model: str | None, out: Path | None, name: str | None) -> Plan:
    """A new run that does what a finished one did, by its own record."""
    from saccade.train.evaluate import reload
    from saccade.train.forms import Forms
    from saccade.train.recipe import Recipe
    from saccade.train.restore import rebuilt
    from saccade.train.transfer import begun_again

    facts = run.facts
    dataset = reload(run)
    network = begun_again(rebuilt(run, model), dataset)
    return Plan(
        network=network,
        dataset=dataset,
        recipe=Recipe.from_json(facts["recipe"]),
        run=claim_run(out or new_run_path(dataset.name, network.name, name)),
        resume=None,
        origin={key: facts[key] for key in ("command", "doctor") if key in facts},
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
    from saccade.train.checkpoint import ResumeFrom
    from saccade.train.forms import Forms
    from saccade.train.recipe import Recipe
    from saccade.train.transfer import begun_again

    facts = run.facts
    last = recover(run.checkpoints)
    if last is None:
        network = begun_again(network, dataset)
    return Plan(
        network=network,
        dataset=dataset,
        recipe=Recipe.from_json(facts["recipe"]),
        run=run,
        resume=None if last is None else ResumeFrom(last, Forms(**facts["forms"])),
        origin={"command": facts["command"]} if "command" in facts else {},
        why=f"{network.name}, from step {last.step if last else 0:,}",
    )


def check_writable(folder: Path) -> None:
    """Before anything is read: the folder, or what it will be made in, can be written."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        raise BadUsage(f"{there} can't be written, so no run can be kept in {folder}")


def _load_for(out: Path, data: str, loading: dict[str, Any]) -> Dataset:
    """Reads the data once it is sure that the run can be written; leaves no empty folder behind."""
    was_there = out.exists()
    run = claim_run(out)
    try:
        return load_data(data, loading)
    except BaseException:
        if not was_there:
            discard_run(run)
        raise
