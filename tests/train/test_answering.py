"""Questions about drawn pictures, a line each, answered by a process of its own."""

import base64
import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest

import saccade
from saccade.run.checkpoint import read_checkpoint
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
    assert after == {"probabilities": [0.1] * 10, "step": 301}
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
