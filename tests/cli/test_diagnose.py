"""`saccade diagnose`, and the note at the end of a training."""

import json
import shlex

import pytest

TOO_HIGH = (
    "train digits --model softmax --optimizer sgd --weight-decay 0 --schedule constant "
    "--lr 5 --steps 60 --name first"
).split()


def test_what_is_told_can_be_typed_and_helps(command, tmp_path):
    """The whole way of a beginner: a note, the diagnosis, the command it gives."""
    said = command(*TOO_HIGH, "--json")
    assert said.code == 0
    assert json.loads(said.out)["steps"] == 60
    assert "found    The learning rate is too high: the training loss rose to" in said.err
    assert f"-m saccade diagnose {tmp_path / 'runs' / 'first'}" in said.err

    said = command("diagnose", "first", "--json")
    assert (said.code, said.err, len(said.out.splitlines())) == (0, "", 1)
    values = json.loads(said.out)
    assert list(values) == ["run", "state", "step", "findings"]
    assert (values["state"], values["step"]) == ("finished", 60)
    [finding] = [each for each in values["findings"] if each["kind"] == "problem"]
    assert finding["name"] == "learning-rate-too-high"
    assert finding["figures"]["rate"] == 5

    typed = shlex.split(finding["try"])
    assert typed[:3] == ["saccade", "train", "digits"]
    assert "first" not in typed
    said = command(*typed[1:], "--name", "second")
    assert said.code == 0
    again = json.loads(command("diagnose", "second", "--json").out)
    assert "learning-rate-too-high" not in [each["name"] for each in again["findings"]]


def test_a_training_that_fails_says_what_was_found(command):
    said = command("train", "digits", "--model", "mlp-relu", "--optimizer", "sgd", "--lr", "1e30")
    assert said.code == 1
    assert "found    The learning rate is too high: the loss is" in said.err
    assert said.out == ""


def test_a_healthy_training_ends_without_a_note(command, tmp_path):
    said = command("train", "digits", "--model", "softmax", "--name", "fine")
    assert said.code == 0
    assert "found " not in said.err
    assert "diagnose" not in said.err
    said = command("diagnose", "fine")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        f"{tmp_path / 'runs' / 'fine'}: finished, step 3,000",
        "nothing wrong was found",
    ]


def test_a_run_that_was_cut_short_is_judged_as_far_as_it_came(run_copy, typed):
    log = run_copy.path / "events.jsonl"
    lines = log.read_text().splitlines()
    first = next(i for i, line in enumerate(lines) if '"Evaluated"' in line)
    log.write_text("\n".join([*lines[: first + 1], lines[first + 1][:20]]))
    said = typed("diagnose", run_copy.path)
    assert said.code == 0
    head, *rest = said.out.splitlines()
    assert head.startswith(f"{run_copy.path}: died, step ")
    assert rest == ["nothing wrong was found so far"]


def test_a_run_without_a_step_yet(run_copy, typed):
    (run_copy.path / "events.jsonl").write_text("")
    said = typed("diagnose", run_copy.path)
    assert said.code == 0
    assert said.out.splitlines()[1] == "nothing wrong was found so far"


def test_no_such_run(typed, tmp_path):
    said = typed("diagnose", tmp_path / "none")
    assert (said.code, said.out) == (2, "")
    assert "there is no run" in said.err


@pytest.mark.parametrize("damage", ["{}", '{"schema": 1, "data": 3}', "[", '{"schema": 9}'])
def test_a_damaged_record_is_said(run_copy, typed, damage):
    (run_copy.path / "run.json").write_text(damage)
    said = typed("diagnose", run_copy.path)
    assert (said.code, said.out) == (2, "")
    assert str(run_copy.path) in said.err
