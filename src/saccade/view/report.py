"""RUN/report.html: what a run did and how far it can be trusted, in one file."""

from collections.abc import Callable
from pathlib import Path

from saccade.core.interval import wilson
from saccade.run import durable
from saccade.run.directory import Run
from saccade.view import page
from saccade.view.classes import classes
from saccade.view.confidence import confidence
from saccade.view.confusion import confusion
from saccade.view.curves import curves
from saccade.view.making import making
from saccade.view.mistakes import mistakes
from saccade.view.story import Result, Story, read_story

STATES = {
    "empty": "It never started",
    "running": "It is still training",
    "died": "Its process is gone without a word: killed, or the machine went down",
    "interrupted": "It was interrupted",
    "failed": "It failed",
    "finished": "It is finished, but eval/metrics.json is missing or damaged",
}


def write_report(run: Run | str | Path) -> Path:
    """Writes RUN/report.html and returns its path; a run that is not finished gets one too.

    Raises:
        BadRun: there is no such run directory.

    >>> import tempfile
    >>> from saccade.run.directory import create_run
    >>> write_report(create_run(Path(tempfile.mkdtemp()) / "run")).name
    'report.html'
    """
    story = read_story(run)
    path = story.path / "report.html"
    durable.write_text(path, report(story))
    return path


def report(story: Story) -> str:
    """The page: its sections in order, each a function of the story."""
    if story.problem:
        return page.document(f"{story.path.name} - saccade", _unreadable(story))
    sections: tuple[Callable[[Story], str], ...] = (
        headline,
        meaning,
        reported,
        curves,
        confidence,
        classes,
        confusion,
        mistakes,
        making,
        further,
    )
    title = f"{story.facts['data']['name']}, {story.facts['model']['name']} - saccade"
    return page.document(title, "\n".join(filter(None, (part(story) for part in sections))))


def headline(story: Story) -> str:
    """The data, the model and the one number."""
    data, model = story.facts["data"]["name"], story.facts["model"]["name"]
    what = (
        f'<p class="eyebrow">saccade run {page.name(story.path.resolve().name)}</p>'
        f"<h1>{page.name(data)}, {page.name(model)}</h1>"
    )
    if story.result is None:
        total = story.total_steps
        steps = f"step {story.step:,}" + (f" of {total:,}" if total else "")
        word = "no result" if story.state == "finished" else "not finished"
        return what + f'<p class="headline"><strong>{word}</strong> {steps}</p>'
    share, rest = str(story.result.test).split(" (", 1)
    return (
        f'{what}<p class="headline"><span class="what">test accuracy</span> '
        f"<strong>{share}</strong> ({rest}</p>"
    )


def meaning(story: Story) -> str:
    """What the number means and how it was measured, or what there is instead of it."""
    if story.result is None:
        return f'<div class="notice">{"".join(map(page.paragraph, _missing(story)))}</div>'
    test, result = story.result.test, story.result
    right = test.n - result.mistakes
    low, high = page.percent(test.low), page.percent(test.high)
    return page.paragraph(
        f"Of {test.n:,} test pictures {right:,} were named right and {result.mistakes:,} wrong. "
        f"On many more pictures of the same kind its accuracy would lie between {low} and {high}, "
        f"as far as {test.n:,} pictures can tell (95 % Wilson interval)."
    ) + page.paragraph(_measured(story, result))


def reported(story: Story) -> str:
    """The accuracy that the recipe's authors report, beside ours."""
    recipe, result = story.facts["recipe"], story.result
    theirs = recipe.get("reported")
    if theirs is None or result is None:
        return ""
    rows = [(result.test.accuracy, "this run, last step" if story.watched_test else "this run")]
    if story.watched_test:
        rows.append((result.best_watched, "this run, best watched"))
    rows.append((theirs, f"reported by {page.name(recipe.get('source') or recipe['name'])}"))
    return page.section(
        "Beside the original",
        page.items(f"<b>{page.percent(share)}</b> {whose}" for share, whose in rows),
        page.paragraph(_compared(story, result, theirs), "quiet"),
    )


def further(story: Story) -> str:
    """What to type next."""
    commands = "\n".join(page.text(command) for command in story.commands)
    notes = "In the run's folder metrics.csv has every evaluation and run.json the whole record."
    if story.result is not None:
        notes = (
            "In the run's folder metrics.csv has every evaluation, eval/predictions.csv every "
            "answer on test and run.json the whole record. This page and eval/mistakes/ hold "
            "pictures of the data: share them as you would share the data."
        )
    return page.section(
        "Look further",
        f"<pre>{commands}</pre>" if commands else "",
        page.paragraph(notes, "quiet"),
    )


def _compared(story: Story, result: Result, theirs: float) -> str:
    test = result.test
    side = "inside" if test.low <= theirs <= test.high else "outside"
    text = (
        f"The reported accuracy is {side} the interval of this run "
        f"({page.percent(test.low)} to {page.percent(test.high)})."
    )
    if story.watched_test:
        text += " It is the best that its authors saw: best watched is what compares with it."
    return text


def _measured(story: Story, result: Result) -> str:
    total = story.total_steps or result.steps
    early = f" of {total:,}; {page.text(result.reason)}" if result.steps < total else ""
    if story.watched_test:
        return (
            "Test watched during training, as the deck does; the last step counts "
            f"(step {result.steps:,}{early}), best watched {page.percent(result.best_watched)}. "
            "Nothing was chosen by the watched test pictures."
        )
    if not story.held_out:
        return (
            f"Nothing was held out: test was read once, with the weights of the last step (step "
            f"{result.steps:,}{early})."
        )
    validation = result.validation
    watched = f" ({page.percent(validation.accuracy)} of {validation.n:,})" if validation else ""
    again = story.test_reads - 1
    times = f" It was read {again:,} more time{'s' * (again > 1)} since." if again > 0 else ""
    return (
        f"Test was read once, after the last step (step {result.steps:,}{early}), with the weights "
        f"of step {result.step_read:,}, which were best on validation{watched}.{times}"
    )


def _missing(story: Story) -> list[str]:
    """What happened, how far it came, what is not there."""
    why = f": {story.reason}" if story.reason and story.state != "finished" else ""
    lines = [page.text(f"{STATES[story.state]}{why}.")]
    best = story.best
    if best is None:
        lines.append("It was never evaluated: no accuracy is known.")
    else:
        low, high = wilson(round(best["accuracy"] * best["n"]), best["n"])
        lines.append(
            f"Best so far: {page.text(best['split'])} accuracy {page.percent(best['accuracy'])} at "
            f"step {best['step']:,} (95 % interval {100 * low:.2f} to {100 * high:.2f}, "
            f"n = {best['n']:,}). It was chosen for being the best, so it flatters a little."
        )
    if story.state != "finished":
        when = "is that of the last step" if story.watched_test else "is read after the last step"
        lines.append(f"Missing: the test accuracy, which {when}; classes, confusion, mistakes.")
    if story.checkpoints:
        saved = ", ".join(f"{page.text(n)} (step {s:,})" for n, s in story.checkpoints.items())
        lines.append(f"Saved: {saved}.")
    else:
        lines.append("Nothing was saved: there is no checkpoint to predict with.")
    return lines


def _unreadable(story: Story) -> str:
    return (
        f'<p class="eyebrow">saccade run</p><h1>{page.name(story.path.resolve().name)}</h1>'
        + '<p class="headline"><strong>nothing to show</strong></p>'
        + page.paragraph(page.text(f"{story.problem}."), "notice")
    )
