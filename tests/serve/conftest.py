"""A real server in a process of its own, on a bundle that was really exported."""

import io
import json
import os
import re
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

import saccade
from saccade.bundle.bundle import Bundle, open_bundle
from saccade.core.listen import listen
from saccade.export.bundle import export_bundle
from saccade.run.directory import Run
from saccade.serve.limits import Limits
from saccade.serve.settings import Settings


def children(process: int, what: str) -> list[int]:
    """Processes that it started and that run this module."""
    folder = Path(f"/proc/{process}/task")
    found = []
    for task in folder.iterdir():
        with suppress(OSError):  # a thread that ended meanwhile
            found += [int(one) for one in (task / "children").read_text().split()]
    named = []
    for one in found:
        with suppress(OSError):
            named += [one] * (what in Path(f"/proc/{one}/cmdline").read_text())
    return named


class Address:
    """Where something answers."""

    def __init__(self, port: int):
        self.port = port
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)

    def connect(self) -> socket.socket:
        """For those who speak no proper HTTP, or not at the pace of others."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def raw(self, *data: bytes) -> bytes:
        """All that is answered to these bytes, until the server ends the connection."""
        with self.connect() as connection:
            with suppress(OSError):  # whoever is refused may not get rid of all
                for part in data:
                    connection.sendall(part)
            return all_of(connection)


def all_of(connection: socket.socket) -> bytes:
    """What comes until the other side ends it."""
    parts = []
    with suppress(ConnectionError):
        while part := connection.recv(1 << 16):
            parts.append(part)
    return b"".join(parts)


class Served(Address):
    """`saccade serve`, started as a person does, with an HTTP client for it."""

    def __init__(self, bundle: Path, *options: str, **environment: str):
        command = [
            sys.executable,
            "-P",
            "-m",
            "saccade",
            "serve",
            str(bundle),
            "--port",
            "0",
            *options,
        ]
        # From a place outside, as a person would; and as the installed command, which does not
        # look there for what it imports.
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, cwd=bundle.parent,
            env={**os.environ, **environment},
        )  # fmt: skip
        self.said: list[str] = []
        self.ready = threading.Event()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.ready.wait(120)
        found = re.search(r" answers at http://[^/]*:(\d+) ", "".join(self.said))
        if found is None:
            self.process.kill()
            self._let_go()
            raise AssertionError("".join(self.said))
        super().__init__(int(found[1]))

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)
            if " answers at " in line:
                self.ready.set()
        self.ready.set()

    def workers(self) -> list[int]:
        """Process numbers of those that answer."""
        return children(self.process.pid, "saccade.serve.worker")

    def end(self, how: int = signal.SIGINT) -> int:
        """Its exit code."""
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(how)
        self._let_go()
        return self.process.returncode

    def _let_go(self) -> None:
        self.process.wait(60)
        self.reader.join(10)
        assert self.process.stderr is not None
        self.process.stderr.close()


class Working(Address):
    """A worker alone, as a supervisor starts it, with limits of a test's own. It tells metrics."""

    def __init__(self, settings: Settings):
        sockets = [listen("127.0.0.1", 0) for _ in range(2)]
        port, metrics = (one.getsockname()[1] for one in sockets)
        settings = replace(settings, metrics_port=metrics)
        told, tell = os.pipe()
        numbers = [tell, *(one.fileno() for one in sockets)]
        self.process = subprocess.Popen(
            [*(sys.executable, "-P", "-m", "saccade.serve.worker"), settings.to_json(),
             *map(str, numbers)],
            pass_fds=numbers, cwd=settings.bundle.parent, stdin=subprocess.PIPE,
        )  # fmt: skip
        os.close(tell)
        with os.fdopen(told, "rb") as file:
            assert file.read().startswith(b"ready ")
        super().__init__(port)
        self.metrics = Address(metrics)
        for one in sockets:
            one.close()

    def metric(self, name: str) -> float:
        """A count of its own, such as `saccade_pictures_inside`."""
        page = self.metrics.client.get("/metrics").text
        return float(re.findall(rf"^{name} (\S+)$", page, re.MULTILINE)[0])

    def open_files(self) -> int:
        """Connections, mostly."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def decoders(self) -> list[int]:
        """Process numbers of those that decode."""
        return children(self.process.pid, "saccade.core.worker")

    def end(self) -> int:
        """Its exit code."""
        self.client.close()
        self.metrics.client.close()
        self.process.terminate()
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(60)


@pytest.fixture(scope="session")
def bundle(finished_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Digits, 8x8 grey, ten classes, not calibrated."""
    return export_bundle(finished_run, tmp_path_factory.mktemp("serve") / "digits").path


