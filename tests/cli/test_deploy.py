"""`saccade deploy`, as it is typed."""

import json
from pathlib import Path

import pytest

from saccade.export.bundle import export_bundle

IMAGE = "europe-west4-docker.pkg.dev/my-project/models/digits:1"
TRAINING = ("--to", "vertex-training", "--image", IMAGE, "--job-dir", "gs://bucket/jobs/1")


@pytest.fixture(scope="module")
def bundle(finished_run, tmp_path_factory) -> Path:
    return export_bundle(finished_run, tmp_path_factory.mktemp("deploy") / "digits.zip").path


def test_a_directory_is_written_and_named(typed, bundle, tmp_path):
    out = tmp_path / "new" / "image"
    said = typed("deploy", bundle, "--to", "docker", "--out", out)
    assert said.code == 0, said.err
    assert said.out == f"{out}\n"
    assert "README.md says what is next" in said.err
    assert "digits:latest" in (out / "compose.yaml").read_text()


def test_json_says_which_files(typed, bundle, tmp_path):
    said = typed("deploy", bundle, "--to", "docker", "--out", tmp_path / "out", "--json")
    told = json.loads(said.out.splitlines()[-1])
    assert told["deploy"] == str(tmp_path / "out")
    assert {"Dockerfile", "README.md", "bundle/model.onnx"} <= set(told["files"])


@pytest.mark.slow
def test_a_run_is_exported_first(command, finished_run, tmp_path):
    said = command("deploy", finished_run.path, "--to", "docker", "--out", tmp_path / "out")
    assert said.code == 0, said.err
    assert (tmp_path / "out/bundle/model.onnx").is_file()


def test_keys_are_read_before_anything_is_written(typed, bundle, tmp_path):
    (tmp_path / "keys").write_text("sesame\n")
    words = ("deploy", bundle, "--to", "docker", "--out", tmp_path / "out")
    said = typed(*words, "--api-keys", tmp_path / "keys")
    assert said.code == 2
    assert "no sha256" in said.err
    assert not (tmp_path / "out").exists()


def test_a_training_job_is_what_was_typed(typed, tmp_path):
    train = "digits --model conv --time-limit 2h"
    said = typed("deploy", *TRAINING, "--train", train, "--out", tmp_path / "job")
    assert said.code == 0, said.err
    (pool,) = json.loads((tmp_path / "job/custom-job.json").read_text())["jobSpec"][
        "workerPoolSpecs"
    ]
    job_dir = ["--job-dir", "gs://bucket/jobs/1"]
    assert pool["containerSpec"]["args"] == ["train", *train.split(), *job_dir]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "which bundle?"),
        (("no-such.zip",), "there is no bundle"),
        (("BUNDLE", "--name", "a/b"), "--name takes letters"),
        (("BUNDLE", "--image", "a b"), "--image is a name"),
        (("BUNDLE", "--job-dir", "gs://b/1"), "are for --to vertex-training"),
        (("BUNDLE", "--to", "kserve"), "--image REGISTRY/NAME:TAG"),
        (("BUNDLE", "--to", "vertex", "--image", "me/x:1"), "Artifact Registry"),
        (("BUNDLE", "--to", "heroku"), "heroku"),
        (("BUNDLE", *TRAINING, "--train", "digits"), "neither a bundle"),
        (TRAINING, "--train"),
        ((*TRAINING, "--train", "train digits"), "what follows `saccade train`"),
        ((*TRAINING, "--train", "digits --modle conv"), "--modle"),
        ((*TRAINING, "--train", "digits --out here"), "--train takes no --out"),
        ((*TRAINING, "--train", "digits --epochs many"), "many"),
        ((*TRAINING[:4], "--train", "digits", "--job-dir", "s3://b/1"), "gs://BUCKET/FOLDER"),
        ((*TRAINING, "--train", 'digits "--model'), "--train can't be read"),
    ],
)
def test_what_is_typed_wrong(typed, bundle, tmp_path, words, says):
    typed_words = [bundle if word == "BUNDLE" else word for word in words]
    if "--to" not in words:
        typed_words += ["--to", "docker"]
    said = typed("deploy", *typed_words, "--out", tmp_path / "out")
    assert said.code == 2
    assert says in said.err
    assert not (tmp_path / "out").exists()


def test_nothing_is_overwritten(typed, bundle, tmp_path):
    (tmp_path / "mine").write_text("mine")
    said = typed("deploy", bundle, "--to", "docker", "--out", tmp_path)
    assert said.code == 2
    assert "pick another --out" in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
