"""Asks a server as often as it is told to, and says how the answers came.

    python benchmarks/load.py PORT PICTURES --rate 200         open loop, 200 a second
    python benchmarks/load.py PORT PICTURES --connections 8    closed loop, 8 at a time

PICTURES is a folder that `write_questions` made. In an open loop requests go out when a Poisson
process says so, whatever became of those before, and a request's time is counted from when it was
to go: a server that stands still for a second is slow for all who would have asked meanwhile, and
so is a generator that is late. In a closed loop each connection asks again once it is answered.
The last line of stdout is JSON.

The loop is our own, because asyncio's and uvloop's wake to the millisecond only, and a small
network answers sooner. It takes Linux.
"""

import argparse
import itertools
import json
import math
import os
import re
import select
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

LIMIT = 5.0  # seconds: what is not answered by then has failed
REST = 0.1  # seconds that who was refused waits in a closed loop
NEAR = 1e-3  # how far a probability may be from the right one
TURN = 32  # requests that go out before answers are looked for
REFUSALS = (b"503", b"429")
SHARES = {"p50": 0.5, "p99": 0.99, "p999": 0.999}
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
RETRY = re.compile(rb"\r\nretry-after: *\d", re.IGNORECASE)
ANSWER = re.compile(rb'"label": *"([^"]*)", *"probability": *([0-9.eE+-]+)')


@dataclass(frozen=True)
class Question:
    """A request, head and body, and what is right for it."""

    data: bytes
    label: bytes
    probability: float

    def is_answered(self, came: bytes) -> bool:
        """Whether this is the right answer."""
        told = ANSWER.search(came)
        if told is None or told[1] != self.label:
            return False
        return abs(float(told[2]) - self.probability) < NEAR


@dataclass(eq=False)
class Line:
    """A connection. `due` is when what it asks was to go out, 0 where it asks nothing."""

    socket: socket.socket
    question: Question
    due: float = 0.0
    rest: bytes | memoryview = b""  # of the request
    came: bytes = b""
    whole: int = 0  # bytes of the answer, once its head is here
    connecting: bool = True


@dataclass
class Tally:
    """What became of the requests. A failed or wrong one took for ever."""

    seconds: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    right: int = 0
    wrong: int = 0
    without_retry: int = 0
    failed: dict[str, int] = field(default_factory=dict)

    def fail(self, why: str) -> None:
        """An error."""
        self.failed[why] = self.failed.get(why, 0) + 1
        self.seconds.append(math.inf)

    def answer(self, question: Question, status: bytes, came: bytes, seconds: float) -> None:
        """Something was answered."""
        if status in REFUSALS:
            self.refused.append(seconds)
            self.without_retry += RETRY.search(came) is None
        elif status != b"200":
            self.fail(f"status {status.decode('latin-1')}")
        elif question.is_answered(came):
            self.right += 1
            self.seconds.append(seconds)
        else:
            self.wrong += 1
            self.seconds.append(math.inf)


