"""What `saccade deploy` writes: all that is needed, safe, and the same everywhere."""

import json
import re
import shlex
import stat
from pathlib import Path

import pytest

from saccade.bundle.bundle import open_bundle
from saccade.core.errors import BadBundle, BadUsage
from saccade.serve.deploy.deployment import Deployment, check_image, place_of, resource_name
from saccade.serve.deploy.directory import PLATFORMS, write_service, write_training
from saccade.serve.deploy.wheel import NAME as WHEEL

SERVICES = (*PLATFORMS, "docker-with-keys", "kserve-with-keys", "cloud-run-with-keys")


@pytest.fixture(params=SERVICES)
def service(request, deployed) -> Path:
    return deployed / request.param


def test_the_bundle_is_in_it_and_answers(service, opened):
    assert open_bundle(service / "bundle").fingerprint == opened.fingerprint


def test_a_zip_becomes_the_same_bundle(bundle, tmp_path, opened):
    import shutil

    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", bundle)
    write_service(Path(packed), "docker", tmp_path / "out", Deployment("digits", "digits:1"))
    assert open_bundle(tmp_path / "out" / "bundle").fingerprint == opened.fingerprint


def test_all_that_is_copied_is_there_and_sent_to_the_builder(service, instructions):
    sent = (service / ".dockerignore").read_text().split()
    assert sent[0] == "*"
    copied = [
        name
        for word, rest in instructions(service / "Dockerfile")
        if word == "COPY" and not rest.startswith("--from")
        for name in rest.split()[:-1]
    ]
    assert sorted(f"!{name}" for name in copied) == sorted(sent[1:])
    assert all((service / name).exists() for name in copied)
    assert "keys.txt" not in copied  # keys, even their sums, are in no image


def test_the_dockerfile_is_safe(service, instructions, commands):
    file = service / "Dockerfile"
    told = instructions(file)
    words = [word for word, _ in told]
    assert words.count("FROM") == 2  # what builds stays behind
    last = told[len(words) - words[::-1].index("FROM") :]
    assert ("USER", "65532:65532") in last
    assert [word for word, _ in last][-1] == "ENTRYPOINT"
    assert not {"RUN", "ADD", "SHELL"} & {word for word, _ in last}
    base = next(rest for word, rest in told if word == "ARG")
    assert re.fullmatch(r"BASE=python:3\.13\.\d+-slim-\w+", base)
    assert "@sha256:" in file.read_text().partition("ARG")[0]  # how to pin it
    pip = next(line for line in commands(file, "RUN") if "-r" in line)
    assert {"--require-hashes", "--only-binary"} <= set(pip)
    own = next(line for line in commands(file, "RUN") if f"/build/{WHEEL}" in line)
    assert {"--no-deps", "--no-index"} <= set(own)
    (entry,) = commands(file, "ENTRYPOINT")
    assert entry[1:] == ["serve", "/bundle", "--name", "digits", "--host", "0.0.0.0"]


def test_everybody_may_read_what_an_image_without_root_reads(service):
    for path in [service, *service.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o755 if path.is_dir() else 0o644), path


@pytest.mark.parametrize("platform", ["docker", "kserve", "cloud-run"])
def test_who_may_ask_is_said_where_it_runs(deployed, platform):
    open_, keyed = (
        "".join(path.read_text() for path in sorted((deployed / name).glob("*.yaml")))
        for name in (platform, f"{platform}-with-keys")
    )
    assert "--public" in open_ and "--api-keys" not in open_
    assert "--api-keys" in keyed and "/etc/saccade/keys.txt" in keyed and "--public" not in keyed


def test_without_keys_only_the_machine_or_the_cluster_may_ask(deployed):
    assert '"127.0.0.1:8080:8080"' in (deployed / "docker/compose.yaml").read_text()
    assert '"8080:8080"' in (deployed / "docker-with-keys/compose.yaml").read_text()
    label = "networking.knative.dev/visibility: cluster-local"
    assert label in (deployed / "kserve/inference-service.yaml").read_text()
    assert label not in (deployed / "kserve-with-keys/inference-service.yaml").read_text()
    assert "allUsers" not in (deployed / "cloud-run/README.md").read_text()


