"""Runs as a trainer leaves them, made with numpy alone, and a real server to ask about them."""

import asyncio
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.sync.client import ClientConnection, connect

from saccade.core.listen import listen
from saccade.run import lock
from saccade.run.events import Accuracy, Evaluated, Finished, Started, StepsDone, to_line
from saccade.run.pack import to_pack
from saccade.view.live.guard import Door
from saccade.view.live.server import Live, make_app
from saccade.view.live.serving import make_server
from saccade.view.live.shelf import Shelf

DEADLINE = 20
FACTS = {
    "schema": 1,
    "created": "2026-11-21T10:00:00+00:00",
    "data": {"name": "digits", "classes": ["0", "1"], "excluded": [{"path": "a", "reason": "b"}]},
    "model": {"name": "conv", "parameters": 1234},
    "recipe": {"watch": "validation"},
    "total_steps": 1000,
}


@dataclass
class Trainer:
    """Writes in a run directory as the trainer does."""

    path: Path
    step: int = 0

    def begin(self, **facts: Any) -> "Trainer":
        self.path.mkdir(parents=True)
        (self.path / "run.json").write_text(json.dumps({**FACTS, **facts}))
        self.log(to_line(Started({}, 0), 0))
        return self

    def log(self, *lines: str) -> None:
        with (self.path / "events.jsonl").open("a", encoding="utf-8") as file:
            file.write("".join(lines))

    def train(self, chunks: int = 1, steps: int = 10) -> None:
        """Chunks of steps whose loss is 1/step; a row of metrics.csv at the end."""
        lines = []
        for _ in range(chunks):
            first, last = self.step + 1, self.step + steps
            values = range(first, last + 1)
            columns = (tuple(1 / s for s in values), (0.5,) * steps, (0.1,) * steps)
            lines.append(to_line(StepsDone(first, last, 0.1, *columns, 50 * steps), self.step))
            self.step = last
        self.log(*lines)

    def evaluate(self, accuracy: float = 0.75) -> None:
        self.log(
            to_line(
                Evaluated(self.step, "validation", accuracy, 0.5, 20, True, 1.0, 0.5, 0.1, 0.01),
                0,
            )
        )
        (self.path / "metrics.csv").write_text(
            "step,train/loss,train/accuracy,watched/loss,watched/accuracy,learning_rate\n"
            f"{self.step},1.0,0.5,0.5,{accuracy},0.1\n"
        )

    def snapshot(self, step: int | None = None) -> None:
        step = self.step if step is None else step
        folder = self.path / "snapshots"
        folder.mkdir(exist_ok=True)
        aside = folder / f".{step}.part"
        with aside.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **snapshot_arrays(step))
        aside.replace(folder / f"{step:09d}.npz")

    def images(self) -> bytes:
        pixels = np.arange(20 * 8 * 8, dtype=np.uint32).astype(np.uint8).reshape(20, 8, 8, 1)
        arrays = {"watched": pixels, "watched_labels": np.arange(20, dtype=np.uint16) % 2}
        data = to_pack(arrays, split="validation", total=20)
        (self.path / "images.bin").write_bytes(data)
        return data

    def finish(self) -> None:
        test = Accuracy(0.9, 0.8, 0.95, 0.3, 100)
        end = Finished(self.step, "all steps done", 1.0, 5000.0, None, test, self.step, 0.75)
        self.log(to_line(end, 0))
        (self.path / "eval").mkdir()
        told = {"steps": self.step, "test": vars(test)}
        (self.path / "eval" / "metrics.json").write_text(json.dumps(told))

    def takes_requests(self) -> None:
        (self.path / "control").mkdir(mode=0o700)
        (self.path / "control" / "token").write_text("c0ffee")

    def requests(self) -> list[dict[str, Any]]:
        files = sorted((self.path / "control").glob("*.json"))
        return [json.loads(file.read_text()) for file in files]


