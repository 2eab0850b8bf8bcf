"""The vendors' own packages read what is written for them, in an environment made for it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from saccade.serve.deploy.block import to_yaml

PACKAGES = ("google-cloud-aiplatform", "google-cloud-run", "kserve")
READER = Path(__file__).with_name("as_vendors_read.py")
# What YAML readers take for something else where it is not quoted.
MEANT = {
    "text": ["yes", "No", "null", "~", "1", "1e3", "0x1f", "2026-11-22", "12:30", "", " a", "- a"],
    "more": [
        "a: b",
        "a #b",
        "&a",
        "*a",
        "!a",
        "%a",
        "@a",
        "`a`",
        '"',
        "'",
        "a\nb",
        "größe",
        "=",
        "<<",
    ],
    "numbers": [0, -1, 1.5, True, False, None],
    "empty": [[], {}],
    "on": {"y": [{"a": 1, "b": {"c": []}}, "d", {"e": [{"f": "g"}]}], "1": 2},
}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has them."""
    place = tmp_path_factory.mktemp("vendors") / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    python = place / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*install, *PACKAGES], capture_output=True, text=True)
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["no word"])[-1]
        pytest.skip(f"{', '.join(PACKAGES)} can't be installed here: {why}")
    return python


def read(python: Path, *folders: Path) -> subprocess.CompletedProcess[str]:
    words = [str(python), str(READER), *map(str, folders)]
    return subprocess.run(words, capture_output=True, text=True)


@pytest.mark.slow
def test_they_read_all_of_it(python, deployed, tmp_path):
    block = tmp_path / "block"
    block.mkdir()
    (block / "written.yaml").write_text(to_yaml(MEANT))
    (block / "meant.json").write_text(json.dumps(MEANT))
    done = read(python, block, *sorted(deployed.iterdir()))
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 9


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        ("kserve/inference-service.yaml", "readOnlyRootFilesystem", "readOnlyRoot"),
        ("kserve/inference-service.yaml", "automountServiceAccountToken: false", "a: false"),
        ("vertex/model.json", "predictRoute", "predictPath"),
        ("vertex/deployed-model.json", '"minReplicaCount": 1', '"minReplicaCount": "one"'),
        ("vertex-training/custom-job.json", "86400s", "a day"),
        ("cloud-run/service.yaml", "containerPort", "port"),
        ("cloud-run/service.json", "startupProbe", "startProbe"),
    ],
)
def test_they_would_not_read_something_else(python, deployed, tmp_path, file, right, wrong):
    folder = deployed / file.partition("/")[0]
    spoilt = tmp_path / folder.name
    spoilt.mkdir()
    for each in folder.iterdir():
        if each.suffix in (".json", ".yaml"):
            (spoilt / each.name).write_text(each.read_text())
    name = file.partition("/")[2]
    text = (folder / name).read_text()
    assert right in text
    (spoilt / name).write_text(text.replace(right, wrong))
    assert read(python, spoilt).returncode != 0
