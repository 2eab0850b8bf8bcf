"""The table of checks agrees with its explanation, and a cause hides its symptoms only."""

import re
from pathlib import Path

import saccade.diagnose
from saccade.diagnose.checks import CHECKS, EXPLAINED_BY

FOLDER = Path(saccade.diagnose.__file__).parent
PAGE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "diagnose.md"


def names() -> set[str]:
    """What the checks call their findings."""
    files = ("rate.py", "layers.py", "labels.py", "fitting.py")
    text = "".join((FOLDER / file).read_text() for file in files)
    return set(re.findall(r'Finding\(\s*"([a-z-]+)"', text))


def test_there_is_a_name_a_check():
    assert len(names()) == len(CHECKS) == 10


def test_every_finding_has_its_row_in_the_guide():
    rows = {found[1] for found in re.finditer(r"^\| `([a-z-]+)`", PAGE.read_text(), re.M)}
    assert rows == names()


def test_a_symptom_is_never_its_own_cause():
    assert set(EXPLAINED_BY) | {each for causes in EXPLAINED_BY.values() for each in causes} <= (
        names()
    )
    for symptom, causes in EXPLAINED_BY.items():
        assert all(symptom not in EXPLAINED_BY.get(cause, ()) for cause in causes)
