"""saccade calibrate, and predict after it."""

import json

import pytest

MEASURES = {"nll", "ece", "classwise_ece", "brier"}


def test_the_table_the_report_and_the_file(typed, run_copy):
    said = typed("calibrate", run_copy.path, "--precision", 0.5)
    assert said.code == 0
    for words in ("NLL, nats", "ECE", "Brier", "before", "after", "method:", "reject: below"):
        assert words in said.out
    assert "unknown: " in said.out and "sets: LAC" in said.out
    assert "fitted on 143 validation pictures, weights of step 30" in said.out
    assert "report.html" in said.err
    assert (run_copy.path / "eval/calibration.json").exists()
    report = (run_copy.path / "report.html").read_text()
    assert "<h2>Confidence</h2>" in report and "Expected" not in report


def test_a_run_that_held_nothing_out_shows_its_networks(typed, tmp_path):
    run = tmp_path / "deck"
    typed("train", "digits", "--model", "softmax", "--recipe", "K01", "--steps", 20, "--out", run)
    said = typed("calibrate", run)
    assert said.code == 0
    assert "1,438 training pictures, each answered by one of 3 other networks" in said.out
    assert "this run held nothing out: 3 networks" in said.err
    assert "network 3 of 3" in said.err and "step 20/20" in said.err


def test_json_is_the_last_line_and_talk_is_on_stderr(typed, run_copy):
    said = typed("calibrate", run_copy.path, "--test", "--json")
    values = json.loads(said.out)
    assert said.out.count("\n") == 1
    assert set(values) == {
        "run",
        "step",
        "calibration",
        "fitted_on",
        "cross_validated_nll",
        "highest_precision",
        "held_out",
        "test",
    }
    assert set(values["held_out"]["before"]) == set(values["test"]["after"]) == MEASURES
    assert values["test"]["n"] == 359
    reads = (run_copy.path / "eval/test_reads.jsonl").read_text()
    assert reads.count("saccade calibrate --test") == 1
    assert "on test, n = 359" in said.err


def test_predict_says_it_once_and_tells_what_to_do(typed, run_copy):
    pictures = [run_copy.path / f"eval/mistakes/0{i}.png" for i in (1, 2)]
    before = typed("predict", run_copy.path, *pictures, "--json")
    assert "calibrated" not in before.err
    assert all(each["decision"] is None for each in json.loads(before.out))
    typed("calibrate", run_copy.path, "--precision", 0.5)
    said = typed("predict", run_copy.path, *pictures)
    assert said.err.count("probabilities are calibrated") == 1
    assert said.out.count("unknown score") == 2
    values = json.loads(typed("predict", run_copy.path, *pictures, "--json").out)
    for each in values:
        assert each["decision"] in ("accept", "reject", "unknown")
        assert isinstance(each["unknown_score"], float)
        assert set(each["possible"]) <= set("0123456789")


def test_a_precision_that_can_not_be_promised_is_said(typed, run_copy):
    said = typed("calibrate", run_copy.path, "--precision", 0.9999)
    assert said.code == 0
    assert "99.99 % right can't be promised at any threshold" in said.out
    assert "so nothing is accepted" in said.out
    picture = run_copy.path / "eval/mistakes/01.png"
    [told] = json.loads(typed("predict", run_copy.path, picture, "--json").out)
    assert told["decision"] in ("reject", "unknown")


@pytest.mark.parametrize(
    "options, words",
    [
        (["--precision", "95"], "--precision is above 0 and below 1, got 95"),
        (["--precision", "nan"], "--precision is above 0 and below 1"),
        (["--coverage", "0"], "--coverage is above 0 and below 1"),
        (["--method", "magic"], "magic"),
        (["--sets", "RAPS"], "RAPS"),
        (["--precision", "x"], "precision"),
    ],
)
def test_bad_usage_is_refused_in_words(typed, run_copy, options, words):
    said = typed("calibrate", run_copy.path, *options)
    assert said.code == 2
    assert words in said.err and "Traceback" not in said.err
    assert not (run_copy.path / "eval/calibration.json").exists()


def test_what_is_no_run_is_refused(typed, tmp_path):
    assert typed("calibrate", "nothing").code == 2
    assert "not a run directory" in typed("calibrate", tmp_path).err


def test_a_damaged_calibration_stops_predict_and_not_the_report(typed, run_copy):
    typed("calibrate", run_copy.path, "--method", "none")
    path = run_copy.path / "eval/calibration.json"
    path.write_text('{"schema": 1}')
    said = typed("predict", run_copy.path, run_copy.path / "eval/mistakes/01.png")
    assert said.code == 2 and "`saccade calibrate` writes it anew" in said.err
    assert typed("calibrate", run_copy.path, "--method", "none").code == 0
