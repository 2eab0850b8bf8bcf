"""A network of a person's own, `--model my_net.py:build`, through every command."""

import json
import signal
import sys

import pytest

from saccade.run.directory import Run

SOURCE = """\
from pathlib import Path

import keras

Path("ran").touch()


def build(input_shape, classes):
    return keras.Sequential([
        keras.Input(input_shape),
        keras.layers.Flatten(),
        keras.layers.Dense(8, activation="relu"),
        keras.layers.Dense(classes, activation="softmax"),
    ])
"""
OWN = ("--model", "my_net.py:build")


@pytest.fixture
def mine(tmp_path):
    file = tmp_path / "my_net.py"
    file.write_text(SOURCE)
    return file


def test_it_is_trained_judged_and_asked_and_never_run_unasked(tmp_path, mine, command):
    said = command("train", "digits", *OWN, "--steps", 60, "--out", "r", "--no-view", "--json")
    assert said.code == 0, said.err
    assert (json.loads(said.out)["model"], json.loads(said.out)["parameters"]) == ("my_net", 610)
    assert "predict r r/eval/mistakes/01.png --model my_net.py:build" in said.err
    assert "saccade eval r --model my_net.py:build" in (tmp_path / "r" / "report.html").read_text()

    (tmp_path / "ran").unlink()
    picture = "r/eval/mistakes/01.png"
    for words in (("eval", "r"), ("predict", "r", picture), ("eval", "r", "--model", "conv")):
        said = command(*words)
        assert said.code == 2
        assert "--model FILE.py:FUNCTION" in said.err
    assert not (tmp_path / "ran").exists()

    said = command("eval", "r", *OWN, "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["test"] == Run(tmp_path / "r").metrics["test"]
    assert "warning" not in said.err

    mine.write_text(SOURCE + "# another line\n")
    said = command("predict", "r", picture, *OWN)
    assert said.code == 0, said.err
    assert "warning: my_net.py:build is not the file that r was trained with" in said.err

    mine.write_text(SOURCE.replace("Dense(8", "Dense(9"))
    said = command("predict", "r", picture, *OWN)
    assert said.code != 0
    assert "does not fit the network" in said.err


def test_nothing_is_read_or_written_before_the_file_is_looked_at(tmp_path, mine, command):
    mine.write_text("def build(:\n")
    said = command("train", "./photos", *OWN, "--out", "r")
    assert (said.code, "my_net.py, line 1: SyntaxError" in said.err) == (2, True), said.err
    said = command("train", "./photos", "--model", "your_net.py:build", "--out", "r")
    assert (said.code, "your_net.py: No such file" in said.err) == (2, True), said.err
    assert not (tmp_path / "r").exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="these signals are POSIX's")
def test_an_unfinished_run_goes_on_with_the_file_given_again(
    tmp_path, mine, started, wait_until, command
):
    run = tmp_path / "r"
    process = started("train", "digits", *OWN, "--steps", 10**7, "--eval-every", 500, "--out", run)
    wait_until(lambda: "Evaluated" in logged(run), process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"train --resume {run} --model my_net.py:build" in err
    said = command("train", "--resume", run)
    assert (said.code, "--model FILE.py:FUNCTION" in said.err) == (2, True), said.err
    said = command("train", "--resume", run, *OWN, "--time-limit", "1s")
    assert said.code == 0, said.err
    assert Run(run).state == "finished"


def logged(run):
    log = run / "events.jsonl"
    return log.read_text() if log.exists() else ""