def snapshot_arrays(step: int) -> dict[str, Any]:
    return {
        "batch_labels": np.arange(10, dtype=np.uint16),
        "batch_answers": np.arange(10, dtype=np.uint16),
        "batch_confidence": np.full(10, 200, np.uint8),
        "batch_sheet": np.frombuffer(b"\xff\xd8 a JPEG", np.uint8),
        "batch_cell": np.array([8, 8], np.int32),
        "watched_answers": np.zeros(20, np.uint16),
        "watched_confidence": np.full(20, 255, np.uint8),
        "watched_step": np.int64(step),
        "variables": np.array(["01-conv1/kernel", "01-conv1/bias"]),
        "bands": np.linspace(0, 1, 16, dtype=np.float32).reshape(2, 8),
        "sampled": np.zeros(2, np.uint8),
        "weight_bands": np.arange(8, dtype=np.float32),
        "bias_bands": np.arange(8, dtype=np.float32) + step,
        "logit_bands": np.arange(8, dtype=np.float32),
        "gradient_norms": np.array([0.5, np.nan], np.float32),
        "pictures": np.ones((2, 3, 3, 1), np.int8),
        "pictures_scale": np.float32(0.25),
    }


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """The folder of runs."""
    (tmp_path / "runs").mkdir(exist_ok=True)
    return tmp_path / "runs"


@pytest.fixture
def trainer(runs: Path) -> Trainer:
    """A run that has done a hundred steps."""
    made = Trainer(runs / "first").begin()
    made.train(10)
    made.evaluate()
    return made


@pytest.fixture
def holding() -> Callable[[Path], Any]:
    """Holds a run as its trainer does, so that it is `running`."""
    return lock.writing


@dataclass
class Site:
    """A server that runs, and how to ask it."""

    live: Live
    door: Door
    port: int

    @cached_property
    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def key(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.door.token}"}

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(self.url + path, headers={**self.key, **headers}, timeout=DEADLINE)

    def json(self, path: str) -> Any:
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.content, parse_constant=lambda text: pytest.fail(text))

    def post(self, path: str, content: Any, **headers: str) -> httpx.Response:
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        headers = {**self.key, "Origin": self.url, **headers}
        return httpx.post(self.url + path, content=content, headers=headers, timeout=DEADLINE)

    def raw(self, method: str, target: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        """A request as it stands: nothing is added but Host where none is given."""
        connection = self.connection
        connection.putrequest(method, target, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        if answer.status == 101 or answer.read() is None or answer.will_close:
            connection.close()
        return answer

    def id(self, name: str) -> str:
        return next(run["id"] for run in self.json("/api/runs")["runs"] if run["name"] == name)

    def socket(self, run: str, after: int = 0, **headers: str) -> ClientConnection:
        headers = {**self.key, "Origin": self.url, **headers}
        where = f"ws://127.0.0.1:{self.port}/api/live?run={run}&after={after}"
        return connect(where, additional_headers=headers, open_timeout=DEADLINE, proxy=None)


@contextmanager
def serving(live: Live, door: Door) -> Iterator[Site]:
    listener = listen("127.0.0.1", 0)
    server = make_server(make_app(live, door))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    try:
        wait_for(lambda: server.started)
        site = Site(live, door, listener.getsockname()[1])
        yield site
        site.connection.close()
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture
def open_site(runs: Path, tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Starts a server of the folder of runs, or of these paths."""
    open_ones = []

    def start(*paths: Path, read_only: bool = False, page: Path | None = None) -> Site:
        door = Door(frozenset({"lab.example"}))
        shelf = Shelf(paths or [runs], door.token.encode())
        context = serving(Live(shelf, read_only, page or tmp_path / "no-page"), door)
        open_ones.append(context)
        return context.__enter__()

    yield start
    for context in open_ones:
        context.__exit__(None, None, None)


@pytest.fixture
def site(open_site: Callable[..., Site]) -> Site:
    return open_site()


def wait_for(what: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + DEADLINE
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.01)
    return found


@pytest.fixture
def until() -> Callable[[Callable[[], Any]], Any]:
    """Waits for a condition and gives its value, or fails."""
    return wait_for
