"""The tests find planted faults: mutate.py plants them, faults.py lists them."""

import ast
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src" / "saccade"
GROUPS = runpy.run_path(str(HERE / "faults.py"))["GROUPS"]
FAULTS = [(file, old, new) for file, _, faults in GROUPS for old, new in faults]


def test_there_are_enough_and_none_twice():
    assert len(set(FAULTS)) == len(FAULTS) >= 60


@pytest.mark.parametrize("file", sorted({file for file, *_ in GROUPS}))
def test_every_fault_still_fits_its_file_and_is_python(file):
    source = (SOURCE / file).read_text("utf-8")
    for at, old, new in FAULTS:
        if at == file:
            assert source.count(old) == 1, old
            ast.parse(source.replace(old, new))


def test_every_test_that_is_named_is_there():
    named = {test for _, tests, _ in GROUPS for test in tests if test.startswith("tests/")}
    assert all((HERE.parents[1] / test).is_file() for test in named)


@pytest.mark.slow
def test_nine_of_ten_faults_are_found():
    done = subprocess.run([sys.executable, HERE / "mutate.py"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
