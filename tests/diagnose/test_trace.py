"""The record is read as it is: missing and damaged parts are left out."""

import math

import numpy as np
import pytest

from saccade.diagnose.checks import diagnose
from saccade.diagnose.trace import means, read_trace


def test_every_update_is_there(finished_run):
    trace = read_trace(finished_run)
    assert trace.steps == trace.length == 30
    assert len(trace.losses) == len(trace.accuracies) == len(trace.rates) == 30
    assert trace.epoch(30) == pytest.approx(30 * 100 / 1_295)
    assert [evaluation["step"] for evaluation in trace.evaluations][-1] == 30


def test_guessing_knows_how_the_watched_classes_are_shared_out(finished_run):
    trace = read_trace(finished_run)
    assert trace.chance_loss == pytest.approx(math.log(10), abs=0.01)
    assert trace.chance_loss < math.log(10)
    assert 0.1 < trace.chance_share < 0.12


def test_the_answers_are_those_of_the_last_evaluation(finished_run):
    trace = read_trace(finished_run)
    assert trace.answers.step == 30
    assert trace.answers.right.mean() == pytest.approx(trace.evaluations[-1]["accuracy"])


def test_a_run_of_before_diagnosis_gets_the_other_checks(run_copy):
    for name in ("images.bin", "snapshots"):
        path = run_copy.path / name
        path.rename(run_copy.path / f"no-{name}")
    trace = read_trace(run_copy)
    trace.facts["model"].pop("layers")
    assert (trace.answers, trace.first, trace.weight_scale, list(trace.settled)) == (
        None, {}, None, [],
    )  # fmt: skip
    assert trace.chance_loss == pytest.approx(math.log(10))
    diagnose(trace)


def test_a_snapshot_that_goes_or_is_damaged_is_passed_over(run_copy):
    for path in (run_copy.path / "snapshots").iterdir():
        path.write_bytes(b"no archive")
    trace = read_trace(run_copy)
    assert trace.answers is None
    diagnose(trace)


def test_a_loss_that_is_no_number_is_none_in_the_log(run_copy):
    log = run_copy.path / "events.jsonl"
    lines = log.read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if '"StepsDone"' in line)
    before = lines[at]
    lines[at] = before.replace(before[before.index('"losses": [') + 11 :].split("]")[0], "null", 1)
    log.write_text("\n".join(lines))
    trace = read_trace(run_copy)
    assert np.isnan(trace.losses[0])
    diagnose(trace)


def test_means_of_neighbours(rng):
    values = rng.random(50)
    expected = [values[i : i + 7].mean() for i in range(44)]
    np.testing.assert_allclose(means(values, 7), expected)
