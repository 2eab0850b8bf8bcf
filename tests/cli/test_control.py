"""Steering a real run from another terminal."""

import io
import json
import shutil
import signal
import sys

import pytest

from saccade.run.control import Control
from saccade.run.directory import Run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="these signals are POSIX's")

LONG = ("--model", "softmax", "--steps", "10000000", "--eval-every", "500", "--no-view")


@pytest.fixture
def training(tmp_path, started, wait_until):
    """A run that goes on for long; `until` waits for something in its log."""
    run = Run(tmp_path / "r")
    process = started("train", "digits", *LONG, "--out", run.path, "--json")

    def until(what):
        wait_until(lambda: (run.path / "run.json").exists() and what(list(run.events())), process)
        return list(run.events())

    until(lambda events: any(e["event"] == "Evaluated" for e in events))
    return run, process, until


def steps_of(events):
    return max((e["last"] for e in events if e["event"] == "StepsDone"), default=0)


def told(events, request):
    return [e for e in events if e["event"] == "Intervened" and e["request"] == request]


def test_pause_and_resume(training, command):
    run, _, until = training
    said = command("control", "r", "pause")
    assert (said.code, said.err) == (0, "asked r: pause\n")
    paused = until(lambda events: told(events, "pause"))
    [pause] = told(paused, "pause")
    assert pause["source"] == "control"
    assert steps_of(list(run.events())) == pause["step"]
    assert run.state == "running"
    assert command("control", "r", "resume").code == 0
    until(lambda events: told(events, "resume") and steps_of(events) > pause["step"])


def test_a_rate_and_more_epochs_and_stop(training, command):
    run, process, until = training
    assert command("control", "r", "learning-rate", "0.25").code == 0
    assert command("control", "r", "epochs", "3").code == 0
    events = until(lambda events: told(events, "epochs") and steps_of(events) > 0)
    [rate] = told(events, "learning_rate")
    later = until(
        lambda events: any(e["event"] == "StepsDone" and e["first"] > rate["step"] for e in events)
    )
    used = next(e for e in later if e["event"] == "StepsDone" and e["first"] > rate["step"])
    rising = used["first"] / 1_000_000  # over the first tenth of the schedule
    assert used["learning_rates"][0] == pytest.approx(0.25 * rising, rel=0.01)
    assert told(events, "epochs")[0]["total_steps"] > 10_000_000
    assert command("control", "r", "stop").code == 0
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out.splitlines()[-1])["test"]["n"] == 359
    assert "stopped by the control" in err
    assert f"step {rate['step']:,}: highest learning rate 0.25 (control)" in err
    report = (run.path / "report.html").read_text()
    assert "highest learning rate 0.25 (control)" in report
    assert "3 epochs more" in report


def test_ctrl_c_ends_a_paused_run_and_it_can_go_on(training, command):
    run, process, until = training
    command("control", "r", "pause")
    until(lambda events: told(events, "pause"))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert run.state == "interrupted"
    said = command("train", "--resume", "r", "--time-limit", "1s")
    assert said.code == 0, said.err


def test_a_strangers_request_does_nothing(training):
    run, _, until = training
    values = {"version": 1, "token": "x", "time": 9e9, "request": "stop", "value": None}
    (run.path / "control" / "1.json").write_text(json.dumps({**values, "source": "page"}))
    until(lambda events: not (run.path / "control" / "1.json").exists())
    before = steps_of(list(run.events()))
    assert told(until(lambda events: steps_of(events) > before), "stop") == []


def test_what_is_asked_wrong_is_said(training, typed):
    run, _, _ = training
    wrong = [
        ((run.path, "puase"), "pause"),
        ((run.path, "learning-rate"), "takes a number"),
        ((run.path, "learning-rate", "0"), "above 0"),
        ((run.path, "pause", "3"), "takes no number"),
        (("none", "pause"), "none"),
    ]
    for words, said in wrong:
        answer = typed("control", *words)
        assert (answer.code, said in answer.err) == (2, True), answer


def test_a_training_goes_on_without_its_folder(training, command):
    run, _, until = training
    shutil.rmtree(run.path / "control")
    before = steps_of(list(run.events()))
    until(lambda events: steps_of(events) > before + 5000)
    said = command("control", "r", "pause")
    assert said.code == 2
    assert "takes no requests" in said.err


def test_a_rung_that_is_stopped_is_not_judged_and_the_ladder_goes_on(
    tmp_path, started, wait_until, command
):
    folder = tmp_path / "ladder"
    process = started("ladder", "digits", "--rungs", "conv,softmax", "--out", folder, "--json")
    wait_until(lambda: list(folder.glob("01-*/control/token")), process)
    said = command("control", folder / "01-conv-seed0", "stop")
    assert said.code == 0, said.err
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    first, second = json.loads(out.splitlines()[-1])["rows"]
    steps = Run(folder / "01-conv-seed0").metrics["steps"]
    assert (first["steered"], first["in_band"]) == (f"stopped at step {steps:,}", None)
    assert second["steered"] is None
    assert f"step {steps:,}: stopped (control)" in err
    [line] = [line for line in err.splitlines() if line.startswith("conv ")]
    assert line.endswith(f"stopped at step {steps:,}")


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self):
        return True


@pytest.mark.parametrize(
    "answer, options, code", [("y\n", (), 0), ("\n", (), 1), ("", (), 1), ("n\n", ("--yes",), 0)]
)
def test_a_stop_is_confirmed_on_a_terminal(typed, run_copy, monkeypatch, answer, options, code):
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    monkeypatch.setattr(Run, "state", "running")
    control = Control(run_copy.path)
    said = typed("control", run_copy.path, "stop", *options)
    assert (said.code, said.out) == (code, "")
    assert ("can't be resumed" in said.err) == (not options)
    assert len(control.take()[0]) == (code == 0)


def test_a_finished_run_can_not_be_steered(command):
    command("train", "digits", "--model", "softmax", "--steps", 5, "--out", "done", "--no-view")
    said = command("control", "done", "pause")
    assert (said.code, "done is finished" in said.err) == (2, True)
