"""eval/calibration.json: whole, of the right weights, and nothing in it is trusted."""

import json

import numpy as np
import pytest

from saccade.core.calibration import Calibration, identity
from saccade.core.errors import BadRun
from saccade.run.calibration import (
    Kept,
    fitting_calibration,
    read_calibration,
    weights_sha256,
    write_calibration,
)
from saccade.run.checkpoint import Checkpoint, write_checkpoint
from saccade.run.directory import Run

WEIGHTS = {"b": np.arange(3, dtype=np.float32), "a": np.ones((2, 2), np.float32)}
HALF = Calibration("temperature", (0.5, 0.5), (0.0, 0.0))


@pytest.fixture
def run(tmp_path):
    kept = Kept(HALF, 30, weights_sha256(WEIGHTS), {"fitted_on": "9 pictures"})
    write_calibration(Run(tmp_path), kept)
    return Run(tmp_path)


def test_it_is_read_as_it_was_written(run):
    kept = read_calibration(run)
    assert (kept.calibration, kept.step, kept.figures) == (HALF, 30, {"fitted_on": "9 pictures"})
    assert kept.is_of(WEIGHTS)
    assert fitting_calibration(run, WEIGHTS, 2) == HALF


def test_the_sha_is_that_of_the_checkpoints_file(tmp_path):
    write_checkpoint(tmp_path / "checkpoints", Checkpoint(1, WEIGHTS, {}, {}))
    manifest = json.loads((tmp_path / "checkpoints/000001/manifest.json").read_text())
    assert manifest["files"]["weights.safetensors"] == weights_sha256(WEIGHTS)


@pytest.mark.parametrize("change", ["value", "name", "shape"])
def test_other_weights_are_noticed_and_not_calibrated(run, change):
    other = {name: value.copy() for name, value in WEIGHTS.items()}
    if change == "value":
        other["b"][0] = np.nextafter(np.float32(0), np.float32(1))
    elif change == "name":
        other["c"] = other.pop("b")
    else:
        other["a"] = other["a"].reshape(4)
    with pytest.warns(UserWarning, match=r"of other weights \(step 30\)"):
        assert fitting_calibration(run, other, 2) is None


def test_a_run_without_one_has_none(tmp_path):
    assert read_calibration(Run(tmp_path)) is None
    assert fitting_calibration(Run(tmp_path), WEIGHTS, 2) is None


def test_other_classes_are_refused(run):
    with pytest.raises(BadRun, match=r"of 2 classes, the run has 3"):
        fitting_calibration(run, WEIGHTS, 3)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        '{"schema": 1}',
        '{"schema": 2, "step": 1, "weights_sha256": "", "calibration": null}',
        '{"schema": {"a": [1]}, "step": 1, "weights_sha256": "", "calibration": null}',
        '{"schema": 1, "step": "1", "weights_sha256": "", "calibration": null}',
        '{"schema": 1, "step": 1, "weights_sha256": 5, "calibration": null}',
        '{"schema": 1, "step": 1, "weights_sha256": "", "calibration": null}',
        '{"schema": 1, "step": 1, "weights_sha256": "", "calibration": {"scale": NaN}}',
        '{"schema": 1, "step": 1, "weights_sha256": "", "calibration": {"scale": 1' + "0" * 9999,
    ],
)
def test_a_damaged_file_is_a_bad_run_with_the_cure(run, text):
    (run.path / "eval" / "calibration.json").write_text(text)
    with pytest.raises(BadRun, match="`saccade calibrate` writes it anew"):
        read_calibration(run)


def test_bytes_that_are_no_text_are_a_bad_run(run):
    (run.path / "eval" / "calibration.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadRun):
        read_calibration(run)


def test_a_failure_leaves_the_old_one(run, monkeypatch):
    from saccade.run import disk

    def broken(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk, "write", broken)
    with pytest.raises(OSError):
        write_calibration(run, Kept(identity(2), 31, "", {}))
    monkeypatch.undo()
    assert read_calibration(run).step == 30
    assert [path.name for path in (run.path / "eval").iterdir()] == ["calibration.json"]
