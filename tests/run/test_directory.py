"""A run directory tells how far it came, whatever happened to it."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from saccade.core.errors import BadRun, BadUsage
from saccade.run import lock
from saccade.run.checkpoint import Checkpoint, write_checkpoint
from saccade.run.directory import (
    Run,
    create_run,
    list_runs,
    new_run_path,
    open_run,
    runs_folder,
    write_facts,
)
from saccade.run.events import (
    Accuracy,
    Failed,
    Finished,
    Interrupted,
    Saved,
    Started,
    from_line,
    to_line,
)

posix = pytest.mark.skipif(sys.platform == "win32", reason="no lock and no SIGKILL on Windows")
DONE = Finished(5, "all steps done", 1.0, None, None, Accuracy(1, 1, 1, 0, 1), 5, 1.0)
WRITER = """
import sys, time, pathlib
from saccade.run import lock
from saccade.run.checkpoint import Checkpoint, write_checkpoint
with lock.writing(pathlib.Path(sys.argv[1])):
    print("holding", flush=True)
    time.sleep(120)
"""


def begun(path: Path, *more: object) -> Run:
    run = create_run(path)
    write_facts(run, {"recipe": {"watch": "validation"}})
    events = [Started({}, 0), *more]
    (path / "events.jsonl").write_text("".join(to_line(e, 0) for e in events))
    return Run(path)


@contextmanager
def writer(path: Path) -> Iterator[subprocess.Popen]:
    """Another process that writes in the run."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "holding\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_new_run_is_empty_and_for_its_owner_alone(tmp_path):
    run = create_run(tmp_path / "deep" / "er")
    assert run.state == "empty"
    if os.name != "nt":
        assert stat.S_IMODE(run.path.stat().st_mode) == 0o700
    with pytest.raises(BadRun, match="never started"):
        _ = run.facts


@pytest.mark.parametrize("end", ["", "\n", '{"event": "Finished", "st', "\0" * 40, "[]\n"])
@pytest.mark.parametrize("last", ["", "x" * 200_000], ids=["short", "long"])
def test_the_state_is_read_off_the_end_of_the_log(tmp_path, monkeypatch, last, end):
    """Whatever length its lines have, and however the last one was cut; not all of it is parsed."""
    run = begun(tmp_path / "r", DONE, *[Saved(5, ("last",))] * 50, Failed(5, last))
    with (run.path / "events.jsonl").open("a") as log:
        log.write(end)
    parsed = []

    def counted(line):
        parsed.append(line)
        return from_line(line)

    monkeypatch.setattr("saccade.run.directory.from_line", counted)
    assert run.state == "failed"
    assert len(parsed) < 10


@pytest.mark.parametrize("log", ["", "\n", "nothing"])
def test_a_log_without_an_event_is_that_of_a_run_that_died(tmp_path, log):
    run = begun(tmp_path / "r")
    (run.path / "events.jsonl").write_text(log)
    assert run.state == "died"


def test_the_only_line_of_a_log_counts(tmp_path):
    run = begun(tmp_path / "r")
    (run.path / "events.jsonl").write_text(to_line(Failed(0, "no room"), 0))
    assert run.state == "failed"


def test_an_empty_folder_may_become_a_run(tmp_path):
    (tmp_path / "r").mkdir()
    assert create_run(tmp_path / "r").path == tmp_path / "r"


@pytest.mark.parametrize("what", ["file", "folder", "run"])
def test_nothing_is_ever_overwritten(tmp_path, what):
    path = tmp_path / "r"
    if what == "file":
        path.write_text("mine")
    elif what == "folder":
        path.mkdir()
        (path / "mine").write_text("mine")
    else:
        begun(path, DONE)
    with pytest.raises(BadUsage, match="--resume" if what == "run" else "not an empty folder"):
        create_run(path)


def test_a_run_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadUsage, match="can't make"):
        create_run(tmp_path / "file" / "run")


