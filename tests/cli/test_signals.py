"""A run that is stopped, politely or not, loses nothing and says how to go on."""

import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import saccade
from saccade.run.checkpoint import named
from saccade.run.directory import Run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="these signals are POSIX's")

# It would take minutes; every test ends it.
LONG = ("--model", "softmax", "--steps", "10000000", "--eval-every", "500", "--no-view")


def logged(run: Path, kind: str) -> bool:
    log = run / "events.jsonl"
    return log.exists() and f'"event": "{kind}"' in log.read_text()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
def test_a_signal_saves_leaves_test_unread_and_training_goes_on(
    tmp_path, started, wait_until, command, number, code
):
    run = tmp_path / "r"
    process = started("train", "digits", *LONG, "--out", run, "--json")
    wait_until(lambda: logged(run, "Evaluated"), process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert out == ""
    assert "Traceback" not in err
    for part in ("saved", "test was not read", f"train --resume {run}", "--split validation"):
        assert part in err
    assert Run(run).state == "interrupted"
    assert not (run / "eval" / "metrics.json").exists()
    assert not (run / "eval" / "test_reads.jsonl").exists()
    assert (run / "report.html").exists()
    assert (run / "README.md").exists()
    stopped_at = named(run / "checkpoints")["last"]

    said = command("train", "--resume", run, "--time-limit", "1s", "--json")
    assert said.code == 0, said.err
    values = json.loads(said.out)
    assert values["steps"] > stopped_at
    assert values["test"]["n"] == 359
    assert Run(run).state == "finished"
    assert len((run / "eval" / "test_reads.jsonl").read_text().splitlines()) == 1
    steps = [(e["first"], e["last"]) for e in Run(run).events() if e["event"] == "StepsDone"]
    assert steps[0][0] == 1
    assert all(a[1] + 1 == b[0] for a, b in itertools.pairwise(steps))


def test_a_run_that_was_killed_can_be_looked_at_asked_and_gone_on_with(
    tmp_path, started, wait_until, command
):
    run = tmp_path / "r"
    process = started("train", "digits", *LONG, "--out", run)
    wait_until(lambda: named(run / "checkpoints"), process)
    process.kill()
    process.wait()
    assert Run(run).state == "died"
    listed = command("runs", tmp_path)
    assert listed.code == 0
    assert "died" in listed.out
    assert "test not read" in listed.out
    judged = command("eval", run, "--split", "validation", "--json")
    assert judged.code == 0, judged.err
    values = json.loads(judged.out)
    assert values["validation"]["n"] == 143
    assert values["test"] is None
    assert not (run / "eval" / "test_reads.jsonl").exists()
    Image.new("L", (8, 8)).save(tmp_path / "x.png")
    asked = command("predict", run, "x.png")
    assert asked.code == 0, asked.err
    assert "x.png: " in asked.out
    resumed = command("train", "--resume", run, "--time-limit", "1s")
    assert resumed.code == 0, resumed.err
    assert Run(run).state == "finished"


def test_a_run_that_was_killed_before_its_first_save_says_so_and_starts_again(
    tmp_path, started, wait_until, command
):
    run = tmp_path / "r"
    process = started("train", "digits", *LONG, "--out", run)
    wait_until((run / "run.json").exists, process)
    process.kill()
    process.wait()
    assert Run(run).state == "died"
    said = command("eval", run, "--split", "validation")
    assert said.code == 2
    assert "checkpoint" in said.err
    assert "Traceback" not in said.err
    resumed = command("train", "--resume", run, "--time-limit", "1s")
    assert resumed.code == 0, resumed.err
    assert Run(run).state == "finished"


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
def test_a_signal_before_the_first_step_loses_no_run(tmp_path, typed, monkeypatch, number, code):
    """It comes while the network is brought to the device, before anything is compiled."""
    from saccade.train.engine import Engine

    real = Engine.first_state

    def signalled(engine, *begun_with):
        os.kill(os.getpid(), number)
        return real(engine, *begun_with)

    monkeypatch.setattr(Engine, "first_state", signalled)
    run = tmp_path / "r"
    said = typed("train", "digits", "--model", "softmax", "--steps", 20, "--out", run)
    assert said.code == code
    assert f"train --resume {run}" in said.err
    assert Run(run).state == "interrupted"
    assert named(run / "checkpoints") == {"last": 0}
    assert not logged(run, "StepsDone")
    said = typed("train", "--resume", run, "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["steps"] == 20


# Steered with more and more steps done (and stopped, if so wished); killed at an event of a step.
STEERED = """
import os, signal, sys, saccade
from saccade.run.events import StepsDone
from saccade.train.commands import AddEpochs, SetLearningRate, Stop
from saccade.train.pace import Pace
path, stop, kind, step = sys.argv[1:]
Pace.steps = lambda self, left: min(5, left)
asked = {20: [SetLearningRate(0.1 + 0.2, "page")], 45: [AddEpochs(2, "page")]}
if stop == "stop":
    asked[90] = [Stop("stopped by the page", "page")]
def commands(events):
    done = next((e.last for e in reversed(events) if isinstance(e, StepsDone)), 0)
    return asked.pop(done, [])
recipe = saccade.recipe("mlp-relu", steps=80, evaluate_every=10, patience=None)
fitting = saccade.fit("mlp-relu", saccade.load("digits"), recipe, commands=commands)
for event in saccade.record(fitting, saccade.create_run(path)):
    done = getattr(event, "step", getattr(event, "last", 0))
    if (type(event).__name__, done) == (kind, int(step)):
        os.kill(os.getpid(), signal.SIGKILL)
"""


def steered(*arguments):
    source = str(Path(saccade.__file__).resolve().parents[1])
    done = subprocess.run(
        [sys.executable, "-c", STEERED, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": source},
        timeout=120,
    )
    return done.returncode


def result(run):
    """Everything that an intervention changes: the weights' bytes, every step, every evaluation."""
    events = list(Run(run).events())
    place = max((run / "checkpoints").iterdir(), key=lambda path: path.name)
    arrays = {path.name: path.read_bytes() for path in place.glob("*.safetensors")}
    steps = [
        step
        for e in events
        if e["event"] == "StepsDone"
        for step in zip(e["losses"], e["accuracies"], e["learning_rates"], strict=True)
    ]
    asked = [{**e, "time": 0} for e in events if e["event"] == "Intervened"]
    return arrays, steps, asked, (run / "metrics.csv").read_text()


@pytest.mark.parametrize(
    ("stop", "kind", "step"),
    [
        pytest.param("", "StepsDone", 60, id="going"),
        pytest.param("stop", "Saved", 90, id="ending", marks=pytest.mark.slow),
    ],
)
def test_what_a_killed_run_was_told_holds_to_the_last_bit(tmp_path, command, stop, kind, step):
    """SIGKILL after a rate and more epochs were asked for, and on the way to a stop."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert steered(whole, stop, "", 0) == 0
    assert steered(killed, stop, kind, step) == -signal.SIGKILL
    assert Run(killed).state == "died"
    said = command("train", "--resume", killed)
    assert said.code == 0, said.err
    assert "asked    step 20: highest learning rate 0.3 (page)" in said.err.splitlines()
    arrays, steps, asked, table = result(whole)
    assert len(steps) == (90 if stop else 106)
    assert [e["request"] for e in asked] == ["learning_rate", "epochs", *([stop] if stop else [])]
    assert asked[0]["value"] == 0.1 + 0.2
    assert result(killed) == (arrays, steps, asked, table)


def test_a_second_writer_is_kept_out(tmp_path, started, wait_until, typed):
    run = tmp_path / "r"
    process = started("train", "digits", *LONG, "--out", run)
    wait_until(lambda: logged(run, "StepsDone"), process)
    said = typed("train", "--resume", run)
    assert said.code == 2
    assert "running" in said.err
    assert typed("train", "digits", "--out", run).code == 2
    assert process.poll() is None


def test_a_pipe_instead_of_a_picture_does_not_hang(tmp_path, started, finished_run):
    os.mkfifo(tmp_path / "pipe.png")
    process = started("predict", finished_run.path, "pipe.png")
    try:
        _, err = process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        pytest.fail("it waits for a writer of the pipe")
    assert process.returncode == 1
    assert "pipe.png" in err
