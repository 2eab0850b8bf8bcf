"""The Dockerfile's own entry point, started as each platform starts it, by this interpreter."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

import saccade


class Container:
    """An image's entry point without the image: its paths are led to where they lie here."""

    def __init__(self, folder: Path, commands: Callable, arguments: tuple[str, ...], told: dict):
        (entry,) = commands(folder / "Dockerfile", "ENTRYPOINT")
        assert entry[0].endswith("/saccade") and "/bundle" in entry
        program = [sys.executable, "-m", "saccade"]
        words = [str(folder / "bundle") if word == "/bundle" else word for word in entry[1:]]
        source = str(Path(saccade.__file__).resolve().parents[1])
        self.environment = {
            "PATH": "/nothing",
            "PYTHONPATH": source,
            "SACCADE_OFFLINE": "1",
            **told,
        }
        self.port = int(told.get("AIP_HTTP_PORT") or told["PORT"])
        self.process = subprocess.Popen(
            [*program, *words, *arguments], env=self.environment, cwd="/",
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stderr is not None
        self.said = self.process.stderr.readline()
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30)

    def healthy(self, folder: Path, commands: Callable) -> int:
        """What the image's own HEALTHCHECK says."""
        (check,) = commands(folder / "Dockerfile", "HEALTHCHECK")
        assert check[0].endswith("/bin/python")
        return subprocess.run([sys.executable, *check[1:]], env=self.environment).returncode

    def end(self) -> int:
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return self.process.returncode


@pytest.fixture
def start(deployed: Path, commands: Callable) -> Iterator[Callable[..., Container]]:
    started: list[Container] = []

    def begin(platform: str, *arguments: str, **told: str) -> Container:
        started.append(Container(deployed / platform, commands, arguments, told))
        return started[-1]

    yield begin
    for one in started:
        one.end()


pytestmark = pytest.mark.skipif(os.name == "nt", reason="images are of Linux")


def test_as_vertex_starts_it(start, deployed, commands, digits, free_port):
    routes = {"AIP_PREDICT_ROUTE": "/v1/endpoints/7/deployedModels/8:predict"}
    told = {"AIP_HTTP_PORT": free_port, "AIP_HEALTH_ROUTE": "/v1/endpoints/7/deployedModels/8"}
    container = start("vertex", PORT="8080", **told, **routes)
    assert "answers at" in container.said
    assert container.client.get(told["AIP_HEALTH_ROUTE"]).status_code == 200
    body = {"instances": [{"image": digits[0, :, :, 0].tolist()}]}
    answer = container.client.post(routes["AIP_PREDICT_ROUTE"], json=body)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["predictions"][0]["probabilities"]) == 10
    assert container.healthy(deployed / "vertex", commands) == 0


def test_as_the_others_start_it(start, deployed, commands, digits, free_port):
    live, ready = "/v2/health/live", "/v2/health/ready"
    for platform in ("kserve", "cloud-run"):
        text = "".join(path.read_text() for path in (deployed / platform).glob("*.yaml"))
        assert "--public" in text
        assert set(re.findall(r"path: (\S+)", text)) == {live, ready}
        same = "Dockerfile"
        assert (deployed / platform / same).read_text() == (deployed / "docker" / same).read_text()
    platform = "docker"
    container = start(platform, "--public", PORT=free_port)
    assert container.client.get(live).status_code == container.client.get(ready).status_code == 200
    kind = {"content-type": "application/octet-stream"}
    asked = container.client.post("/predict", content=digits[0].tobytes(), headers=kind)
    assert asked.status_code == 200
    assert container.healthy(deployed / platform, commands) == 0
    assert container.end() == 0
    assert container.healthy(deployed / platform, commands) != 0


def test_with_keys_only_who_has_one(start, keys, digits: np.ndarray, free_port):
    container = start("docker-with-keys", "--api-keys", str(keys), PORT=free_port)
    kind = {"content-type": "application/octet-stream"}
    asked = {"url": "/predict", "content": digits[0].tobytes()}
    assert container.client.post(**asked, headers=kind).status_code == 401
    opened = {**kind, "authorization": "Bearer sesame"}
    assert container.client.post(**asked, headers=opened).status_code == 200
    assert container.client.get("/v2/health/ready").status_code == 200


def test_it_opens_to_nobody_whom_it_was_not_told_of(start, free_port):
    container = start("docker", PORT=free_port)
    assert container.process.wait(60) == 2
    assert "Say who" in container.said + container.process.stderr.read()
