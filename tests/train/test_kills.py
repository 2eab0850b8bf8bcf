"""The real trainer, killed and gone on with, against one that nobody has ever killed."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import saccade
from saccade.run.checkpoint import read_checkpoint
from saccade.run.directory import Run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")

# Trains, or goes on as `saccade train --resume` does. Told to save after every second chunk, and
# more on its way; every batch's pictures are noted in a file.
TRAINER = """
import hashlib, sys
from pathlib import Path
import saccade
from saccade.cli.plan import resumed_plan
from saccade.run.directory import Run, claim_run
from saccade.run.events import StepsDone
from saccade.train import fit as fitting
from saccade.train.commands import AddEpochs, Save, SetLearningRate
from saccade.train.pace import Pace

run, order = Path(sys.argv[1]), open(sys.argv[2], "a", buffering=1)
batches = fitting.batches

def noted(recipe, labels, first, count):
    ids = batches(recipe, labels, first, count)
    for step, pictures in enumerate(ids, first + 1):
        order.write(f"{step},{hashlib.sha256(pictures.tobytes()).hexdigest()}\\n")
    return ids

fitting.batches = noted
Pace.steps = lambda self, left: min(5, left)
asked = {30: [SetLearningRate(0.1 + 0.2, "page")], 100: [AddEpochs(3, "control")]}
chunks = 0

def commands(events):
    global chunks
    chunks += 1
    done = next((e.last for e in reversed(events) if isinstance(e, StepsDone)), 0)
    return [*asked.pop(done, []), *([Save()] if chunks % 2 else [])]

if (run / "run.json").exists():
    plan = resumed_plan(run, None, None)
    network, dataset, recipe, resume = plan.network, plan.dataset, plan.recipe, plan.resume
    step = resume.last.step if resume else 0
    asked = {at: what for at, what in asked.items() if at > step}
else:
    claim_run(run)
    network, dataset, resume = "mlp-relu", saccade.load("digits"), None
    recipe = saccade.recipe("mlp-relu", steps=200, evaluate_every=20, batch_size=50, patience=None)
training = saccade.fit(network, dataset, recipe, commands=commands, resume=resume)
for event in saccade.record(training, Run(run)):
    pass
"""
STEPS = 278


def started(run: Path, order: Path) -> subprocess.Popen:
    source = str(Path(saccade.__file__).resolve().parents[1])
    return subprocess.Popen(
        [sys.executable, "-c", TRAINER, str(run), str(order)],
        env={**os.environ, "PYTHONPATH": source},
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen) -> None:
    _, err = process.communicate(timeout=200)
    assert process.returncode == 0, err


def killed(run: Path, order: Path, after: int, delay: float) -> None:
    """SIGKILL once so many batches have been taken, and a moment later."""
    before = len(order.read_bytes()) if order.exists() else 0
    process = started(run, order)
    while process.poll() is None and not (run / "run.json").exists():
        time.sleep(0.01)
    while process.poll() is None and after and taken(order, before) < after:
        time.sleep(0.001)
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def taken(order: Path, before: int) -> int:
    return order.read_bytes()[before:].count(b"\n")


def result(run: Path, order: Path) -> dict[str, object]:
    """Everything that must be equal to the last bit."""
    opened = Run(run)
    held = read_checkpoint(opened.checkpoints, "last")
    events = list(opened.events())
    arrays = {
        (kind, name): value.tobytes()
        for kind in ("weights", "state", "best")
        for name, value in getattr(held, kind).items()
    }
    steps = [
        (event["first"] + place, *values)
        for event in events
        if event["event"] == "StepsDone"
        for place, values in enumerate(
            zip(event["losses"], event["accuracies"], event["learning_rates"], strict=True)
        )
    ]
    with order.open(newline="") as file:
        batches = set(map(tuple, csv.reader(file)))  # what was taken again must be the same
    return {
        "state": opened.state,
        "arrays": arrays,
        "best": held.best_step,
        "steps": steps,
        "batches": batches,
        "asked": [{**e, "time": 0} for e in events if e["event"] == "Intervened"],
        "evaluated": [{**e, "time": 0, "seconds": 0} for e in events if e["event"] == "Evaluated"],
        "table": (run / "metrics.csv").read_text(),
        "test": opened.metrics["test"],
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict[str, object]:
    place = tmp_path_factory.mktemp("whole")
    ended(started(place / "run", place / "order"))
    found = result(place / "run", place / "order")
    assert [step for step, *_ in found["steps"]] == list(range(1, STEPS + 1))
    assert len(found["batches"]) == STEPS
    assert [e["request"] for e in found["asked"]] == ["learning_rate", "epochs"]
    return found


@pytest.mark.parametrize(
    "seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 200))]
)
def test_killed_at_any_moment_it_ends_in_the_same_bits(tmp_path, whole, seed):
    """One to three times; three seeds here, two hundred in `make soak`."""
    rng = np.random.default_rng(seed)
    run, order = tmp_path / "run", tmp_path / "order"
    for _ in range(1 + seed % 3):
        killed(run, order, int(rng.integers(0, 120)), rng.uniform(0, 0.02))
    if Run(run).state != "finished":
        ended(started(run, order))
    found = result(run, order)
    for what, value in whole.items():
        assert found[what] == value, what
