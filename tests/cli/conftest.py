"""The real command: in a process of its own, or in this one where only its words matter."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

import saccade
from saccade.cli import main

DEADLINE = 120


@dataclass(frozen=True)
class Said:
    """How a command ended and what it said."""

    code: int | str | None
    out: str
    err: str


def environment() -> dict[str, str]:
    """This process's, with this very saccade on the path."""
    source = str(Path(saccade.__file__).resolve().parents[1])
    path = os.environ.get("PYTHONPATH")
    return {
        **os.environ,
        "PYTHONPATH": f"{source}{os.pathsep}{path}" if path else source,
        "SACCADE_OFFLINE": "1",
        "PYTHONUNBUFFERED": "1",
        "NO_COLOR": "1",
        "COLUMNS": "200",
    }


def words(arguments: Sequence[object], view: bool = False) -> list[str]:
    """What is typed; training opens no page unless that is what is tested."""
    typed = [str(argument) for argument in arguments]
    opens = typed[:1] in (["train"], ["ladder"]) and "--no-view" not in typed and not view
    return [*typed, "--no-view"] if opens else typed


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., Said]:
    """Runs `python -m saccade ARGUMENTS` in tmp_path (or in `cwd`) to its end."""

    def run(*arguments: object, cwd: Path | None = None, view: bool = False) -> Said:
        done = subprocess.run(
            [sys.executable, "-m", "saccade", *words(arguments, view)],
            cwd=cwd or tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen]]:
    """Starts `python -m saccade ARGUMENTS` in tmp_path; what still runs at the end is killed."""
    processes: list[subprocess.Popen] = []

    def start(*arguments: object) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-m", "saccade", *words(arguments)],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def wait_until() -> Callable[..., None]:
    """Waits for a condition, and fails where it does not come or the process ends before."""

    def wait(what: Callable[[], object], process: subprocess.Popen) -> None:
        deadline = time.monotonic() + DEADLINE
        while not what():
            if process.poll() is not None:
                pytest.fail(f"it ended before ({process.returncode}): {process.communicate()[1]}")
            if time.monotonic() > deadline:
                pytest.fail("it did not come in time")
            time.sleep(0.02)

    return wait


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """What `saccade ARGUMENTS` does, in this process. An escaping error escapes."""

    def run(*arguments: object) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main(words(arguments))
        said = capsys.readouterr()
        return Said(caught.value.code, said.out, said.err)

    return run
