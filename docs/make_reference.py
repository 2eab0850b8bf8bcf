"""Writes docs/reference/cli.md from the commands' own help, docs/reference/models.md and bases.md
from the tables of models, recipes and bases. A test fails if one is stale.

Run: .venv/bin/python docs/make_reference.py
"""

import io
from pathlib import Path

from rich.console import Console

from saccade.cli import COMMANDS, make_app
from saccade.models import MODELS
from saccade.models.bases import BASES, Base
from saccade.models.history import HISTORY, Field, Milestone
from saccade.train.originals import RECIPES

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
    """The page: every model with its parameters and originals, every recipe with its source, the
    history."""
    lines = [
        "# Models and recipes",
        "",
        "Written by docs/make_reference.py from the tables in `models/__init__.py` and",
        "`train/originals.py`. What the ids stand for, and where the decks are wrong:",
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
    return "\n".join([*lines, *history()]) + "\n"


def history() -> list[str]:
    """Its table, and what of it nobody has compared with the papers."""
    lines = [
        "",
        "## History",
        "",
        "The networks that the course names. Parameters are those that an answer comes through,",
        "as counted here; as the paper gives them; as the course's slides do, where those mean",
        "another network. Results are shares of wrong answers. What has a star was written down",
        "from memory and has not been compared with the paper.",
        "",
        "| year | network | depth | counted | paper | slides | result | paper's title |",
        "|---|---|---:|---:|---|---|---|---|",
    ]
    for each in HISTORY:
        counted = "" if each.counted is None else f"{each.counted:,}"
        slides = f"{each.deck} ({each.meant})" if each.deck else ""
        network = f"{each.name}, `{each.model}`" if each.model else each.name
        lines.append(
            f"| {each.year} | {network} | {each.depth} | {counted} "
            f"| {_starred(each, 'paper')} | {slides} | {_starred(each, 'result')} | {each.title} |"
        )
    return lines


def _starred(milestone: Milestone, field: Field) -> str:
    value: str = getattr(milestone, field)
    return f"{value} \\*" if field in milestone.from_memory else value


def bases() -> str:
    """The page: every base with what it sees, its weights' files and their sums."""
    lines = [
        "# Bases",
        "",
        "Written by docs/make_reference.py from the table in `models/bases.py`. Networks that were",
        "trained on ImageNet's 1,000 classes: those of `keras.applications`, and SqueezeNet.",
        "`side` is that of the pictures they were trained on, and the smallest they take, pixels;",
        "parameters are counted without the top, the layers that tell ImageNet's classes apart.",
        "",
        "| base | paper | side | parameters | sees |",
        "|---|---|---:|---:|---|",
    ]
    for name, base in BASES.items():
        lines.append(
            f"| `{name}` | {base.what} | {base.size}, {base.least} | {base.parameters:,} "
            f"| {_sees(base)} |"
        )
    lines += [
        "",
        "## Files of weights",
        "",
        "A file is looked for in `$SACCADE_DATA_DIR/weights`, then in the cache, then downloaded",
        "from its authors' place if they have published its checksum; where they have not, put it",
        "there yourself, from any copy. A person's own may be .safetensors (a run's checkpoint, or",
        "arrays called `layer/variable` as in Keras), .npz (the same names, or Caffe's kernels as",
        "`layer_w` and `layer_b`), or .h5 as Keras 2 and 3 write it. Nothing of it is executed,",
        "no link out of it is followed, and what does not fit the network is named. Published",
        "weights that expect blue first are turned as they are read: pictures are RGB throughout.",
        "",
        "| base | without top, with top | checksum |",
        "|---|---|---|",
    ]
    for name, base in BASES.items():
        for file in dict.fromkeys((base.without_top, base.with_top)):
            lines.append(f"| `{name}` | {file.file} | {file.checksum or 'none published'} |")
    return "\n".join(lines) + "\n"


def _sees(base: Base) -> str:
    if base.scale == (1.0, 1.0, 1.0) and not any(base.offset):
        return "pixels; it scales them itself"
    scales = dict.fromkeys(f"{1 / scale:.6g}" for scale in base.scale)
    offsets = dict.fromkeys(f"{offset:+.6g}" for offset in base.offset)
    divided = "" if list(scales) == ["1"] else f" / {', '.join(scales)}"
    order = "; published blue first" if base.reversed else ""
    return f"pixels{divided} {', '.join(offsets)}{order}"


PAGES = {
    HERE / "cli.md": command_line,
    HERE / "models.md": models,
    HERE / "bases.md": bases,
}

if __name__ == "__main__":
    for page, write in PAGES.items():
        page.write_text(write(), encoding="utf-8")