class Load:
    """Asks a port of this machine, once: in an open loop or in a closed one."""

    def __init__(self, port: int, questions: Sequence[Question], seed: int):
        self.address, self.random = ("127.0.0.1", port), np.random.default_rng(seed)
        order = self.random.permutation(len(questions)).tolist()
        self.questions = itertools.cycle([questions[i] for i in order])
        self.epoll = select.epoll()
        self.lines: dict[int, Line] = {}
        self.idle: dict[Line, None] = {}  # the last to be free is the first to ask
        self.asked: deque[tuple[float, Line, float]] = deque()
        self.resting: deque[float] = deque()
        self.tally = Tally()
        self.warm = self.end = 0.0  # what is due between them counts; in a closed loop, asks again
        self.sent = 0.0  # the last time that something was
        self.closed = False

    def open_loop(self, rate: float, seconds: float, warm: float) -> dict[str, Any]:
        """Requests at random times, `rate` a second on average; those of `warm` don't count."""
        gaps = self.random.exponential(1 / rate, math.ceil((seconds + warm) * rate))
        now, used = time.perf_counter(), time.process_time()
        due = (now + np.cumsum(gaps)).tolist()
        self.warm, self.end = min(now + warm, due[-1]), math.inf
        planned = due[-1]
        self._run(due)  # a generator that can't keep up takes longer
        return self._told(max(planned, self.sent) - self.warm, now, used, {"rate": rate})

    def closed_loop(self, connections: int, seconds: float, warm: float) -> dict[str, Any]:
        """`connections` that ask again and again."""
        now, used = time.perf_counter(), time.process_time()
        self.warm, self.end, self.closed = now + warm, now + warm + seconds, True
        self._run([now] * connections)
        return self._told(seconds, now, used, {"connections": connections})

    def _run(self, due: list[float]) -> None:
        """Until all are answered or have failed."""
        due.reverse()
        while due or self.asked or self.resting:
            now = time.perf_counter()
            for _ in range(TURN):
                if not due or due[-1] > now:
                    break
                self._ask(due.pop(), now)
            while self.resting and self.resting[0] <= now:
                self._ask(self.resting.popleft(), now)
            self._give_up(now)
            self._read(self._soonest(due, now))
        for line in list(self.lines.values()):
            self._drop(line)
        self.epoll.close()

    def _soonest(self, due: list[float], now: float) -> float:
        """When there is something to do, even if nothing comes."""
        soonest = due[-1] if due else math.inf
        if self.asked:
            soonest = min(soonest, self.asked[0][0])
        if self.resting:
            soonest = min(soonest, self.resting[0])
        return soonest if soonest < math.inf else now

    def _ask(self, due: float, now: float) -> None:
        question = next(self.questions)
        self.sent = now
        if due >= self.warm:
            self.tally.late.append(now - due)
        if now - due > LIMIT:
            return self._count(due, "not sent")
        line = self.idle.popitem()[0] if self.idle else self._connect(question)
        if line is None:
            self._count(due, "no connection")
            return self._again(now + REST)
        line.question, line.due, line.rest, line.came, line.whole = (
            question,
            due,
            question.data,
            b"",
            0,
        )
        self.asked.append((now + LIMIT, line, due))
        if not line.connecting:
            self._send(line)

    def _connect(self, question: Question) -> Line | None:
        try:
            its = socket.socket()
        except OSError:
            return None
        its.setblocking(False)
        its.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        its.connect_ex(self.address)
        self.lines[its.fileno()] = line = Line(its, question)
        self.epoll.register(its, select.EPOLLOUT)
        return line

    def _send(self, line: Line) -> None:
        try:
            sent = line.socket.send(line.rest)
        except BlockingIOError:
            sent = 0
        except OSError:
            return self._lose(line, "cut off")
        line.rest = memoryview(line.rest)[sent:] if sent < len(line.rest) else b""
        if line.rest:
            self.epoll.modify(line.socket, select.EPOLLIN | select.EPOLLOUT)

    def _read(self, until: float) -> None:
        """Waits till then at most, to the microsecond, and takes what has come."""
        wait = until - time.perf_counter()
        if wait > 0 and not select.select([self.epoll.fileno()], (), (), wait)[0]:
            return
        for number, events in self.epoll.poll(0):
            line = self.lines.get(number)  # one that came before it may have ended it
            if line is None:
                continue
            if line.connecting:
                self._connected(line)
                continue
            if events & ~select.EPOLLOUT:
                self._take(line)
            if events & select.EPOLLOUT and line.rest:
                self.epoll.modify(number, select.EPOLLIN)
                self._send(line)

    def _connected(self, line: Line) -> None:
        line.connecting = False
        if line.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            return self._lose(line, "no connection")
        self.epoll.modify(line.socket, select.EPOLLIN)
        self._send(line)

    def _take(self, line: Line) -> None:
        try:
            data = line.socket.recv(1 << 14)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data or not line.due:
            return self._lose(line, "cut off")
        line.came += data
        if not line.whole:
            head = line.came.find(b"\r\n\r\n")
            if head < 0:
                return
            told = LENGTH.search(line.came, 0, head + 2)
            line.whole = head + 4 + (int(told[1]) if told else 0)
        if len(line.came) >= line.whole:
            self._answered(line)

    def _answered(self, line: Line) -> None:
        now, came, status = time.perf_counter(), line.came, line.came[9:12]
        if line.due >= self.warm:
            self.tally.answer(line.question, status, came, now - line.due)
        line.due = 0.0
        if line.rest or CLOSES.search(came):
            self._drop(line)
        else:
            self.idle[line] = None
        self._again(now + REST if status in REFUSALS else now)

    def _again(self, when: float) -> None:
        """In a closed loop, who is answered asks again."""
        now = time.perf_counter()
        if not self.closed or now >= self.end:
            return
        if when > now:
            self.resting.append(when)
        else:
            self._ask(now, now)

    def _lose(self, line: Line, why: str) -> None:
        """The connection is of no use any more: its own end, or ours. An idle one may end."""
        due = line.due
        self._drop(line)
        if due:
            self._count(due, why)
            self._again(time.perf_counter() + REST)

    def _count(self, due: float, why: str) -> None:
        if due >= self.warm:
            self.tally.fail(why)

    def _give_up(self, now: float) -> None:
        while self.asked:
            limit, line, due = self.asked[0]
            waits = line.due == due
            if waits and limit > now:
                return
            self.asked.popleft()
            if waits:
                self._lose(line, "too late")

    def _drop(self, line: Line) -> None:
        line.due, line.rest = 0.0, b""
        self.idle.pop(line, None)
        del self.lines[line.socket.fileno()]
        line.socket.close()

    def _told(
        self, seconds: float, began: float, used: float, how: dict[str, float]
    ) -> dict[str, Any]:
        cpu = (time.process_time() - used) / (time.perf_counter() - began)
        tally = self.tally
        return {
            **how,
            "seconds": seconds,
            "n": len(tally.seconds) + len(tally.refused),
            "goodput": tally.right / seconds,
            **{f"{name}_ms": in_ms(tally.seconds, share) for name, share in SHARES.items()},
            "wrong": tally.wrong,
            "failed": tally.failed,
            "refused": len(tally.refused),
            "refused_p99_ms": in_ms(tally.refused, 0.99),
            "refused_without_retry_after": tally.without_retry,
            "late_p99_ms": in_ms(tally.late, 0.99),
            "late_most_ms": in_ms(tally.late, 1.0),
            "generator_cpu": cpu,
        }


