"""The report's part on confidence."""

import json

import pytest

from saccade.core.calibration import Calibration, Conformal, Reject, Unknown
from saccade.run.calibration import Kept, write_calibration
from saccade.view.confidence import confidence
from saccade.view.story import read_story

BINS = [
    {"said": 0.55, "right": 0.5, "low": 0.4, "high": 0.6, "n": 80},
    {"said": 0.75, "right": 0.1, "low": 0.0, "high": 0.3, "n": 9},
    {"said": 0.95, "right": 0.9, "low": 0.85, "high": 0.95, "n": 200},
]
MEASURED = {
    name: {"value": 0.25, "low": 0.125, "high": 0.5}
    for name in ("nll", "ece", "classwise_ece", "brier")
}
JUDGED = {
    "n": 289,
    "before": MEASURED,
    "after": MEASURED,
    "accuracy_before": 0.875,
    "accuracy_after": 0.875,
    "kept": 0.75,
    "precision": [0.9, 0.8, 0.95],
    "unknown": 0.05,
    "sets": {"coverage": 0.91, "mean_size": 1.25, "empty": 0.0, "single": 0.8, "n": 289},
    "reliability_before": BINS,
    "reliability_after": BINS,
}
FIGURES = {
    "fitted_on": "289 <b>pictures</b>",
    "held_out": JUDGED,
    "test": None,
    "curve": [[0.01, 1.0], [0.5, 0.97], [0.75, 0.95], [1.0, 0.88]],
}
RECORD = Calibration(
    "temperature",
    (0.5,) * 10,
    (0.0,) * 10,
    Reject(0.9, 0.8, 0.75, 289),
    Unknown("energy", 1.0, 0.05),
    Conformal(0.9, "LAC", 0.7),
)


def written(run, figures=FIGURES, record=RECORD, step=30):
    write_calibration(run, Kept(record, step, "0" * 64, figures))
    return confidence(read_story(run))


def test_a_run_that_was_not_calibrated_has_no_such_part(finished_run):
    assert confidence(read_story(finished_run)) == ""


def test_charts_measures_and_thresholds_are_there(run_copy):
    html = written(run_copy)
    assert html.count("<svg class=") == 2
    for words in (
        "0.2500 (0.1250 to 0.5000)",
        "87.50 %",
        "below 0.8000 are rejected",
        "75.00 % are kept",
        "threshold 0.800",
        "(LAC) for 90.0 % coverage",
        "1.25 classes",
    ):
        assert words in html
    assert "&lt;b&gt;" in html and "<b>" not in html
    assert "calibrate again" not in html


def test_bins_of_a_few_pictures_are_left_out(run_copy):
    assert "top probability, % 75" not in written(run_copy)
    assert "top probability, % 95" in written(run_copy)


def test_weights_that_are_gone_are_told(run_copy):
    assert "not here any more: calibrate again" in written(run_copy, step=29)


def test_a_precision_that_can_not_be_promised_is_told(run_copy):
    record = Calibration("none", (1.0,) * 10, (0.0,) * 10, Reject(0.999, None, 0.0, 289))
    assert "promised, so nothing is accepted" in written(run_copy, record=record)


@pytest.mark.parametrize(
    "change",
    [
        {"held_out": None},
        {"held_out": {}},
        {"curve": []},
        {"curve": [[1]]},
        {"curve": "x"},
        {"fitted_on": None, "curve": None},
        {"test": 5},
        {"held_out": {**JUDGED, "reliability_after": [{"said": "a", "right": 1, "n": 99}]}},
        {"held_out": {**JUDGED, "before": {}}},
        {"held_out": {**JUDGED, "sets": None}},
    ],
)
def test_damaged_figures_are_told_and_end_no_report(run_copy, change):
    html = written(run_copy, {**FIGURES, **change})
    assert "is damaged" in html


def test_a_damaged_file_is_told(run_copy):
    written(run_copy)
    path = run_copy.path / "eval/calibration.json"
    path.write_text(json.dumps({"schema": 1, "<script>": 1}))
    html = confidence(read_story(run_copy))
    assert "writes it anew" in html and "<script>" not in html
