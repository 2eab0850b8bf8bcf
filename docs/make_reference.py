"""Writes docs/reference/cli.md from the commands' own help. A test fails if it is stale.

Run: .venv/bin/python docs/make_reference.py
"""

import io
from pathlib import Path

from rich.console import Console

from saccade.cli import COMMANDS, make_app

PAGE = Path(__file__).parent / "reference" / "cli.md"


def reference() -> str:
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


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