@pytest.mark.parametrize(
    ("last", "state"),
    [
        (DONE, "finished"),
        (Interrupted(3, "x"), "interrupted"),
        (Failed(3, "x"), "failed"),
        (Saved(3, ("last",)), "died"),
    ],
)
@posix
def test_a_run_that_nobody_writes_in_is_what_its_last_event_says(tmp_path, last, state):
    assert begun(tmp_path / "r", last).state == state


@posix
def test_a_run_is_running_while_its_process_lives_and_died_once_it_is_killed(tmp_path):
    run = begun(tmp_path / "r")
    with writer(run.path) as process:
        assert run.state == "running"
        with pytest.raises(BadRun, match="another process"), lock.writing(run.path):
            pass
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        deadline = time.monotonic() + 10
        while run.state == "running" and time.monotonic() < deadline:
            time.sleep(0.01)
        assert run.state == "died"


@posix
def test_looking_at_a_run_does_not_keep_its_writer_out(tmp_path):
    run = begun(tmp_path / "r")
    with lock.writing(run.path):
        assert run.state == "running"
    assert run.state == "died"
    with lock.writing(run.path):
        pass


@posix
def test_a_run_that_is_resumed_after_an_interruption_is_running(tmp_path):
    run = begun(tmp_path / "r", Interrupted(3, "x"))
    with writer(run.path):
        assert run.state == "running"


def test_a_run_is_opened_by_path_or_by_name(tmp_path):
    begun(runs_folder() / "mine")
    assert open_run("mine").path == runs_folder() / "mine"
    assert open_run(runs_folder() / "mine").path == runs_folder() / "mine"


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(BadRun, match="there is no run"):
        open_run("nope")
    with pytest.raises(BadRun, match=r"no run\.json"):
        open_run(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadRun):
        open_run(tmp_path / "file")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"{}", b'{"schema": 2}']
)
def test_a_damaged_record_is_a_bad_run_that_names_it(tmp_path, content):
    run = begun(tmp_path / "r")
    (run.path / "run.json").write_bytes(content)
    with pytest.raises(BadRun, match="r"):
        _ = Run(run.path).facts


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b"null"])
def test_a_damaged_result_is_a_bad_run_that_names_it(tmp_path, content):
    run = begun(tmp_path / "r", DONE)
    assert run.metrics == {}
    (run.path / "eval").mkdir()
    (run.path / "eval" / "metrics.json").write_bytes(content)
    with pytest.raises(BadRun, match=r"metrics\.json"):
        _ = Run(run.path).metrics


def test_names_are_dated_and_counted(tmp_path):
    first = new_run_path("digits", "conv")
    assert first.parent == runs_folder()
    assert first.name.endswith("-digits-conv")
    first.mkdir(parents=True)
    assert new_run_path("digits", "conv").name == f"{first.name}-2"


@pytest.mark.parametrize("name", ["a/b", "..", ".", "", "/abs"])
def test_a_name_that_is_a_path_is_refused(name):
    with pytest.raises(BadUsage, match="--name"):
        new_run_path("digits", "conv", name)


def test_a_name_that_is_taken_is_refused():
    begun(runs_folder() / "mine")
    with pytest.raises(BadUsage, match="never overwrites"):
        new_run_path("digits", "conv", "mine")


def test_runs_are_listed_oldest_first_and_other_things_are_not(tmp_path):
    for age, name in enumerate(["new", "old", "oldest"]):
        run = begun(tmp_path / name)
        when = time.time() - 100 * age
        os.utime(run.path / "run.json", (when, when))
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    assert [run.path.name for run in list_runs(tmp_path)] == ["oldest", "old", "new"]
    assert list_runs(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    ("watch", "names", "expected"),
    [
        ("validation", {"best": 3, "last": 5}, "best"),
        ("validation", {"last": 5}, "last"),
        ("test", {"best": 3, "last": 5}, "last"),
    ],
)
def test_a_run_that_watched_test_never_chooses_by_it(tmp_path, watch, names, expected):
    run = begun(tmp_path / "r")
    write_facts(run, {"recipe": {"watch": watch}})
    saved = Checkpoint(names["last"], {}, {}, {}, names.get("best"), {"w": np.zeros(1)})
    write_checkpoint(run.checkpoints, saved)
    assert Run(run.path).best_or_last() == expected
