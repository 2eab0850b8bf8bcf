"""saccade predict on a bundle: the run's answers, without the run."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from saccade.export.bundle import export_bundle


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("asked")
    rng = np.random.default_rng(0)
    for i, shape in enumerate(((8, 8), (30, 20, 3), (9, 40, 4))):
        Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)).save(folder / f"{i}.png")
    (folder / "3.png").write_bytes(b"nothing")
    return folder


def answers(said):
    return json.loads(said.out.splitlines()[-1])


@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_a_bundle_answers_as_its_run_wherever_it_lies(name, run_copy, files, tmp_path, typed):
    exported = export_bundle(run_copy, tmp_path / name)
    moved = tmp_path / "elsewhere" / name
    moved.parent.mkdir()
    shutil.move(exported.path, moved)
    asked = [str(files / f"{i}.png") for i in range(4)]
    run, bundle = (typed("predict", str(each), *asked, "--json") for each in (run_copy.path, moved))
    assert run.code == bundle.code == 1
    assert "can't read" in bundle.err and "3.png" in bundle.err
    for ours, theirs in zip(answers(run), answers(bundle), strict=True):
        assert ours["path"] == theirs["path"] and ours["label"] == theirs["label"]
        assert abs(ours["probability"] - theirs["probability"]) < 1e-5


def test_a_calibrated_run_gives_a_calibrated_bundle(run_copy, files, tmp_path, typed):
    assert typed("calibrate", str(run_copy.path), "--precision", "0.8").code == 0
    bundle = export_bundle(run_copy, tmp_path / "bundle").path
    asked = [str(files / f"{i}.png") for i in range(3)]
    run, theirs = (
        answers(typed("predict", str(p), *asked, "--json")) for p in (run_copy.path, bundle)
    )
    assert {each["decision"] for each in run} <= {"accept", "reject", "unknown"}
    for one, other in zip(run, theirs, strict=True):
        assert one["decision"] == other["decision"] and one["possible"] == other["possible"]
        assert abs(one["probability"] - other["probability"]) < 1e-5
        assert abs(one["unknown_score"] - other["unknown_score"]) < 1e-3


def test_many_pictures_go_through_a_bundle_too(run_copy, files, tmp_path, typed):
    for what in ("run", "bundle"):
        path = run_copy.path if what == "run" else export_bundle(run_copy, tmp_path / "bundle").path
        said = typed("predict", str(path), str(files), "-o", str(tmp_path / f"{what}.csv"))
        assert said.code == 1, said.err
    run, bundle = ((tmp_path / f"{what}.csv").read_text() for what in ("run", "bundle"))
    cells = [[line.split(",")[:2] for line in text.splitlines()] for text in (run, bundle)]
    assert cells[0] == cells[1] and len(cells[0]) == 5


def test_a_bundle_is_asked_without_jax(run_copy, files, tmp_path):
    bundle = export_bundle(run_copy, tmp_path / "bundle").path
    code = (
        "import sys; from saccade.cli import main\n"
        f"sys.argv = ['saccade', 'predict', {str(bundle)!r}, {str(files / '0.png')!r}]\n"
        "try: main()\nexcept SystemExit as end: assert not end.code\n"
        "sys.exit(bool({'jax', 'keras', 'sklearn'} & set(sys.modules)))"
    ).replace("\\\n", "\n")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "0.png: " in done.stdout


def test_a_bundle_takes_no_model_and_a_damaged_one_is_named(run_copy, files, tmp_path, typed):
    bundle = export_bundle(run_copy, tmp_path / "bundle").path
    said = typed("predict", str(bundle), str(files / "0.png"), "--model", "net.py:build")
    assert said.code == 2 and "--model is for runs" in said.err
    with (bundle / "model.onnx").open("ab") as file:
        file.write(b"x")
    said = typed("predict", str(bundle), str(files / "0.png"))
    assert said.code == 2 and "model.onnx" in said.err and "Traceback" not in said.err
