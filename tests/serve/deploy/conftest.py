"""What is deployed: a real bundle, for every platform; a Dockerfile, read as a builder reads it."""

import json
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from saccade.serve.deploy.deployment import Deployment
from saccade.serve.deploy.directory import PLATFORMS, write_service, write_training

# It runs where the vendors' packages are: test_vendors.py starts it.
collect_ignore = ["as_vendors_read.py"]

IMAGE = "europe-west4-docker.pkg.dev/my-project/models/digits:1"
TRAINED = ["digits", "--model", "softmax"]

Instruction = tuple[str, str]


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sum of the key `sesame`."""
    file = tmp_path_factory.mktemp("keys") / "mine.txt"
    file.write_text("d0c04f4b1951e4aeaaec8223ed2039e542f3aae805a6fa7f6d794e5afff5d272  -\n")
    return file


@pytest.fixture(scope="session")
def deployed(bundle: Path, keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a folder for each platform, `-with-keys` where it takes keys; and a job."""
    folder = tmp_path_factory.mktemp("deployed")
    for platform in PLATFORMS:
        write_service(bundle, platform, folder / platform, Deployment("digits", IMAGE))
        if platform != "vertex":
            own = Deployment("digits", IMAGE, keys=True)
            write_service(bundle, platform, folder / f"{platform}-with-keys", own, keys)
    write_training("digits", folder / "vertex-training", IMAGE, TRAINED, "gs://bucket/jobs/1")
    return folder


@pytest.fixture(scope="session")
def instructions() -> Callable[[Path], list[Instruction]]:
    """The instructions of a Dockerfile, each with what follows it."""

    def read(file: Path) -> list[Instruction]:
        lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
        joined = re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()
        return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined) if word]

    return read


@pytest.fixture(scope="session")
def commands(instructions: Callable[[Path], list[Instruction]]) -> Callable[..., list[list[str]]]:
    """The words of every RUN, ENTRYPOINT or HEALTHCHECK of a Dockerfile; of exec form only."""

    def read(file: Path, kind: str) -> list[list[str]]:
        found = [rest for word, rest in instructions(file) if word == kind]
        return [json.loads(rest[rest.index("[") :]) for rest in found]

    return read


@pytest.fixture
def free_port() -> str:
    """A port that nobody listened at a moment ago."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])
