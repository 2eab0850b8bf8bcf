"""A real server in a process of its own, on a bundle that was really exported."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

import saccade
from saccade.bundle.bundle import Bundle, open_bundle
from saccade.export.bundle import export_bundle
from saccade.run.directory import Run


class Served:
    """`saccade serve`, started as a person does, with an HTTP client for it."""

    def __init__(self, bundle: Path, *options: str, **environment: str):
        command = [sys.executable, "-m", "saccade", "serve", str(bundle), "--port", "0", *options]
        # From a place outside: as a person would, and `python -m` looks where it is started.
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, cwd=bundle.parent,
            env={**os.environ, **environment},
        )  # fmt: skip
        self.said: list[str] = []
        self.ready = threading.Event()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        if not self.ready.wait(120) or self.process.poll() is not None:
            self.process.kill()
            raise AssertionError("".join(self.said))
        found = re.search(r"http://[^/]*:(\d+) ", "".join(self.said))
        assert found, self.said
        self.port = int(found[1])
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)
            if " answers at " in line:
                self.ready.set()
        self.ready.set()

    def end(self, how: int = signal.SIGINT) -> int:
        """Its exit code."""
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(60)
        self.reader.join(10)
        if self.process.stderr is not None:
            self.process.stderr.close()
        return code


@pytest.fixture(scope="session")
def bundle(finished_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Digits, 8x8 grey, ten classes, not calibrated."""
    return export_bundle(finished_run, tmp_path_factory.mktemp("serve") / "digits").path


@pytest.fixture(scope="session")
def opened(bundle: Path) -> Bundle:
    """The same, to ask directly."""
    return open_bundle(bundle)


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[..., Served]]:
    """Starts servers, and ends them at the end."""
    started: list[Served] = []

    def start(bundle: Path, *options: str, **environment: str) -> Served:
        started.append(Served(bundle, *options, **environment))
        return started[-1]

    yield start
    for one in started:
        one.end()


@pytest.fixture(scope="session")
def served(bundle: Path, serve: Callable[..., Served]) -> Served:
    """One server for all tests that leave it as it is."""
    return serve(bundle, "--name", "digits")


@pytest.fixture(scope="session")
def digits() -> np.ndarray:
    """uint8 [n, 8, 8, 1], real handwritten digits."""
    return saccade.load("digits").test.pixels
