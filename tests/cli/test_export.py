"""saccade export, as a person types it."""

import json
import shutil

import pytest

from saccade.bundle.bundle import open_bundle
from saccade.core.preprocess import Preprocess
from saccade.export import bundle as exporting


def test_a_run_is_exported(run_copy, typed, tmp_path):
    said = typed("export", run_copy.path)
    assert said.code == 0, said.err
    place = run_copy.path / "export"
    assert said.out.startswith(f"{place}  0.") and said.out.endswith(" MB\n")
    proof, logits, golden = said.err.splitlines()
    assert logits.startswith("proof    256 pictures (validation and test): logits differ by")
    assert proof.startswith("proof    256 pictures (validation and test): probabilities differ by")
    assert golden.startswith("proof    6 pictures (golden): ") and golden.endswith("class on 6")
    open_bundle(place)


def test_json_is_the_last_line(run_copy, typed, tmp_path):
    said = typed("export", run_copy.path, "--out", tmp_path / "b.zip", "--json")
    assert said.code == 0, said.err
    told = json.loads(said.out.splitlines()[-1])
    assert told["export"] == str(tmp_path / "b.zip") and told["bytes"] > 1000
    checks = [(check["kind"], check["what"]) for check in told["proof"]]
    assert checks == [
        ("validation and test", "probabilities"),
        ("validation and test", "logits"),
        ("golden", "probabilities"),
    ]
    assert open_bundle(told["export"]).manifest["proof"] == told["proof"]


@pytest.mark.slow
def test_the_command_itself(run_copy, command):
    said = command("export", run_copy.path, "--out", "b", "--golden", "held-out")
    assert said.code == 0, said.err
    assert "golden pictures" not in said.err


def test_what_disagrees_ends_with_1_and_no_bundle(run_copy, typed, monkeypatch, tmp_path):
    right = exporting.to_onnx

    def scaled(graph, weights, preprocess, calibration, classes):
        other = Preprocess(8, 8, 1, scale=1 / 128)
        return right(graph, weights, other, calibration, classes)

    monkeypatch.setattr(exporting, "to_onnx", scaled)
    said = typed("export", run_copy.path, "--out", tmp_path / "b")
    assert (said.code, said.out) == (1, "")
    assert "does not answer as the run does, so nothing was written" in said.err
    assert "Traceback" not in said.err
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(
    "words, says",
    [
        (("no-such-run",), "there is no run `no-such-run`"),
        (("copy", "--out", "."), "give --out a directory or a .zip"),
        (("copy", "--out", "taken"), "taken is there and is no bundle: it holds notes.txt"),
        (("copy", "--out", "taken/notes.txt"), "is there and is no bundle"),
        (("copy", "--out", "copy"), "is no bundle"),
        (("copy", "--golden", "mine"), "--golden"),
        (("copy", "--checkpoint", "first"), "--checkpoint"),
        (("copy", "--model", "conv"), "--model"),
        ((), "run"),
    ],
)
def test_bad_usage_ends_with_2(run_copy, typed, tmp_path, monkeypatch, words, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "notes.txt").write_text("mine")
    said = typed("export", *words)
    assert (said.code, said.out) == (2, "")
    assert says in said.err.lower() if not words else says in said.err
    assert (tmp_path / "taken" / "notes.txt").read_text() == "mine"


def test_a_place_that_cannot_be_written_ends_with_1(run_copy, typed, tmp_path):
    (tmp_path / "file").touch()
    said = typed("export", run_copy.path, "--out", tmp_path / "file" / "b")
    assert said.code == 1 and "Not a directory" in said.err


def test_a_run_without_a_checkpoint(run_copy, typed):
    shutil.rmtree(run_copy.path / "checkpoints")
    said = typed("export", run_copy.path)
    assert said.code == 2 and "checkpoint" in said.err
