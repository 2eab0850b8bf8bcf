"""saccade ladder and saccade runs compare, as they are typed."""

import json

import pytest


def test_a_small_ladder_makes_a_table_a_page_and_a_run_a_rung(command, tmp_path):
    said = command("ladder", "digits", "--rungs", "softmax,mlp", "--name", "small", "--json")
    assert said.code == 0, said.err
    value = json.loads(said.out.splitlines()[-1])
    assert [row["rung"] for row in value["rows"]] == ["softmax", "mlp"]
    assert set(value) == {"run", "rows"}
    for row in value["rows"]:
        assert {"rung", "id", "parameters", "seconds", "images_per_second", "test"} <= set(row)
        assert set(row["test"]) == {"accuracy", "low", "high", "loss", "n"}
        assert {"best_watched_accuracy", "reported", "band", "in_band"} <= set(row)
    folder = tmp_path / value["run"]
    assert "2 trainings, about" in said.err.splitlines()[0]
    assert "<svg" in (folder / "report.html").read_text("utf-8")
    assert (folder / "01-softmax-seed0" / "report.html").exists()

    runs = (folder / name for name in ("01-softmax-seed0", "02-mlp-seed0"))
    said = command("runs", "compare", *runs)
    assert said.code == 0, said.err
    assert "McNemar" in said.out
    assert "softmax" in said.out


@pytest.mark.slow
def test_the_story_of_transfer(command, tmp_path):
    said = command("train", "font-digits", "--model", "conv-bn", "--steps", "20", "--name", "base")
    assert said.code == 0, said.err
    story = ("ladder", "digits", "--story", "transfer", "--weights", "runs/base")
    said = command(*story, "--quick", "--name", "story", "--json")
    assert said.code == 0, said.err
    value = json.loads(said.out.splitlines()[-1])
    assert [row["rung"] for row in value["rows"]][:4] == ["frozen", "last-1", "all", "scratch"]
    assert "4 trainings of conv-bn" in said.err
    assert "missing: it takes pictures in files" in said.err
    assert "freeze or not" in (tmp_path / value["run"] / "report.html").read_text("utf-8")


def test_a_story_says_whether_its_claims_hold(command, tmp_path):
    story = ("ladder", "digits", "--story", "dropout", "--quick")
    said = command(*story, "--name", "story", "--json")
    assert said.code == 0, said.err
    value = json.loads(said.out.splitlines()[-1])
    assert set(value) == {"run", "rows", "claims"}
    assert [row["rung"] for row in value["rows"]] == ["nothing", "dropout", "l1", "l2"]
    for row in value["rows"]:
        assert {"rung", "id", "parameters", "seconds", "images_per_second", "test"} <= set(row)
    assert all(claim["holds"] in (True, False, None) for claim in value["claims"])
    assert "4 trainings" in said.err.splitlines()[0]
    assert "dropout narrows the gap between the losses: " in said.err
    page = (tmp_path / value["run"] / "report.html").read_text("utf-8")
    assert "What it shows" in page and "<svg" in page


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--base", "conv"), "--story transfer"),
        (("--story", "transfer", "--rungs", "conv"), "of the course's story"),
        (("--story", "transfer", "--weights", "none"), "one row of this story"),
        (("--story", "transfer", "--weights", "imagenet"), "squeezenet"),
        (("--story", "transfer", "--weights", "runs/none"), "there is no runs/none"),
        (("--story", "depth", "--rungs", "conv"), "of the course's story"),
        (("--story", "dropout", "--base", "conv"), "--story transfer"),
        (("--story", "batch-norm", "--seeds", "0"), "--seeds must be at least 1"),
        (("--story", "deapth"), "depth"),
    ],
)
def test_the_options_of_one_story_are_refused_in_the_other(typed, options, says):
    said = typed("ladder", "digits", *options)
    assert said.code == 2
    assert says in said.err
