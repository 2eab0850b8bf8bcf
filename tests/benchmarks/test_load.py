"""The load generator, on servers whose delays, answers and faults are known."""

import asyncio
import json
import math
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

FILE = Path(__file__).parents[2] / "benchmarks" / "load.py"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it takes epoll")


@pytest.fixture(scope="module")
def load():
    import load

    return load


def answer(label: str, probability: float = 0.5) -> bytes:
    return json.dumps({"label": label, "probability": probability}).encode()


def response(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


# The body, one byte -> (seconds of waiting, what is sent); None cuts the connection.
Behaviour = Callable[[int], tuple[float, bytes | None]]


class Tiny(asyncio.Protocol):
    """Serves requests of one byte."""

    transports: ClassVar[set[asyncio.BaseTransport]] = set()  # of those who are connected

    def __init__(self, behaviour: Behaviour):
        self.behaviour, self.came = behaviour, b""

    def connection_made(self, transport):
        self.transport = transport
        self.transports.add(transport)

    def connection_lost(self, error):
        self.transports.discard(self.transport)

    def data_received(self, data):
        self.came += data
        head = self.came.find(b"\r\n\r\n")
        if head < 0 or len(self.came) < head + 5:
            return
        asked, self.came = self.came[head + 4], b""
        delay, sent = self.behaviour(asked)
        asyncio.get_running_loop().call_later(delay, self._send, sent)

    def _send(self, sent):
        if sent is None:
            return self.transport.abort()
        half = len(sent) // 2  # as a network may
        self.transport.write(sent[:half])
        self.transport.write(sent[half:])


@contextmanager
def tiny(behaviour: Behaviour) -> Iterator[int]:
    """Its port."""
    loop = asyncio.new_event_loop()

    async def start() -> asyncio.Server:
        return await loop.create_server(lambda: Tiny(behaviour), "127.0.0.1", 0, backlog=512)

    server = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        end(loop, server, thread)


def end(loop, server, thread):
    """Ends a loop that answers in a thread, its connections first."""
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(lambda: [one.close() for one in tuple(Tiny.transports)])
    loop.call_soon_threadsafe(loop.call_soon, loop.call_soon, loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def asked(load, tmp_path):
    """A hundred pictures of one pixel; picture i is of class i."""
    pictures = np.arange(100, dtype=np.uint8).reshape(100, 1, 1, 1)
    load.write_questions(tmp_path, pictures, [str(i) for i in range(100)], [0.5] * 100)

    def ask(port: int, seed: int = 0):
        return load.Load(port, load.read_questions(tmp_path, port), seed)

    return ask


def right(asked: int) -> tuple[float, bytes]:
    return 0.0, response(answer(str(asked)))


def test_known_delays_give_known_percentiles(asked):
    def behaviour(i: int) -> tuple[float, bytes]:
        return (0.3 if i < 5 else 0.05), right(i)[1]

    with tiny(behaviour) as port:
        told = asked(port).open_loop(200, 1.0, 0.0)
    assert told["n"] == 200 and not told["failed"] and not told["wrong"]
    assert 50 <= told["p50_ms"] < 250
    assert 300 <= told["p99_ms"] <= told["p999_ms"]
    assert told["goodput"] == pytest.approx(200 / told["seconds"])


def test_who_asks_while_the_server_stands_still_waits_for_it(asked):
    """A closed loop would see one slow answer; in truth all of that time was slow."""
    stood = []

    def behaviour(i: int) -> tuple[float, bytes]:
        if not stood:
            stood.append(i)
            until = time.perf_counter() + 0.8
            while time.perf_counter() < until:
                pass
        return right(i)

    with tiny(behaviour) as port:
        told = asked(port).open_loop(200, 1.0, 0.0)
    assert told["p99_ms"] > 700
    # These 200 come within 1.19 s, two thirds of them while it stands, so that half wait for at
    # least 0.2 s. A closed loop would say some 5 ms.
    assert told["p50_ms"] > 100


def test_the_same_seed_asks_the_same(asked):
    asked_for = []
    for seed in (1, 1, 2):
        seen: set[int] = set()

        def behaviour(i: int, seen: set[int] = seen) -> tuple[float, bytes]:
            seen.add(i)
            return right(i)

        with tiny(behaviour) as port:
            asked(port, seed).open_loop(1000, 0.02, 0.0)
        asked_for.append(seen)
    assert asked_for[0] == asked_for[1] != asked_for[2]
    assert len(asked_for[0]) == 20


@pytest.mark.parametrize(
    "body",
    [
        lambda i: answer(str((i + 1) % 100)),  # another's answer
        lambda i: answer(str(i), 0.6),  # another's probability
        lambda i: b"{}",
        lambda i: b"",
    ],
)
def test_wrong_answers_are_counted_and_are_no_goodput(asked, body):
    def behaviour(i: int) -> tuple[float, bytes]:
        return 0.0, response(body(i) if i % 2 else answer(str(i)))

    with tiny(behaviour) as port:
        told = asked(port).open_loop(1000, 0.1, 0.0)
    assert (told["n"], told["wrong"], told["failed"]) == (100, 50, {})
    assert told["goodput"] == pytest.approx(50 / told["seconds"])
    assert told["p99_ms"] is None  # a wrong answer took for ever
    assert told["p50_ms"] is not None


def test_refusals_have_their_own_times(asked):
    def behaviour(i: int) -> tuple[float, bytes]:
        if i < 10:
            return 0.0, response(b"{}", "429 Too Many Requests")
        if i < 30:
            return 0.0, response(b"{}", "503 Service Unavailable", "Retry-After: 1")
        return 0.1, right(i)[1]

    with tiny(behaviour) as port:
        told = asked(port).open_loop(500, 0.2, 0.0)
    assert (told["n"], told["refused"], told["refused_without_retry_after"]) == (100, 30, 10)
    assert told["refused_p99_ms"] < told["p50_ms"] and told["p50_ms"] >= 100
    assert told["p99_ms"] is not None and not told["failed"]


def test_what_fails_is_counted_by_why(asked, load, monkeypatch):
    monkeypatch.setattr(load, "LIMIT", 0.3)

    def behaviour(i: int) -> tuple[float, bytes | None]:
        if i < 10:
            return 0.0, None
        if i < 20:
            return 0.0, response(b"{}", "500 Internal Server Error")
        if i < 25:
            return 30.0, right(i)[1]
        return 0.0, response(answer(str(i)), "200 OK", "Connection: close")

    with tiny(behaviour) as port:
        told = asked(port).open_loop(500, 0.2, 0.0)
    assert told["failed"] == {"cut off": 10, "status 500": 10, "too late": 5}
    assert told["n"] == 100 and told["goodput"] == pytest.approx(75 / told["seconds"])
    assert told["p99_ms"] is None


def test_a_generator_that_can_not_keep_up_says_so(asked):
    with tiny(right) as port:
        told = asked(port).open_loop(1e6, 0.02, 0.0)  # 20,000 at once
    assert told["seconds"] > 0.1 and told["late_p99_ms"] > 50
    assert told["n"] == 20_000 and told["goodput"] < 200_000


def test_nobody_there_is_no_connection(asked):
    with tiny(right) as port:
        pass
    told = asked(port).open_loop(500, 0.1, 0.0)
    assert told["failed"] == {"no connection": 50} and told["goodput"] == 0


def test_a_closed_loop_asks_as_much_as_is_answered(asked):
    with tiny(lambda i: (0.1, right(i)[1])) as port:
        told = asked(port).closed_loop(4, 1.0, 0.0)
    assert 12 <= told["n"] <= 44  # ten each at most, and one at the end
    assert told["wrong"] == 0 and not told["failed"]


def test_what_comes_while_it_warms_up_does_not_count(asked):
    with tiny(right) as port:
        told = asked(port).open_loop(200, 0.5, 0.5)
    assert 60 <= told["n"] <= 140
    assert told["seconds"] == pytest.approx(told["n"] / 200, rel=0.5)


def test_large_requests_go_out_whole(load, tmp_path):
    pictures = np.zeros((3, 1000, 1000, 3), np.uint8)
    load.write_questions(tmp_path, pictures, ["a"] * 3, [0.5] * 3)
    received = []

    class Large(Tiny):
        def data_received(self, data):
            self.came += data
            if len(self.came) > 3_000_000:
                received.append(len(self.came) - self.came.find(b"\r\n\r\n") - 4)
                self.came = b""
                self.transport.write(response(answer("a")))

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(lambda: Large(right), "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    port = server.sockets[0].getsockname()[1]
    told = load.Load(port, load.read_questions(tmp_path, port), 0).open_loop(50, 0.2, 0.0)
    end(loop, server, thread)
    assert set(received) == {3_000_000}
    assert told["goodput"] > 0 and not told["failed"] and not told["wrong"]


def test_its_last_line_is_json(load, tmp_path):
    load.write_questions(tmp_path, np.zeros((1, 1, 1, 1), np.uint8), ["0"], [0.5])
    with tiny(right) as port:
        command = [sys.executable, FILE, str(port), tmp_path, "--rate", "50", "--seconds", "0.2"]
        done = subprocess.run([*command, "--warm", "0"], capture_output=True, text=True)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["n"] == 10 and told["late_most_ms"] >= 0 and 0 <= told["generator_cpu"] <= 1


@pytest.mark.parametrize(
    "seconds, share, expected",
    [
        (range(1, 1001), 0.5, 500_000),
        (range(1, 1001), 0.99, 990_000),
        (range(1, 1001), 0.999, 999_000),
        ([1, math.inf], 0.99, None),
        ([], 0.5, None),
    ],
)
def test_percentiles(load, seconds, share, expected):
    assert load.in_ms([float(one) for one in seconds], share) == expected