def in_ms(seconds: Sequence[float], share: float) -> float | None:
    """The least that `share` of them don't exceed; None where it is none, or for ever.

    >>> in_ms([0.003, 0.001, 0.002], 0.5), in_ms([0.001, math.inf], 0.99), in_ms([], 0.5)
    (2.0, None, None)
    """
    if not seconds:
        return None
    found = sorted(seconds)[max(0, math.ceil(share * len(seconds)) - 1)]
    return None if math.isinf(found) else 1000 * found


def write_questions(
    folder: Path, pictures: np.ndarray, labels: Sequence[str], probabilities: Sequence[float]
) -> None:
    """Pictures, uint8 [n, height, width, channels], and what is right for each."""
    np.save(folder / "pictures.npy", pictures)
    told = {"labels": list(labels), "probabilities": [float(one) for one in probabilities]}
    (folder / "answers.json").write_text(json.dumps(told))


def read_questions(folder: Path, port: int) -> list[Question]:
    """As requests: raw pixels to POST /predict."""
    pictures = np.load(folder / "pictures.npy")
    told = json.loads((folder / "answers.json").read_text())
    return list(_questions(pictures, told["labels"], told["probabilities"], port))


def _questions(
    pictures: np.ndarray, labels: Sequence[str], probabilities: Sequence[float], port: int
) -> Iterator[Question]:
    for picture, label, probability in zip(pictures, labels, probabilities, strict=True):
        head = (
            f"POST /predict HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n"
            f"content-type: application/octet-stream\r\ncontent-length: {picture.nbytes}\r\n\r\n"
        )
        yield Question(head.encode() + picture.tobytes(), label.encode(), probability)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("port", type=int)
    parser.add_argument("pictures", type=Path)
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--rate", type=float)
    how.add_argument("--connections", type=int)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--warm", type=float, default=0.5, help="seconds before that don't count")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with suppress(PermissionError):  # first in turn: a late generator would be measured itself
        os.nice(-10)
    load = Load(options.port, read_questions(options.pictures, options.port), options.seed)
    if options.rate:
        told = load.open_loop(options.rate, options.seconds, options.warm)
    else:
        told = load.closed_loop(options.connections, options.seconds, options.warm)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
