"""Servers that are compared: how each is started, and what its processes use. Linux."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
START_SECONDS = 120.0
SETTLE_SECONDS = 5.0
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")

# (bundle, port) -> the command that serves it.
Command = Callable[[Path, int], Sequence[str]]


@dataclass(frozen=True)
class Side:
    """A way to serve. Of those with the same `server` the quickest is taken."""

    server: str
    way: str
    command: Command

    @property
    def name(self) -> str:
        """`FastAPI: async, 2 workers`"""
        return f"{self.server}: {self.way}" if self.way else self.server


@dataclass(frozen=True)
class Use:
    """What the processes of a server have used and hold."""

    cpu_seconds: float
    rss_bytes: int


class Server:
    """One that runs, at `port`."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path):
        self.process, self.port, self.log = process, port, log

    def use(self) -> Use:
        """Of all its processes; memory that they share is counted in each."""
        cpu, rss = 0.0, 0
        for pid in tree(self.process.pid):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended meanwhile
            cpu += (int(fields[11]) + int(fields[12])) / TICKS
            rss += int(fields[21]) * PAGE
        return Use(cpu, rss)

    def signal(self, number: int) -> None:
        """To its first process."""
        self.process.send_signal(number)


def tree(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it ended meanwhile
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def saccade_side() -> Side:
    def command(bundle: Path, port: int) -> Sequence[str]:
        return [sys.executable, "-m", "saccade", "serve", str(bundle), "--port", str(port)]

    return Side("saccade", "", command)


def fastapi_side(python: str, how: str, workers: int) -> Side:
    def command(bundle: Path, port: int) -> Sequence[str]:
        script = str(HERE / "peers" / "serve_fastapi.py")
        return [python, script, str(bundle), str(port), how, str(workers)]

    return Side("FastAPI", f"{how}, {workers} worker{'s'[: workers - 1]}", command)


def litserve_side(python: str, batch: int, workers: int) -> Side:
    def command(bundle: Path, port: int) -> Sequence[str]:
        script = str(HERE / "peers" / "serve_litserve.py")
        return [python, script, str(bundle), str(port), str(batch), str(workers)]

    together = f"batches of {batch}" if batch > 1 else "no batches"
    return Side("LitServe", f"{together}, {workers} worker{'s'[: workers - 1]}", command)


@contextmanager
def serving(side: Side, bundle: Path, picture: np.ndarray) -> Iterator[Server]:
    """A server that has answered once, and is gone afterwards with all its processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                side.command(bundle.resolve(), port),
                stdout=file,
                stderr=file,
                cwd=folder if side.server == "saccade" else HERE / "peers",
                env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
                start_new_session=True,
            )
        server = Server(process, port, log)
        try:
            _wait(server, side, picture)
            _settle(server)
            yield server
        finally:
            _end(process)


def ask(port: int, picture: np.ndarray) -> bytes:
    """One answer.

    Raises:
        OSError: it is none.
    """
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/predict",
        picture.tobytes(),
        {"content-type": "application/octet-stream"},
    )
    with urllib.request.urlopen(asked, timeout=5) as answer:
        return answer.read()


def _wait(server: Server, side: Side, picture: np.ndarray) -> None:
    until = time.monotonic() + START_SECONDS
    while server.process.poll() is None and time.monotonic() < until:
        try:
            ask(server.port, picture)
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"{side.name} does not answer:\n{server.log.read_text()[-2000:]}")


def _settle(server: Server) -> None:
    """More workers may start behind the first; some servers never rest."""
    until, before = time.monotonic() + SETTLE_SECONDS, server.use().cpu_seconds
    while time.monotonic() < until:
        time.sleep(0.5)
        now = server.use().cpu_seconds
        if now - before < 0.05:
            return
        before = now


def _end(process: subprocess.Popen[bytes]) -> None:
    """With all of its session: it is ours."""
    for how, patience in ((signal.SIGINT, 15), (signal.SIGKILL, 15)):
        try:
            os.killpg(process.pid, how)
        except ProcessLookupError:
            return
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
