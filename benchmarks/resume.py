"""How soon a killed training goes on: from `saccade train --resume` to its first new step.

    python benchmarks/resume.py [--rounds 3]

Each training is killed (SIGKILL) some seconds after its first checkpoint, and gone on with in a new
process, which finds what was compiled in the cache, as a person's does; then once more without.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

NETS = (("mlp-relu", "digits"), ("conv", "mnist"), ("residual", "cifar10-lossless-5000"))
PATIENCE = 120.0


def start(*words: object, cold: bool = False) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "saccade", "train", *map(str, words), "--no-view"]
    more = {"JAX_ENABLE_COMPILATION_CACHE": "false"} if cold else {}
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, env={**os.environ, **more}, stdout=quiet, stderr=quiet)


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > deadline:
            raise SystemExit(f"nothing came within {PATIENCE:.0f} s")
        time.sleep(0.02)


def events(run: Path) -> list[str]:
    """The names of its events so far, in their order."""
    log = run / "events.jsonl"
    lines = log.read_text("utf-8").split("\n")[:-1] if log.exists() else []
    return [json.loads(line)["event"] for line in lines]


def goes_on(run: Path, starts: int) -> bool:
    """Whether it was started once more than `starts` times, and made a step since."""
    told = events(run)
    return (
        told.count("Started") > starts and "StepsDone" in told[::-1][: told[::-1].index("Started")]
    )


def killed(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def measure(model: str, data: str) -> tuple[float, float]:
    """Seconds with what was compiled before, and without."""
    with tempfile.TemporaryDirectory() as place:
        run = Path(place) / "run"
        training = start(data, "--model", model, "--epochs", 10_000, "--out", run)
        wait_for(lambda: any((run / "checkpoints").glob("*/manifest.json")))
        time.sleep(3)
        killed(training)
        told = []
        for cold in (False, True):
            starts, began = events(run).count("Started"), time.perf_counter()
            training = start("--resume", run, cold=cold)
            wait_for(lambda starts=starts: goes_on(run, starts))
            told.append(time.perf_counter() - began)
            killed(training)
    return told[0], told[1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    print(f"{platform.machine()}, Python {platform.python_version()}, n = {rounds}")
    for model, data in NETS:
        told = [measure(model, data) for _ in range(rounds)]
        for how, seconds in zip(
            ("compiled before", "compiled anew"), zip(*told, strict=True), strict=True
        ):
            print(
                f"{model} on {data}, {how}: {statistics.median(seconds):.1f} s "
                f"({min(seconds):.1f} to {max(seconds):.1f})",
                flush=True,
            )


if __name__ == "__main__":
    main()
