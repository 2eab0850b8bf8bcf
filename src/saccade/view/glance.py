"""What a notebook shows of a run: how it stands, its curves, its confusion, its worst mistakes."""

from collections.abc import Callable
from pathlib import Path

from saccade.run.directory import Run
from saccade.view import page
from saccade.view.confusion import confusion
from saccade.view.curves import curves
from saccade.view.mistakes import mistakes
from saccade.view.report import STATES
from saccade.view.story import Story, read_story

WORST = 8
# Thrice: more than what a notebook says of every table in it.
SCOPE = ".saccade-run" * 3


def glance(run: Run | str | Path) -> str:
    """A piece of HTML that needs nothing but itself; of a damaged run, what there is.

    Every `Run` that is the last line of a notebook's cell is shown so.

    >>> import tempfile
    >>> from saccade.run.directory import create_run
    >>> "It never started" in glance(create_run(Path(tempfile.mkdtemp()) / "run"))
    True
    """
    style = f"{SCOPE} {{ {page.style('glance.css', 'parts.css')} }}"
    return f'<div class="saccade-run"><style>{style}</style>{_content(run)}</div>'


def _content(run: Run | str | Path) -> str:
    try:
        story = read_story(run)
    except Exception as error:  # a run may be damaged in any way, and a cell must not fail by it
        return page.paragraph(page.text(f"This run can't be read: {error}"))
    parts: tuple[Callable[[Story], str], ...] = (_head,)
    if not story.problem:
        parts = (_head, curves, confusion, _worst)
    return "".join(_shown(part, story) for part in parts)


def _shown(part: Callable[[Story], str], story: Story) -> str:
    try:
        return part(story)
    except Exception as error:  # as above; the other parts are shown
        return page.section("Damaged", page.paragraph(page.text(f"Not shown: {error!r}")))


def _head(story: Story) -> str:
    name = f"<b>{page.name(story.path.absolute().name)}</b>"
    if story.problem:
        return page.paragraph(
            f"{name}: {page.text(STATES[story.state])}. {page.text(story.problem)}"
        )
    data, model = page.name(story.facts["data"]["name"]), page.name(story.facts["model"]["name"])
    return page.paragraph(f"{name}: {data}, {model}") + page.paragraph(_stand(story))


def _stand(story: Story) -> str:
    """The one number, or how far it came."""
    if story.result is not None:
        share, rest = str(story.result.test).split(" (", 1)
        watched = "; test watched during training" if story.watched_test else ""
        return f"test accuracy <strong>{share}</strong> ({rest}{watched}"
    best = story.best
    so_far = f", best {page.text(best['split'])} {page.percent(best['accuracy'])}" if best else ""
    total = story.facts.get("total_steps")
    of = f" of {total:,}" if isinstance(total, int) else ""
    return f"{page.text(STATES[story.state])}: step {story.step:,}{of}{so_far}"


def _worst(story: Story) -> str:
    return mistakes(story, WORST)
