"""Writes docs/reference/cli.md from the commands' own help and docs/reference/models.md from the
tables of models and recipes. A test fails if one is stale.

Run: .venv/bin/python docs/make_reference.py
"""

import io
from pathlib import Path

from rich.console import Console

from saccade.cli import COMMANDS, make_app
from saccade.models import MODELS
from saccade.train.recipes import RECIPES

HERE = Path(__file__).parent / "reference"


def command_line() -> str:
    """The page: what `saccade --help` and every `saccade COMMAND --help` print."""
    parts = [
        "# The command line\n\nWritten by docs/make_reference.py from the commands' own help.\n"
    ]
    for name in ("", *COMMANDS):
        text = io.StringIO()
        console = Console(file=text, width=96, color_system=None, force_terminal=False)
        make_app().help_print([name] if name else [], console=console)
        lines = "\n".join(line.rstrip() for line in text.getvalue().strip().splitlines())
        parts.append(f"## saccade {name}".rstrip() + f"\n\n```\n{lines}\n```\n")
    return "\n".join(parts)


def models() -> str:
    """The page: every model with its parameters and originals, every recipe with its source."""
    lines = [
        "# Models and recipes",
        "",
        "Written by docs/make_reference.py from the tables in `models/__init__.py` and",
        "`train/recipes.py`. What the ids stand for, and where the decks are wrong:",
        "[the guide](../guide/models.md).",
        "",
        "| model | what | input | trainable parameters, 10 classes or the original's | originals |",
        "|---|---|---|---:|---|",
    ]
    for name, entry in MODELS.items():
        shape = "x".join(map(str, entry.shape))
        originals = " ".join(entry.ids)
        lines.append(f"| `{name}` | {entry.what} | {shape} | {entry.parameters:,} | {originals} |")
    lines += [
        "",
        "| recipe | source | length | batch | optimizer | schedule | watched | reported |",
        "|---|---|---|---:|---|---|---|---:|",
    ]
    for name, recipe in RECIPES.items():
        length = f"{recipe.steps:,} steps" if recipe.steps else f"{recipe.epochs:g} epochs"
        reported = "" if recipe.reported is None else f"{100 * recipe.reported:.2f} %"
        lines.append(
            f"| `{name}` | {recipe.source} | {length} | {recipe.batch_size} | {recipe.optimizer} "
            f"| {recipe.schedule} | {recipe.watch} | {reported} |"
        )
    return "\n".join(lines) + "\n"


PAGES = {HERE / "cli.md": command_line, HERE / "models.md": models}

if __name__ == "__main__":
    for page, write in PAGES.items():
        page.write_text(write(), encoding="utf-8")
