"""Questions about drawn pictures, a line each, answered by a process of its own."""

import base64
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import saccade
from saccade.core.calibration import Calibration, Conformal, Reject
from saccade.run.calibration import Kept, weights_sha256, write_calibration
from saccade.run.checkpoint import read_checkpoint
from saccade.run.directory import Run
from saccade.run.snapshots import LIVE, read_live, write_live
from saccade.train.answering import answer_lines
from saccade.train.restore import restore


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    run = saccade.create_run(tmp_path_factory.mktemp("answering") / "r")
    recipe = saccade.recipe("softmax", steps=300, evaluate_every=100)
    list(saccade.record(saccade.fit("softmax", saccade.load("digits"), recipe), run))
    return run


def question(run, pixels, step=None):
    data = base64.b64encode(np.ascontiguousarray(pixels).tobytes()).decode()
    return json.dumps({"run": str(run.path), "step": step, "pixels": data}) + "\n"


def asked(*lines):
    answers = io.StringIO()
    answer_lines(lines, answers)
    return [json.loads(line) for line in answers.getvalue().splitlines()]


def test_the_newest_weights_answer(run):
    picture = saccade.load("digits").test.pixels[:1]
    [answer] = asked(question(run, picture))
    trained = restore(run, "last")
    logits = trained.engine.logits(trained.weights, picture)[0]
    expected = np.exp(logits - logits.max())
    np.testing.assert_allclose(answer["probabilities"], expected / expected.sum(), atol=2e-6)
    assert answer["step"] == 300


def test_weights_that_change_answer_anew(run, rng):
    picture = rng.integers(0, 256, (8, 8, 1), dtype=np.uint8)
    [before] = asked(question(run, picture))
    step, weights = read_live(run.path)
    write_live(run.path, 301, {name: value * 0 for name, value in weights.items()})
    try:
        [after] = asked(question(run, picture))
    finally:
        write_live(run.path, step, weights)
    assert (after["probabilities"], after["step"]) == ([0.1] * 10, 301)
    assert after["confidence"] is None and after["calibrated_step"] is None
    assert before["probabilities"] != after["probabilities"]


def test_weights_written_within_a_tick_of_the_clock_are_told_apart(run, rng):
    picture = rng.integers(0, 256, (8, 8, 1), dtype=np.uint8)
    step, weights = read_live(run.path)
    try:
        for number in (302, 303):
            write_live(run.path, number, weights)
            os.utime(run.path / LIVE, ns=(10**18, 10**18))
            [answer] = asked(question(run, picture))
            assert answer["step"] == number
    finally:
        write_live(run.path, step, weights)


def test_an_earlier_step_is_answered_by_the_nearest_checkpoint(run, rng):
    picture = rng.integers(0, 256, (8, 8, 1), dtype=np.uint8)
    best = read_checkpoint(run.checkpoints, "best").step
    [answer] = asked(question(run, picture, step=1))
    assert answer["step"] == min(best, 300)


def test_a_calibration_speaks_for_the_weights_it_was_fitted_to_and_no_others(run, tmp_path):
    copy = Run(Path(shutil.copytree(run.path, tmp_path / "run")))
    best = read_checkpoint(copy.checkpoints, "best")
    handing_on = Reject(precision=0.9, threshold=0.99, coverage=0.5, n=100)
    sets = Conformal(0.9, "LAC", 1.0)
    flat = Calibration("temperature", (0.01,) * 10, (0.0,) * 10, handing_on, conformal=sets)
    sha = weights_sha256(best.weights)
    write_calibration(copy, Kept(flat, best.step, sha, {}))
    picture = saccade.load("digits").test.pixels[:1]
    _, weights = read_live(copy.path)
    write_live(copy.path, best.step + 50, weights)  # newer ones, of another step
    [of_best] = asked(question(copy, picture, step=best.step))
    logits = restore(copy, "best").engine.logits(best.weights, picture)
    np.testing.assert_allclose(of_best["probabilities"], flat.probabilities(logits)[0], atol=1e-6)
    assert max(of_best["probabilities"]) < 0.2
    assert of_best["confidence"]["decision"] == "reject"
    assert len(of_best["confidence"]["possible"]) == 10
    [newest] = asked(question(copy, picture))
    assert newest["step"] == best.step + 50
    assert newest["confidence"] is None and newest["calibrated_step"] == best.step
    write_calibration(copy, Kept(flat, best.step, "of others", {}))
    [other] = asked(question(copy, picture, step=best.step))
    assert other["confidence"] is None and max(other["probabilities"]) > 0.2


def test_printed_digits_are_answered_as_predict_would(run):
    pytest.importorskip("matplotlib", reason="its fonts are drawn with")
    [answer] = asked(json.dumps({"run": str(run.path), "step": None, "printed": True}) + "\n")
    trained = restore(run, "last")
    printed = saccade.load("font-digits").test
    pictures = np.stack([trained.preprocess.pixels(picture) for picture in printed.pixels])
    sent = np.frombuffer(base64.b64decode(answer["pixels"]), np.uint8).reshape(answer["shape"])
    np.testing.assert_array_equal(sent, pictures)
    assert answer["labels"] == [i % 10 for i in range(24)]
    logits = trained.engine.logits(trained.weights, pictures)
    assert answer["answers"] == logits.argmax(1).tolist()
    assert answer["step"] == 300


def test_printed_digits_without_the_fonts_or_of_another_network_get_words(run, monkeypatch):
    line = json.dumps({"run": str(run.path), "step": None, "printed": True}) + "\n"
    with monkeypatch.context() as patched:
        patched.setattr("importlib.util.find_spec", lambda name: None)
        [answer] = asked(line)
    assert "matplotlib" in answer["error"]
    monkeypatch.setattr("saccade.data.font_digits.CLASSES", ("a", "b"))
    [answer] = asked(line)
    assert "networks of grey digits" in answer["error"]


def test_a_bad_question_gets_words_and_the_next_is_answered(run, tmp_path):
    picture = np.zeros((8, 8, 1), np.uint8)
    small = question(run, picture[:4])
    gone = json.dumps({"run": str(tmp_path / "gone"), "step": None, "pixels": ""}) + "\n"
    *bad, good = asked("{}\n", "no json\n", small, gone, '["x"]\n', question(run, picture))
    assert all(list(answer) == ["error"] for answer in bad)
    assert "8x8x1 = 64 bytes, got 32" in bad[2]["error"]
    assert len(good["probabilities"]) == 10


def test_damaged_weights_are_named(run):
    whole = (run.path / LIVE).read_bytes()
    (run.path / LIVE).write_bytes(whole[:50])
    try:
        [answer] = asked(question(run, np.zeros((8, 8, 1), np.uint8)))
    finally:
        (run.path / LIVE).write_bytes(whole)
    assert "live.safetensors is damaged" in answer["error"]


def test_as_a_process_it_answers_until_nobody_asks(run):
    done = subprocess.run(
        [sys.executable, "-m", "saccade.train.answering"],
        input=question(run, np.zeros((8, 8, 1), np.uint8)) * 2,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ,
    )
    assert done.returncode == 0, done.stderr
    first, second = map(json.loads, done.stdout.splitlines())
    assert first == second
    assert first["step"] == 300
