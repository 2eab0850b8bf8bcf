"""A file is the old one or the new one, wherever the process dies."""

import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

from saccade.run import durable

# Dies at the given call of the given function of os, as a power cut would: nothing is cleaned up.
KILLED = """
import os, sys, pathlib
from saccade.run import durable
name, number, when, path = sys.argv[1], int(sys.argv[2]), sys.argv[3], pathlib.Path(sys.argv[4])
real, calls = getattr(os, name), 0
def dying(*values, **named):
    global calls
    calls += 1
    if calls == number and when == "before":
        os._exit(9)
    result = real(*values, **named)
    if calls == number:
        os._exit(9)
    return result
setattr(os, name, dying)
durable.write_bytes(path, b"new" * 50_000)
os._exit(0)
"""


@pytest.mark.parametrize(
    ("function", "number", "when", "expected"),
    [
        ("fsync", 1, "before", "old"),
        ("fsync", 1, "after", "old"),
        ("replace", 1, "before", "old"),
        ("replace", 1, "after", "new"),
        ("fsync", 2, "before", "new"),
        ("fsync", 2, "after", "new"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="directories are not synced on Windows")
def test_a_crash_at_any_step_leaves_the_old_file_or_the_new_one(
    tmp_path, function, number, when, expected
):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    arguments = [function, str(number), when, str(path)]
    died = subprocess.run([sys.executable, "-c", KILLED, *arguments], timeout=30)
    assert died.returncode == 9, "it never came to that step"
    assert path.read_bytes() == (b"old" if expected == "old" else b"new" * 50_000)
    durable.write_bytes(path, b"next")
    assert path.read_bytes() == b"next"


CHANGES = re.compile(
    r"\.(mkdir|unlink|rmdir|rmtree|touch|chmod)\(|(?<!durable)\.write_(text|bytes|json)\("
    r"|\bos\.(open|write|fsync|replace|rename|ftruncate)\(|\bopen\([^)]*[\"'][wax]"
)
# Requests are left by other processes; a reader tries the lock; a new run, or one that is fetched,
# is its owner's alone.
ALLOWED = {
    "run/disk.py": 8,
    "run/control.py": 2,
    "run/lock.py": 1,
    "run/directory.py": 1,
    "run/mirror.py": 1,
}


def test_whatever_writes_in_a_run_does_it_through_one_file():
    """Else a fault could come where tests/train/test_faults.py plants none."""
    source = Path(durable.__file__).parents[1]
    writers = [*(source / "run").glob("*.py"), *(source / "train").glob("re*.py")]
    found = {
        path.relative_to(source).as_posix(): len(CHANGES.findall(path.read_text("utf-8")))
        for path in writers
    }
    assert {name: count for name, count in found.items() if count} == ALLOWED


def test_what_was_left_aside_is_not_mistaken_for_the_file(tmp_path):
    durable.write_text(tmp_path / "a", "één")
    assert (tmp_path / "a").read_text("utf-8") == "één"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_directory_that_is_not_there_is_an_error_and_makes_nothing(tmp_path):
    with pytest.raises(FileNotFoundError):
        durable.write_bytes(tmp_path / "nowhere" / "a", b"x")


@pytest.mark.parametrize("value", [math.nan, math.inf, {"deep": [-math.inf]}])
def test_json_without_a_value_is_refused_and_the_old_file_stays(tmp_path, value):
    durable.write_json(tmp_path / "a", {"fine": 1})
    with pytest.raises(ValueError, match="JSON"):
        durable.write_json(tmp_path / "a", value)
    assert (tmp_path / "a").read_text() == '{\n  "fine": 1\n}\n'


def test_a_value_json_does_not_know_leaves_the_old_file(tmp_path):
    durable.write_json(tmp_path / "a", 1)
    with pytest.raises(TypeError):
        durable.write_json(tmp_path / "a", {1, 2})
    assert (tmp_path / "a").read_text() == "1\n"
