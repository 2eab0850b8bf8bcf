"""A browser, the built page, and a stand-in server with runs that never happened (web/dev)."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .browser import find, open_chromium

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "src/saccade/view/live/page/index.html"
SERVER = ROOT / "web/dev/serve.py"
NEEDED = ("playwright", "uvicorn", "starlette", "websockets", "sklearn")
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}


def missing() -> str:
    """Why the page cannot be tested here, "" where it can."""
    if not PAGE.is_file():
        return f"the page is not built: npm ci && npm run build in {SERVER.parents[1]}"
    lacking = [name for name in NEEDED if find_spec(name) is None]
    if lacking:
        return f"needs {', '.join(lacking)}"
    return "" if find() else "needs a Chromium: make browser"


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """A pack, read without the page's help."""
    length = int.from_bytes(data[:4], "little")
    header = json.loads(data[4 : 4 + length])
    return header, {
        name: np.frombuffer(
            data, "<" + one["dtype"], int(np.prod(one["shape"])), one["offset"]
        ).reshape(one["shape"])
        for name, one in header["arrays"].items()
    }


@dataclass
class Server:
    """The stand-in; it can be stopped and started again on the same port."""

    port: int
    began: float = field(default_factory=lambda: time.time() - 8)
    process: subprocess.Popen | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, str(SERVER), "--port", str(self.port)]
        self.process = subprocess.Popen([*command, "--began", str(self.began)])
        for _ in range(300):
            try:
                self.get("/dev/received")
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise RuntimeError("the stand-in server did not start")

    def stop(self) -> None:
        assert self.process
        self.process.terminate()
        self.process.wait(20)

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.address + path, timeout=20) as answer:
            return answer.read()

    def json(self, path: str) -> Any:
        return json.loads(self.get(path))

    def play(self, what: str, run: str) -> None:
        request = urllib.request.Request(f"{self.address}/dev/{what}/{run}", b"", method="POST")
        urllib.request.urlopen(request, timeout=20).close()

    def snapshot(self, run: str, step: int) -> dict[str, np.ndarray]:
        return unpack(self.get(f"/api/runs/{run}/snapshots/{step}"))[1]

    def errors(self, run: str, step: int) -> int:
        """How many watched pictures are answered wrong, counted from what the server sends."""
        images = unpack(self.get(f"/api/runs/{run}/images"))[1]
        return int((images["watched_labels"] != self.snapshot(run, step)["watched_answers"]).sum())

    def received(self, run: str) -> list[dict[str, Any]]:
        return [one for one in self.json("/dev/received") if one["run"] == run]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    if missing():
        pytest.skip(missing())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = Server(port)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def browser(server: Server) -> Iterator[Any]:
    with open_chromium() as chromium:
        yield chromium


@pytest.fixture
def open_page(browser: Any, server: Server) -> Iterator[Callable[..., Any]]:
    """Opens `#/...`; afterwards, whatever the page complained about fails the test."""
    complaints: list[str] = []
    contexts = []

    def open_at(place: str, viewport: dict[str, int] = DESK, **options: Any) -> Any:
        context = browser.new_context(viewport=viewport, **options)
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if expected(said) else None)
        page.goto(f"{server.address}/{place}")
        return page

    def expected(said: Any) -> bool:
        return said.type == "error" and not any(
            known in said.text
            for known in ("ERR_CONNECTION", "status of 404", "status of 503", "WebSocket")
        )

    yield open_at
    for context in contexts:
        context.close()
    assert not complaints
