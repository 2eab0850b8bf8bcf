"""RUN/README.md: the model's card, for whoever finds the folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from saccade.core.text import markdown, readable
from saccade.run import durable
from saccade.run.beginning import begun
from saccade.run.directory import Run
from saccade.run.interventions import told
from saccade.view.story import Story, read_story


def write_card(run: Run | str | Path) -> Path:
    """Writes RUN/README.md and returns its path; a run that is not finished gets one too.

    Raises:
        BadRun: there is no such run directory.
    """
    story = read_story(run)
    path = story.path / "README.md"
    durable.write_text(path, card(story))
    return path


def card(story: Story) -> str:
    """About ten lines of Markdown."""
    title = story.path.resolve().name
    if story.problem:
        return f"# {markdown(title)}\n\nA saccade run, but {markdown(story.problem)}.\n"
    facts = story.facts
    data, model, recipe = facts["data"], facts["model"], facts["recipe"]
    source = f" ({markdown(recipe['source'])})" if recipe.get("source") else ""
    asked = told(story.interventions)
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    return "\n".join(
        [
            f"# {markdown(data['name'])}, {markdown(model['name'])}",
            "",
            f"An image classifier, trained by saccade; it tells {len(data['classes']):,} classes "
            f"apart: {_classes(data)}.",
            "",
            f"- Data: {markdown(data['statement'])}",
            f"- Model: {markdown(', '.join(filter(None, (model['name'], begun(model)))))}, "
            f"{model['parameters']:,} parameters",
            f"- Recipe: {markdown(recipe['name'])}{source}",
            *([f"- Asked on the way: {markdown('; '.join(asked))}"] if asked else []),
            f"- {_accuracy(story)}",
            f"- {_use_of_test(story)}",
            f"- Made: {markdown(facts.get('created', 'at an unknown time'))}, {markdown(versions)}",
            "- Private: report.html and eval/mistakes/ hold pictures of the data, and the "
            "tables in eval/ name its files. Share them as you would share the data",
            "",
            *(["```sh", *map(readable, story.commands), "```", ""] if story.commands else []),
        ]
    )


def _classes(data: Mapping[str, Any]) -> str:
    shown = ", ".join(markdown(name) for name in data["classes"][:20])
    return shown + (", ..." if len(data["classes"]) > 20 else "")


def _accuracy(story: Story) -> str:
    if story.result is not None:
        return f"Test accuracy: {story.result.test}"
    text = f"Test accuracy: not known, the run is not finished ({story.state})"
    if story.best is None:
        return text
    best = story.best
    return f"{text}; {best['split']} {100 * best['accuracy']:.2f} % at step {best['step']:,}"


def _use_of_test(story: Story) -> str:
    if story.watched_test:
        text = "Test: watched during training, as the deck does; the last step counts"
        if story.result is None:
            return text
        return f"{text}, best watched {100 * story.result.best_watched:.2f} %"
    if story.result is None:
        return "Test: not read; it is read once, after the last step"
    chosen = "which were best on validation" if story.held_out else "the last ones"
    return (
        f"Test: read once, after the last step, with the weights of step "
        f"{story.result.step_read:,}, {chosen}"
    )
