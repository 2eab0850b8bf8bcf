"""A training as a person sees it: what was chosen, how it goes, what came out, what is next."""

import json as json_format
import sys
import warnings
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from saccade.cli.diagnose import say_in_short
from saccade.cli.plan import Plan
from saccade.cli.words import duration, plain, this_command
from saccade.core.errors import NotSaved, OutOfMemory, SaccadeError
from saccade.run.copying import Copying
from saccade.run.directory import Run, discard_run, model_option
from saccade.run.events import Event, Finished, Prepared, Saved, Started
from saccade.run.interventions import told


def carry_out(
    plan: Plan,
    limit: float | None,
    keep: int,
    as_json: bool,
    view: bool,
    copying: Copying | None = None,
) -> int:
    from saccade.cli.interruption import interruption
    from saccade.train import commands
    from saccade.train.fit import fit
    from saccade.train.record import record

    sources = [commands.requests(plan.run.path)]
    if plan.recipe.patience:
        sources.append(commands.patience(plan.recipe.patience))
    if limit is not None:
        sources.append(commands.time_limit(limit))
    with interruption() as interrupted:
        events = record(
            fit(
                plan.network,
                plan.dataset,
                plan.recipe,
                commands=commands.all_of(*sources, interrupted.commands),
                replay=plan.replay,
                resume=plan.resume,
                forms=plan.forms,
                origin=plan.origin,
            ),
            plan.run,
            keep,
        )
        finished = None
        try:
            for event in _shown(events, plan, view):
                if isinstance(event, Finished):
                    finished = event
                if copying is not None and _is_last(event):
                    copying.saved()
                if interrupted.signal and _may_end(event):
                    events.close()
        except Exception as error:
            said = _told(plan, _out_of_memory(plan, error) or error)
            if copying is not None:
                copying.failed()
            if said is error:
                raise
            raise said from error
    write_pages(plan.run)
    if finished is None:
        code = _say_interrupted(plan, interrupted.exit_code)
    else:
        code = 0
        _say_result(plan, finished, as_json)
    say_in_short(plan.run)
    if copying is not None:
        copying.ended(finished is not None)
        _say("copied", copying.mirror.url)
    return code


def _may_end(event: Event) -> bool:
    """Whether nothing is lost if it ends here."""
    return isinstance(event, Prepared) or _is_last(event)


def _is_last(event: Event) -> bool:
    return isinstance(event, Saved) and "last" in event.names


def _told(plan: Plan, error: Exception) -> Exception:
    """The error with where the run is, whose pages are written as far as it came."""
    if plan.run.state == "empty":  # refused before it began: leave nothing behind
        discard_run(plan.run)
    elif isinstance(error, SaccadeError) and not isinstance(error, NotSaved):
        write_pages(plan.run)
        say_in_short(plan.run)
        return type(error)(f"{error}\nThe run so far: {plan.run.path}")
    return error


def _out_of_memory(plan: Plan, error: Exception) -> OutOfMemory | None:
    """What to do, if that is what JAX or Python say."""
    if not isinstance(error, MemoryError) and "RESOURCE_EXHAUSTED" not in str(error)[:200]:
        return None
    size = plan.recipe.batch_size
    why = str(error).partition("\n")[0][:200]
    parts = 2 * plan.recipe.accumulate
    divided = "" if size % parts else f"--accumulate {parts} (the same batch, in parts), "
    return OutOfMemory(
        f"out of memory with batches of {size} pictures ({why or 'MemoryError'}). Try {divided}"
        f"--batch-size {max(1, size // 2)}, a smaller --img-size, or a smaller network"
    )


def _shown(events: Iterator[Event], plan: Plan, view: bool) -> Iterator[Event]:
    """The same events, shown as they pass: in the terminal, and on the live page."""
    from saccade.cli.live import live_page
    from saccade.cli.progress import training_progress

    started = next(events)
    assert isinstance(started, Started)  # noqa: S101  (fit's first)
    yield started
    _say_plan(plan, started)
    progress = training_progress(started.step, started.total_steps)
    with live_page(plan.run.path, view), progress as show:
        for event in events:
            if isinstance(event, Started):
                warnings.warn(event.because or "", stacklevel=2)
            show(event)
            yield event


def _say(topic: str, text: str) -> None:
    print(f"{topic:<9}{plain(text)}", file=sys.stderr, flush=True)


def _say_plan(plan: Plan, started: Started) -> None:
    facts, recipe = started.facts, plan.recipe
    _say("data", plan.dataset.statement)
    for excluded in plan.dataset.excluded[:10]:
        _say("", f"left out {excluded.path}: {excluded.reason}")
    if len(plan.dataset.excluded) > 10:
        _say("", f"... and {len(plan.dataset.excluded) - 10:,} more, in run.json")
    for line in _doubtful(plan):
        _say("doctor", line)
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
    for line in told(map(vars, started.told)):
        _say("asked", line)
    _say("run", str(plan.run.path))


def _doubtful(plan: Plan) -> Iterator[str]:
    """What the doctor found, a line each with its first pictures, and how to see more."""
    # What was left out is said already.
    found = [one for one in plan.origin.get("doctor", []) if one["code"] != "left_out"]
    for one in found:
        names = [name for together in one["pictures"][:1] for name in together]
        yield f"{one['says']}{': ' if names else ''}{'  =  '.join(names)}"
    if found:
        yield f"to see them: {this_command()} doctor {plan.dataset.reference} --html doctor.html"


def write_pages(run: Run) -> None:
    """Writes a run's report and card."""
    from saccade.view.card import write_card
    from saccade.view.report import write_report

    fresh = Run(run.path)
    write_report(fresh)
    write_card(fresh)


def _say_interrupted(plan: Plan, exit_code: int) -> int:
    me = this_command()
    _say("stopped", "saved; test was not read")
    _say("go on", f"{me} train --resume {plan.run.path}{model_option(plan.run.facts)}")
    _say("look", f"{me} eval {plan.run.path} --split validation{model_option(plan.run.facts)}")
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
    if finished.saving_share is not None:
        share = 100 * finished.saving_share
        lines.append(f"saving took {share:.1f} % of the time: this disk is slow for this network")
    for line in lines:
        print(line, file=sys.stderr if as_json else sys.stdout)
    me, path, own = this_command(), plan.run.path, model_option(plan.run.facts)
    _say("report", f"{path}/report.html")
    picture = path / "eval" / "mistakes" / "01.png"  # so that the line can be typed as it is
    _say("next", f"{me} predict {path} {picture if picture.exists() else 'PICTURE...'}{own}")
    _say("", f"{me} eval {path}{own}")
    _say("", f"{me} runs")
    if as_json:
        print(json_format.dumps(_json(plan, finished), allow_nan=False))


def _json(plan: Plan, finished: Finished) -> dict[str, Any]:
    validation = finished.validation
    return {
        "run": str(plan.run.path),
        "data": plan.dataset.name,
        "model": plan.network.name,
        "parameters": plan.run.facts["model"]["parameters"],
        "steps": finished.step,
        "seconds": finished.seconds,
        "images_per_second": finished.images_per_second,
        "validation": {k: getattr(validation, k) for k in ("accuracy", "loss", "n")}
        if validation
        else None,
        "test": asdict(finished.test),
    }
