"""The main job as a person types it: train, judge, ask, list; words as DESIGN promises them."""

import csv
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import saccade

KEYS = [
    "run",
    "data",
    "model",
    "parameters",
    "steps",
    "seconds",
    "images_per_second",
    "validation",
    "test",
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """One run by the command, for all tests of this file; `place` is where it was typed."""
    place = tmp_path_factory.mktemp("trained")
    source = str(Path(saccade.__file__).resolve().parents[1])
    words = "train digits --model softmax --steps 20 --name first --no-view --json"
    done = subprocess.run(
        [sys.executable, "-m", "saccade", *words.split()],
        cwd=place,
        env={**os.environ, "PYTHONPATH": source, "SACCADE_RUNS": str(place / "runs")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return SimpleNamespace(
        out=done.stdout, err=done.stderr, place=place, run=place / "runs" / "first"
    )


def last_line(text: str) -> object:
    return json.loads(text.strip().splitlines()[-1])


def test_stdout_is_one_json_value_with_exactly_the_promised_keys(trained):
    assert len(trained.out.splitlines()) == 1
    values = last_line(trained.out)
    assert list(values) == KEYS
    assert Path(values["run"]).resolve() == trained.run.resolve()
    assert (values["data"], values["model"], values["parameters"]) == ("digits", "softmax", 650)
    assert values["steps"] == 20
    assert values["seconds"] > 0
    assert values["images_per_second"] is None or values["images_per_second"] > 0
    assert list(values["validation"]) == ["accuracy", "loss", "n"]
    assert list(values["test"]) == ["accuracy", "low", "high", "loss", "n"]
    assert (values["validation"]["n"], values["test"]["n"]) == (143, 359)
    assert values["test"]["low"] < values["test"]["accuracy"] < values["test"]["high"]
    assert values["test"]["accuracy"] > 0.5


def test_the_talk_on_stderr_says_what_was_read_chosen_and_what_to_do_next(trained):
    for part in (
        "1,797 grey images 8x8 in 10 classes",
        "softmax",
        "650 parameters",
        "20 steps of 100",
        "143 held out",
        "test accuracy",
        "95 % interval",
        "report.html",
        " predict ",
        " eval ",
        " runs",
    ):
        assert part in trained.err
    assert "Traceback" not in trained.err
    assert "Warning" not in trained.err


def test_the_run_directory_holds_what_is_promised_and_nothing_else(trained):
    files = {
        str(p.relative_to(trained.run).as_posix())
        for p in trained.run.rglob("*")
        if p.is_file() and p.name != ".lock"
    }
    wrong = {name for name in files if name.startswith("eval/mistakes/")}
    assert files - wrong == {
        "run.json",
        "events.jsonl",
        "metrics.csv",
        "images.bin",
        "live.safetensors",
        "control/token",
        "snapshots/000000001.npz",
        "snapshots/000000020.npz",
        *(
            f"checkpoints/{step}/{name}"
            for step in {name.split("/")[1] for name in files if name.count("/") == 2}
            - {"mistakes"}
            for name in ("weights.safetensors", "state.safetensors", "manifest.json")
            if step.isdigit()
        ),
        "eval/metrics.json",
        "eval/per_class.csv",
        "eval/confusion.csv",
        "eval/predictions.csv",
        "eval/mistakes.csv",
        "eval/test_reads.jsonl",
        "report.html",
        "README.md",
    }
    assert 1 <= len(wrong) <= 50
    if os.name != "nt":
        assert stat.S_IMODE(trained.run.stat().st_mode) == 0o700


def test_the_record_says_everything_that_decides_the_numbers(trained):
    facts = json.loads((trained.run / "run.json").read_text())
    assert facts["model"]["model"] == "softmax"
    assert facts["model"]["arguments"] == {}
    assert facts["recipe"]["seed"] == 0
    assert facts["recipe"]["steps"] == 20
    assert len(facts["data"]["fingerprint"]) == 64
    assert set(facts["versions"]) >= {"python", "keras", "jax", "jaxlib", "numpy"}
    assert "train digits --model softmax --steps 20" in facts["command"]
    assert {"schema", "created", "device", "forms", "preprocess"} <= set(facts)


def test_the_tables_agree_with_each_other(trained):
    def table(name: str) -> list[list[str]]:
        with (trained.run / name).open(newline="") as file:
            return list(csv.reader(file))

    measured = json.loads((trained.run / "eval" / "metrics.json").read_text())["test"]
    predictions = table("eval/predictions.csv")[1:]
    right = sum(row[1] == row[2] for row in predictions)
    assert len(predictions) == measured["n"] == 359
    assert right / 359 == pytest.approx(measured["accuracy"])
    confusion = np.array([row[1:] for row in table("eval/confusion.csv")[1:]], int)
    assert confusion.sum() == 359
    assert np.trace(confusion) == right
    per_class = table("eval/per_class.csv")[1:]
    assert [int(row[4]) for row in per_class] == confusion.sum(1).tolist()
    recall = np.diag(confusion) / confusion.sum(1)
    assert [float(row[2]) for row in per_class] == pytest.approx(recall.tolist())
    header, *rows = table("metrics.csv")
    assert header[:5] == [
        "step",
        "train/loss",
        "train/accuracy",
        "watched/loss",
        "watched/accuracy",
    ]
    assert [int(row[0]) for row in rows] == [13, 20]


def test_test_was_read_once(trained):
    reads = (trained.run / "eval" / "test_reads.jsonl").read_text().splitlines()
    assert json.loads(reads[0])["why"] == "end of training"


def test_eval_measures_the_same_again_and_notes_that_test_was_read(trained, command):
    reads = trained.run / "eval" / "test_reads.jsonl"
    before = len(reads.read_text().splitlines())
    said = command("eval", trained.run, "--json")
    assert said.code == 0
    assert len(said.out.splitlines()) == 1
    values, first = last_line(said.out), last_line(trained.out)
    assert list(values) == KEYS
    assert values["test"] == pytest.approx(first["test"])
    assert values["validation"] is None
    assert (values["steps"], values["parameters"]) == (20, 650)
    assert len(reads.read_text().splitlines()) == before + 1


def test_views_are_told_beside_the_plain_accuracy(trained, typed):
    plain = last_line(typed("eval", trained.run, "--split", "validation", "--json").out)
    said = typed("eval", trained.run, "--split", "validation", "--tta", "flip", "--json")
    values = last_line(said.out)
    beside = values.pop("test_time_augmentation")
    assert (beside["views"], beside["split"]) == ("flip", "validation")
    assert beside["n"] == plain["validation"]["n"]
    assert beside["loss"] != plain["validation"]["loss"]
    assert values == plain
    words = typed("eval", trained.run, "--split", "validation", "--tta", "flip").out.splitlines()
    assert words[0].startswith("validation accuracy")
    assert words[1].startswith("  averaged over views (flip)")
    assert typed("eval", trained.run, "--tta", "mirror").code == 2


def test_what_makes_it_faster_and_larger_stands_in_the_record(typed, tmp_path):
    options = "--precision bfloat16 --accumulate 2 --optimizer muon --batch-size 20 --steps 3"
    said = typed("train", "digits", "--model", "softmax", *options.split(), "--out", tmp_path / "r")
    assert said.code == 0, said.err
    recipe = json.loads((tmp_path / "r" / "run.json").read_text())["recipe"]
    names = ("precision", "accumulate", "grow_from", "optimizer")
    assert [recipe[name] for name in names] == ["bfloat16", 2, 1.0, "muon"]
    refused = typed("train", "digits", "--model", "conv", "--grow-from", 0.5)
    assert refused.code == 2
    assert "--grow-from 0.5 is for networks whose weights" in refused.err


def test_predict_answers_for_pictures_of_any_size_and_names_those_it_can_not_read(
    trained, command, tmp_path
):
    digits = saccade.load("digits")
    small = Image.fromarray(digits.test.pixels[0, ..., 0])
    small.save(tmp_path / "small.png")
    small.convert("RGB").resize((200, 200), Image.Resampling.NEAREST).save(tmp_path / "big.jpg")
    (tmp_path / "broken.png").write_bytes(b"broken")
    said = command(
        "predict", trained.run, "small.png", "gone.png", "big.jpg", "broken.png", "--json"
    )
    assert said.code == 1
    values = last_line(said.out)
    assert [v["path"] for v in values] == ["small.png", "big.jpg"]
    for value in values:
        assert list(value)[:4] == ["path", "label", "probability", "topk"]
        # What `saccade calibrate` would add.
        assert {value[key] for key in ("decision", "unknown_score", "possible")} == {None}
        assert len(value) == 7
        assert value["label"] in digits.classes
        assert 0 < value["probability"] <= 1
        assert len(value["topk"]) == 5
        shares = [each["probability"] for each in value["topk"]]
        assert shares == sorted(shares, reverse=True)
        assert value["topk"][0] == {"label": value["label"], "probability": value["probability"]}
    assert values[0]["label"] == values[1]["label"]
    for name in ("gone.png", "broken.png"):
        assert name in said.err
    assert "Traceback" not in said.err


def test_runs_lists_it_in_words_and_as_json(trained, typed, monkeypatch):
    monkeypatch.setenv("SACCADE_RUNS", str(trained.place / "runs"))
    said = typed("runs")
    assert said.code == 0
    assert "first" in said.out
    assert "finished" in said.out
    assert "test " in said.out
    rows = last_line(typed("runs", "--json").out)
    assert [row["state"] for row in rows] == ["finished"]
    assert rows[0]["data"] == "digits"
    assert rows[0]["model"] == "softmax"
    assert rows[0]["test"]["accuracy"] == last_line(trained.out)["test"]["accuracy"]


def test_the_report_stands_alone_and_the_card_is_short(trained):
    report = (trained.run / "report.html").read_text()
    card = (trained.run / "README.md").read_text()
    accuracy = f"{100 * last_line(trained.out)['test']['accuracy']:.2f}"
    assert accuracy in report
    assert accuracy in card
    for outside in ("http://", "https://", "<link", "src='/", 'src="/', "@import"):
        assert outside not in report.replace("http://www.w3.org/2000/svg", "")
    assert len([line for line in card.splitlines() if line.strip()]) <= 15


def test_a_folder_of_photographs_is_learnt_and_judged_from_anywhere(command, tmp_path, pictures):
    pictures(tmp_path / "here" / "photos", each=20)
    (tmp_path / "here" / "photos" / "blobs" / "broken.jpg").write_bytes(b"broken")
    run = tmp_path / "run"
    said = command(
        "train", "./photos", "--model", "mlp-relu", "--img-size", "16", "--epochs", "3",
        "--batch-size", "8", "--out", run, cwd=tmp_path / "here",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert "left out blobs/broken.jpg" in said.err
    (tmp_path / "there").mkdir()
    again = command("eval", run, "--split", "validation", "--json", cwd=tmp_path / "there")
    assert again.code == 0, again.err
    assert last_line(again.out)["validation"]["n"] == 6


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("run.json", b""),
        ("run.json", b"[]"),
        ("run.json", b'{"schema": 1}'),
        ("run.json", b'{"schema": 1, "data": "x", "model": "y", "recipe": 3}'),
        ("checkpoints/000030/manifest.json", b'{"st'),
        ("eval/metrics.json", b'{"te'),
        ("events.jsonl", b"\xff\xfe\n"),
    ],
)
def test_a_damaged_run_is_said_to_be_and_hides_no_other(run_copy, typed, file, content, tmp_path):
    (run_copy.path / file).write_bytes(content)
    listed = typed("runs", run_copy.path.parent)
    assert listed.code == 0
    assert "copy" in listed.out
    Image.new("L", (8, 8)).save(tmp_path / "x.png")
    for words in (("eval", run_copy.path), ("predict", run_copy.path, tmp_path / "x.png")):
        said = typed(*words)
        if said.code != 0:
            assert said.code == 2
            assert said.err.startswith("error: ")
