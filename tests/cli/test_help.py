"""Help comes at once, with examples, and loads nothing heavy."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import saccade
from saccade.cli import COMMANDS

HEAVY = ("jax", "keras", "sklearn", "scipy", "pooch", "requests")


@pytest.mark.parametrize("name", [None, *COMMANDS])
def test_help_comes_fast_with_examples_and_without_jax(name, command):
    words = ["--help"] if name is None else [name, "--help"]
    began = os.times()
    said = command(*words)
    ended = os.times()
    # What it computed: other work on the machine makes nobody's help slow.
    seconds = ended.children_user + ended.children_system
    seconds -= began.children_user + began.children_system
    assert said.code == 0
    assert said.err == ""
    assert "Examples:" in said.out
    assert f"saccade {name or 'train'}" in said.out
    assert seconds < 1.2
    code = (
        f"import sys; from saccade.cli import main\ntry: main({words!r})\nexcept SystemExit: "
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    source = str(Path(saccade.__file__).resolve().parents[1])
    loaded = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {source!r})\n{code}"],
        capture_output=True,
        text=True,
    )
    assert loaded.stderr.strip() == "[]"


def test_help_names_every_command(typed):
    said = typed("--help")
    assert said.code == 0
    for name in COMMANDS:
        assert f" {name} " in said.out


def test_nothing_typed_is_help(typed):
    said = typed()
    assert said.code == 0
    assert "Examples:" in said.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(typed, name):
    lines = typed(name, "--help").out.splitlines()
    options = [line for line in lines if line.lstrip("│ ").startswith("--")]
    for number, line in enumerate(lines):
        if line in options:
            told = (line + lines[number + 1]).replace("│", " ").split()
            assert len(told) > 2, line


def test_version_is_told(typed):
    said = typed("--version")
    assert said.code == 0
    assert said.out.strip() == saccade.__version__


def test_listing_models_and_data_sets_loads_no_jax():
    code = (
        "import sys\nfrom saccade.cli import main\n"
        "for words in (['models'], ['models', '--json'], ['models', '--history'],"
        " ['datasets'], ['runs']):\n"
        "    try: main(words)\n    except SystemExit as end: assert end.code == 0\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    source = str(Path(saccade.__file__).resolve().parents[1])
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {source!r})\n{code}"],
        capture_output=True,
        text=True,
    )
    assert done.stderr.strip() == "[]"