def test_one_line_of_docker_says_what_compose_says(deployed):
    readme = (deployed / "docker/README.md").read_text()
    line = shlex.split(next(one for one in readme.splitlines() if one.startswith("docker run")))
    compose = (deployed / "docker/compose.yaml").read_text()
    for flag in ("--tmpfs", "--pids-limit", "--memory", "--cpus", "--publish"):
        assert line[line.index(flag) + 1] in compose
    assert {"--read-only", "--cap-drop", "--security-opt", "--rm"} <= set(line)
    assert line[-2:] == ["europe-west4-docker.pkg.dev/my-project/models/digits:1", "--public"]


def test_vertex_is_told_by_gcloud_what_its_bodies_say(deployed):
    readme = (deployed / "vertex/README.md").read_text()
    container = json.loads((deployed / "vertex/model.json").read_text())["model"]["containerSpec"]
    assert f"--container-image-uri={container['imageUri']} " in readme
    assert f"--container-predict-route={container['predictRoute']} " in readme
    assert f"--container-health-route={container['healthRoute']}\n" in readme
    assert f"--container-ports={container['ports'][0]['containerPort']} " in readme
    deployed_model = json.loads((deployed / "vertex/deployed-model.json").read_text())
    machine = deployed_model["deployedModel"]["dedicatedResources"]["machineSpec"]["machineType"]
    assert f"--machine-type={machine} " in readme


def test_every_command_of_a_readme_is_one_a_shell_can_read(deployed):
    import subprocess

    for readme in deployed.glob("*/README.md"):
        blocks = re.findall(r"```sh\n(.*?)```", readme.read_text(), re.S)
        assert blocks
        for block in blocks:
            done = subprocess.run(["sh", "-n"], input=block, text=True, capture_output=True)
            assert done.returncode == 0, (readme, done.stderr)


def test_a_job_trains_what_was_asked_and_keeps_it_where_it_was_asked(deployed, commands):
    folder = deployed / "vertex-training"
    (pool,) = json.loads((folder / "custom-job.json").read_text())["jobSpec"]["workerPoolSpecs"]
    words = ["train", "digits", "--model", "softmax", "--job-dir", "gs://bucket/jobs/1"]
    assert pool["containerSpec"]["args"] == words
    assert commands(folder / "Dockerfile", "ENTRYPOINT") == [["/opt/saccade/bin/saccade"]]
    assert "gcsfs==" in (folder / "requirements-train.txt").read_text()


def test_nothing_is_overwritten_and_nothing_is_left_of_a_failure(bundle, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine").write_text("mine")
    deployment = Deployment("digits", "digits:1")
    with pytest.raises(BadUsage, match="nothing is overwritten"):
        write_service(bundle, "docker", out, deployment)
    with pytest.raises(BadBundle):
        write_service(tmp_path / "none.zip", "docker", tmp_path / "new", deployment)
    with pytest.raises(BadUsage, match="Artifact Registry"):
        write_service(bundle, "vertex", tmp_path / "new", deployment)
    with pytest.raises(BadUsage, match="Artifact Registry"):
        write_training("digits", tmp_path / "new", "digits:1", [], "gs://b/1")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (out / "mine").read_text() == "mine"


def test_an_empty_folder_is_filled(bundle, tmp_path):
    names = write_service(bundle, "docker", tmp_path, Deployment("digits", "digits:1"))
    found = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file())
    assert names == found


def test_vertex_asks_itself_who_may(bundle, tmp_path, keys):
    own = Deployment("digits", "us-central1-docker.pkg.dev/p/r/n:1", keys=True)
    with pytest.raises(BadUsage, match="leave --api-keys out"):
        write_service(bundle, "vertex", tmp_path / "new", own, keys)


@pytest.mark.parametrize(
    "image", ["", "-x", "a b", "a;b", "registry//x", "a\nb", "$(id)", "https://registry/x"]
)
def test_an_image_that_can_be_none(image):
    with pytest.raises(BadUsage, match="--image"):
        check_image(image)


@pytest.mark.parametrize(
    "image", ["x", "digits:1", "localhost:5000/me/x", "r.example/a/b@sha256:" + "0" * 64]
)
def test_an_image_that_can_be_one(image):
    check_image(image)


@pytest.mark.parametrize("image", ["us-docker.pkg.dev/p/r/n:1", "gcr.io/p/n:1", "digits:1"])
def test_an_image_that_vertex_does_not_take(image):
    with pytest.raises(BadUsage, match="Artifact Registry"):
        place_of(image)


def test_names_that_clusters_take():
    for name in ("2022", "A_b.C", "x" * 100, "---a---", "Größe"):
        assert re.fullmatch(r"[a-z]([a-z0-9-]{0,47}[a-z0-9])?", resource_name(name))
