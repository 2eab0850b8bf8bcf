"""Plants every fault of faults.py, one at a time, and sees whether the tests find it.

    python tests/mutation/mutate.py                all of them; ends with 1 below 90 %
    python tests/mutation/mutate.py --slice 2/5    the second fifth
    python tests/mutation/mutate.py --only order   those of files that hold this word

Nothing here is changed: each worker plants in a copy of src and tests of its own. First a group's
tests must pass without a fault; then a fault counts as found if they fail within what two
processors compute in 90 seconds (the clock is not asked: others may be at work here, too).
"""

import argparse
import os
import resource
import runpy
import shutil
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
GROUPS = runpy.run_path(str(Path(__file__).with_name("faults.py")))["GROUPS"]
LIMIT, LEAST = 2 * 90, 0.9
PATIENCE = 4  # times the limit: what waits without end is ended by the clock
FAILED, UNIMPORTABLE = 1, 2  # pytest's exit codes


class Planted(NamedTuple):
    """One fault: the file under src/saccade, the tests, what becomes what."""

    file: str
    tests: tuple[str, ...]
    old: str
    new: str


class Outcome(NamedTuple):
    """Whether it was found, after how many seconds of processor time, by what (or why not)."""

    found: bool
    seconds: float
    by: str


ALL = [Planted(file, tests, *fault) for file, tests, faults in GROUPS for fault in faults]


def copy_tree(to: Path) -> Path:
    """src, tests and the settings, without what was compiled or built."""
    for folder in ("src", "tests"):
        ignored = shutil.ignore_patterns("__pycache__", "page", "web", "mutation")
        shutil.copytree(ROOT / folder, to / folder, ignore=ignored)
    for file in ("pyproject.toml", "Makefile"):
        shutil.copy(ROOT / file, to / file)
    return to


def run_tests(tree: Path, file: str, tests: tuple[str, ...]) -> tuple[int | None, float, str]:
    """(exit code or None after the limit, seconds, the first failure) of a group's tests."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(tree / "src"),
        "PYTHONDONTWRITEBYTECODE": "1",  # a file may change twice within the clock of a .pyc
        "SACCADE_DATA_DIR": os.environ.get("SACCADE_DATA_DIR", str(ROOT.parent / "shared/data")),
        "SACCADE_TEST_COMPILED": str(tree / "compiled"),
    }
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider"]
    with tempfile.TemporaryFile("w+") as answer:
        process = subprocess.Popen(
            [*command, f"src/saccade/{file}", *tests],
            cwd=tree, env=environment, stdout=answer, stderr=subprocess.STDOUT,
            preexec_fn=_limit_time,
        )  # fmt: skip
        ending = threading.Timer(PATIENCE * LIMIT, process.kill)
        ending.start()
        _, status, used = os.wait4(process.pid, 0)
        ending.cancel()
        process.returncode = code = os.waitstatus_to_exitcode(status)
        answer.seek(0)
        printed = answer.read()
    seconds = used.ru_utime + used.ru_stime
    if code < 0:
        shutil.rmtree(tree / "compiled", ignore_errors=True)  # what it was writing is cut short
        return None, seconds, f"no answer within {LIMIT} s"
    lines = [line for line in printed.splitlines() if line.startswith(("FAILED", "ERROR"))]
    said = lines[0].partition(" ")[2].partition(" - ")[0] if lines else printed[-500:]
    return code, seconds, said


def _limit_time() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT))


def plant(tree: Path, fault: Planted) -> Outcome:
    """Plants, runs the tests, takes it back."""
    path = tree / "src" / "saccade" / fault.file
    source = path.read_text("utf-8")
    if source.count(fault.old) != 1:
        raise SystemExit(f"{fault.file}: {fault.old!r} is there {source.count(fault.old)} times")
    path.write_text(source.replace(fault.old, fault.new), "utf-8")
    try:
        code, seconds, said = run_tests(tree, fault.file, fault.tests)
    finally:
        path.write_text(source, "utf-8")
    return Outcome(
        code in (FAILED, UNIMPORTABLE), seconds, said if code != 0 else "all tests passed"
    )


def check_whole(tree: Path, groups: set[tuple[str, tuple[str, ...]]]) -> None:
    """Without a fault everything passes, and it is the copy that is tested."""
    told = subprocess.run(
        [sys.executable, "-c", "import saccade; print(saccade.__file__)"],
        env={**os.environ, "PYTHONPATH": str(tree / "src")}, capture_output=True, text=True,
    )  # fmt: skip
    if not told.stdout.startswith(str(tree)):
        raise SystemExit(f"not the copy is imported but {told.stdout}{told.stderr}")
    for file, tests in sorted(groups):
        code, seconds, said = run_tests(tree, file, tests)
        print(f"whole    {seconds:5.1f} s  {file}", flush=True)
        if code != 0:
            raise SystemExit(f"{file}: its tests fail without a fault: {said}")


def chosen(arguments: argparse.Namespace) -> list[Planted]:
    number, parts = map(int, arguments.slice.split("/"))
    faults = [fault for fault in ALL if arguments.only in fault.file]
    return faults[len(faults) * (number - 1) // parts : len(faults) * number // parts]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--slice", default="1/1")
    parser.add_argument("--only", default="")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    arguments = parser.parse_args()
    faults = chosen(arguments)
    with tempfile.TemporaryDirectory(prefix="saccade-mutation-") as folder:
        trees: Queue[Path] = Queue()
        for number in range(arguments.workers):
            trees.put(copy_tree(Path(folder) / str(number)))

        def one(fault: Planted) -> Outcome:
            tree = trees.get()
            try:
                outcome = plant(tree, fault)
            finally:
                trees.put(tree)
            word = "found" if outcome.found else "SURVIVED"
            print(
                f"{word:8} {outcome.seconds:5.1f} s  {fault.file}: {fault.new!r}  {outcome.by}",
                flush=True,
            )
            return outcome

        check_whole(Path(folder) / "0", {(fault.file, fault.tests) for fault in faults})
        with ThreadPoolExecutor(arguments.workers) as pool:
            outcomes = list(pool.map(one, faults))
    found = sum(outcome.found for outcome in outcomes)
    print(f"\n{found} of {len(faults)} faults were found ({found / len(faults):.0%}). Not found:")
    for fault, outcome in zip(faults, outcomes, strict=True):
        if not outcome.found:
            print(f"  {fault.file}: {fault.old!r} -> {fault.new!r} ({outcome.by})")
    return int(found < LEAST * len(faults))


if __name__ == "__main__":
    sys.exit(main())
