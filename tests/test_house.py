"""The house: who may import whom, what loads no framework, which names are public."""

import ast
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import saccade

ROWS = (
    {"cli"},
    {"view", "diagnose", "serve", "doctor", "search", "lab"},
    {"export"},
    {"train", "explain"},
    {"score"},
    {"models", "data", "confidence"},
    {"run", "bundle"},
    {"core"},
)
MAY_LOAD_A_FRAMEWORK = {"models", "train", "explain", "export", "search", "lab"}
FRAMEWORKS = ("keras", "jax", "jaxlib")
SOURCE = Path(saccade.__file__).parent


def row_of(package: str) -> int:
    return next(i for i, row in enumerate(ROWS) if package in row)


def imports_of(tree: ast.AST) -> set[str]:
    """Every module named in an import statement, wherever it stands."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def wrong_imports(package: str, imported: set[str]) -> set[str]:
    """What a package may not import: rows above, neighbours, frameworks where they may not be."""
    wrong = set()
    for name in imported:
        parts = name.split(".")
        if parts[0] in FRAMEWORKS and package not in MAY_LOAD_A_FRAMEWORK:
            wrong.add(name)
        if parts[0] == "saccade" and len(parts) > 1 and parts[1] != package:
            if parts[1] == "__init__" or row_of(parts[1]) <= row_of(package):
                wrong.add(name)
    return wrong


def modules() -> list[Path]:
    return sorted(p for p in SOURCE.rglob("*.py") if p.parent != SOURCE)


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(SOURCE).as_posix())
def test_imports_only_go_down(path):
    package = path.relative_to(SOURCE).parts[0]
    assert not wrong_imports(package, imports_of(ast.parse(path.read_text("utf-8"))))


@pytest.mark.parametrize(
    "package, imported",
    [
        ("data", "saccade.train.fit"),  # upwards
        ("data", "saccade.models.graph"),  # a neighbour
        ("view", "jax.numpy"),  # a framework
        ("diagnose", "saccade.view.story"),
        ("diagnose", "keras"),
        ("run", "keras"),
        ("core", "saccade.run.events"),
    ],
)
def test_the_import_rule_can_fail(package, imported):
    assert wrong_imports(package, {imported, "numpy"}) == {imported}


def test_the_readme_shows_every_package():
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    shown = readme.partition("src/saccade/")[2].partition("```")[0].split()
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert packages <= {word.rstrip("/") for word in shown if word.endswith("/")}


def test_there_is_no_utils():
    names = {part.removesuffix(".py") for p in modules() for part in p.relative_to(SOURCE).parts}
    assert not names & {"utils", "util", "helpers", "common", "misc"}


@pytest.mark.parametrize(
    "module",
    [
        "cli",
        "core.records",
        "data",
        "run.directory",
        "run.checkpoint",
        "view.report",
        "diagnose.checks",
        "view.live.serving",
        "models",
        "models.bases",
        "models.history",
        "score.scoring",
        "score.resuming",
        "score.shown",
        "view.scored",
    ],
)
def test_this_loads_no_framework(module):
    code = (
        f"import saccade.{module}, sys; "
        f"sys.exit(bool({{'keras', 'jax', 'sklearn', 'scipy'}} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_importing_saccade_loads_nothing_of_it():
    code = "import saccade, sys; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_every_public_name_is_there_and_has_an_example():
    assert set(saccade.__all__) <= set(dir(saccade))
    for name in saccade.__all__:
        thing = getattr(saccade, name)
        assert name == "__version__" or ">>>" in thing.__doc__, f"{name} has no example"


def test_public_names_are_the_same_for_type_checkers():
    tree = ast.parse(Path(saccade.__file__).read_text("utf-8"))
    typed = {
        (alias.name, node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }
    assert typed == set(saccade._HOME.items())


def test_another_keras_backend_is_refused_with_the_fix():
    code = (
        "import sys, types; keras = types.ModuleType('keras'); "
        "keras.config = types.SimpleNamespace(backend=lambda: 'torch'); "
        "sys.modules['keras'] = keras; import saccade.models.backend"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 1
    assert "already loaded on torch" in result.stderr
    assert "KERAS_BACKEND=jax" in result.stderr


@pytest.mark.parametrize("name", ["cli.md", "models.md", "bases.md"])
def test_a_written_reference_is_up_to_date(name):
    script = SOURCE.parents[1] / "docs" / "make_reference.py"
    pages = {
        page.name: (page, write) for page, write in runpy.run_path(str(script))["PAGES"].items()
    }
    page, write = pages[name]
    assert page.read_text("utf-8") == write(), "run .venv/bin/python docs/make_reference.py"