@pytest.fixture(scope="session")
def opened(bundle: Path) -> Bundle:
    """The same, to ask directly."""
    return open_bundle(bundle)


@contextmanager
def servers() -> Iterator[Callable[..., Served]]:
    """A function that starts servers, which end with the block."""
    started: list[Served] = []

    def start(bundle: Path, *options: str, **environment: str) -> Served:
        started.append(Served(bundle, *options, **environment))
        return started[-1]

    try:
        yield start
    finally:
        for one in started:
            one.end()


@pytest.fixture(scope="session")
def serving() -> Callable[[], AbstractContextManager[Callable[..., Served]]]:
    """`servers`."""
    return servers


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[..., Served]]:
    """Starts servers, and ends them at the end of a file."""
    with servers() as start:
        yield start


@pytest.fixture
def serve_once() -> Iterator[Callable[..., Served]]:
    """Starts servers, and ends them after the test."""
    with servers() as start:
        yield start


@pytest.fixture(scope="session")
def served(bundle: Path) -> Iterator[Served]:
    """One server for all tests that leave it as it is."""
    with servers() as start:
        yield start(bundle, "--name", "digits")


@pytest.fixture(scope="session")
def digits() -> np.ndarray:
    """uint8 [n, 8, 8, 1], real handwritten digits."""
    return saccade.load("digits").test.pixels


@pytest.fixture(scope="session")
def settings(bundle: Path) -> Settings:
    """As a supervisor's, for `digits`."""
    return Settings(bundle, "digits")


@pytest.fixture(scope="module")
def work(settings: Settings) -> Iterator[Callable[..., Working]]:
    """Starts workers with limits, and ends them at the end of a file."""
    started: list[Working] = []

    def start(limits: Limits, **others: object) -> Working:
        started.append(Working(replace(settings, limits=limits, **others)))
        return started[-1]

    yield start
    for one in started:
        one.end()


@pytest.fixture
def at() -> Iterator[Callable[[int], Address]]:
    """What answers at a port of this machine, asked until the test's end."""
    known: list[Address] = []

    def ask(port: int) -> Address:
        known.append(Address(port))
        return known[-1]

    yield ask
    for one in known:
        one.client.close()


@pytest.fixture(scope="session")
def png() -> Callable[[np.ndarray], bytes]:
    """uint8 [height, width, 1] -> a PNG file."""

    def encode(pixels: np.ndarray) -> bytes:
        file = io.BytesIO()
        Image.fromarray(pixels[..., 0]).save(file, "PNG")
        return file.getvalue()

    return encode


@pytest.fixture(scope="session")
def slow_picture() -> bytes:
    """A small file over which a decoder sits until its two seconds of processor time are over."""
    file = io.BytesIO()
    Image.new("L", (6300, 6300), 7).save(file, "JPEG", progressive=True)
    data = file.getvalue()
    scan = data.rindex(b"\xff\xda")
    return data[:scan] + data[scan:-2] * 90 + data[-2:]


@pytest.fixture(scope="session")
def rest_of() -> Callable[[socket.socket], bytes]:
    """All that comes until the other side ends it."""
    return all_of


@pytest.fixture(scope="session")
def bad_inputs() -> dict[str, Any]:
    """The table of bad pictures, and what makes them: tests/data/bad_inputs.py."""
    return runpy.run_path(str(Path(__file__).parents[1] / "data" / "bad_inputs.py"))


@pytest.fixture(scope="session")
def until() -> Callable[..., None]:
    """Looks until a condition holds, and fails where it does not come."""

    def wait(holds: Callable[[], bool], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, "it did not come in time"
            time.sleep(0.01)

    return wait


@pytest.fixture(scope="session")
def post() -> Callable[..., bytes]:
    """The bytes of a request."""

    def build(path: str, body: bytes, *headers: str) -> bytes:
        lines = [f"POST {path} HTTP/1.1", "Host: localhost", *headers, "Connection: close"]
        if not any(one.lower().startswith(("content-length", "transfer")) for one in headers):
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body

    return build


@pytest.fixture(scope="session")
def parsed() -> Callable[[bytes], tuple[int, dict[str, str], dict[str, object]]]:
    """(status, headers, JSON) of one raw answer."""

    def parse(answer: bytes) -> tuple[int, dict[str, str], dict[str, object]]:
        head, _, body = answer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        return int(first.split()[1]), headers, json.loads(body or b"null")

    return parse
