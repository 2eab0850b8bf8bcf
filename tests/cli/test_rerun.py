"""A finished run, done again by its own record."""

import json

import pytest

import saccade
from saccade.run.directory import Run
from saccade.run.events import Intervened


@pytest.fixture
def finished(tmp_path, command):
    run = tmp_path / "first"
    typed = ("--model", "conv", "--steps", 30, "--eval-every", 10, "--seed", 3, "--val-split", 0.2)
    assert command("train", "digits", *typed, "--out", run).code == 0
    return run


def test_a_run_done_again_is_identical_and_says_so(finished, tmp_path, command):
    said = command("rerun", finished, "--out", tmp_path / "second", "--no-view", "--json")
    told = json.loads(said.out.splitlines()[-1])
    assert (said.code, told["identical"], told["differences"]) == (0, True, [])
    assert f"identical to {finished}" in said.out
    assert Run(tmp_path / "second").facts["recipe"] == Run(finished).facts["recipe"]


def test_a_run_that_ends_elsewhere_is_told_where_it_parts(finished, tmp_path, command):
    log = (finished / "events.jsonl").read_text()
    [start] = [line for line in log.splitlines() if '"StepsDone"' in line][:1]
    loss = json.loads(start)["losses"][0]
    (finished / "events.jsonl").write_text(log.replace(str(loss), "9.5", 1))
    said = command("rerun", finished, "--out", tmp_path / "second", "--no-view")
    assert said.code == 1
    assert "the losses part at step 1: 9.5, then" in said.out


def test_what_was_asked_and_when_time_was_up_comes_again(tmp_path, command):
    run = saccade.create_run(tmp_path / "steered")
    asked = [
        Intervened(10, "learning_rate", 0.02, "page", 25),
        Intervened(25, "stop", None, "x", 25),
    ]
    recipe = saccade.recipe("softmax", steps=60)
    events = saccade.fit("softmax", saccade.load("digits"), recipe, replay=asked)
    list(saccade.record(events, run))
    metrics = json.loads((run.path / "eval" / "metrics.json").read_text())
    (run.path / "eval" / "metrics.json").write_text(
        json.dumps({**metrics, "reason": "time limit of 1 s"})
    )
    log = run.path / "events.jsonl"
    kept = [line for line in log.read_text().splitlines() if '"stop"' not in line]
    log.write_text("\n".join(kept) + "\n")
    said = command("rerun", run.path, "--out", tmp_path / "again", "--no-view")
    assert (said.code, Run(tmp_path / "again").metrics["steps"]) == (0, 25)


def test_an_unfinished_run_is_not_repeated(finished, tmp_path, typed):
    (finished / "eval" / "metrics.json").unlink()
    lines = (finished / "events.jsonl").read_text().splitlines()
    (finished / "events.jsonl").write_text("\n".join(lines[:-1]) + "\n")
    said = typed("rerun", finished, "--out", tmp_path / "second")
    assert said.code == 2
    assert "only a finished run can be repeated" in said.err
    assert not (tmp_path / "second").exists()
