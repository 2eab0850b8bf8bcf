"""Nobody is waited for without end: not for a header, a body, or somebody to take the answer."""

import contextlib
import select
import socket
import time
from pathlib import Path

import pytest

from saccade.serve.limits import Limits

# A second each, so that a test need not take ten.
LIMITS = Limits(
    first_seconds=4.0,
    head_seconds=1.0,
    body_seconds=1.0,
    body_rate=100,
    request_seconds=3.0,
    keep_alive_seconds=1.0,
    connections=40,
)
RAW = "Content-Type: application/octet-stream"
needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no /proc")


@pytest.fixture(scope="module")
def strict(work):
    return work(LIMITS)


def dripped(address, head, drop, every, least=0):
    """(the answer, seconds until it came): a drop each `every` seconds until there is one."""
    began = time.monotonic()
    with address.connect() as connection:
        connection.sendall(head)
        sent = 0
        while not select.select([connection], [], [], every)[0]:
            with contextlib.suppress(OSError):
                connection.sendall(drop)
            sent += 1
            assert time.monotonic() - began < 30
        seconds = time.monotonic() - began
        answer = b""
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(1 << 16):
                answer += part
    assert sent >= least
    return answer, seconds


def answered(connection):
    """One answer, on a connection that stays."""
    told = b""
    while b"}" not in told:
        told += connection.recv(1 << 16)
    return told


@pytest.mark.parametrize(
    "head", [b"", b"G", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "], ids=["nothing", "G", "a line"]
)
def test_a_header_that_does_not_come_ends_it(strict, parsed, head):
    for drop, every in ((b"", 20.0), (b"x", 0.1)):
        if drop and len(head) < 2:
            continue  # it would be no HTTP
        answer, seconds = dripped(strict, head, drop, every)
        status, headers, told = parsed(answer)
        assert (status, told["code"], headers["connection"]) == (408, "too_slow", "close")
        least, most = (0.9, 3.5) if head else (3.9, 10)
        assert least < seconds < most


def test_a_second_request_has_no_more_time(strict, parsed):
    fine = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with strict.connect() as connection:
        connection.sendall(fine)
        assert answered(connection).startswith(b"HTTP/1.1 200 ")
        connection.sendall(fine[:20])
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("length", ["Content-Length: 6400", "Transfer-Encoding: chunked"])
def test_a_body_that_does_not_come_ends_it(strict, parsed, post, length):
    head = post("/predict", b"", RAW, length)
    # 20 bytes a second are too few, even though some come all the time.
    drop = b"1\r\nx\r\n" if "chunked" in length else b"xx"
    for piece, every in ((b"", 20.0), (drop, 0.1)):
        answer, seconds = dripped(strict, head, piece, every)
        assert (parsed(answer)[0], parsed(answer)[2]["code"]) == (408, "too_slow")
        assert 0.9 < seconds < 10


def test_a_body_that_comes_steadily_is_waited_for(strict, parsed, post):
    """At 320 bytes a second, where 100 are enough: 2 s, longer than it may take at once."""
    head = post("/predict", b"", RAW, "Content-Length: 640")
    answer, seconds = dripped(strict, head, bytes(32), 0.1, least=19)
    assert (parsed(answer)[0], seconds > LIMITS.body_seconds) == (200, True)


def test_but_not_longer_than_a_request_may_take(strict, parsed, post):
    head = post("/predict", b"", RAW, "Content-Length: 64000")
    answer, seconds = dripped(strict, head, bytes(100), 0.1)
    assert (parsed(answer)[0], 2.9 < seconds < 12) == (408, True)


def test_who_has_nothing_more_to_say_is_let_go(strict):
    for data in (
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        # Answered before its body was there, which came later.
        b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n",
    ):
        began = time.monotonic()
        with strict.connect() as connection:
            connection.sendall(data)
            assert answered(connection)[9:12] in (b"200", b"404")
            if b"POST" in data:
                connection.sendall(bytes(200_000))
            with contextlib.suppress(ConnectionError):
                assert connection.recv(1 << 16) == b""
        assert time.monotonic() - began < 15


@needs_proc
def test_who_does_not_read_is_cut_off(strict, until, post):
    """Three answers of two megabytes each, to somebody who takes none of it."""
    strict.client.get("/healthz")
    before = strict.open_files()
    ask = post("/predict", bytes(64 * 4096), RAW).replace(b"Connection: close\r\n", b"")
    greedy = [strict.connect() for _ in range(3)]
    for one in greedy:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.settimeout(2)
        with contextlib.suppress(OSError):
            for _ in range(3):
                one.sendall(ask)
    until(lambda: strict.client.get("/healthz").status_code == 200 and strict.open_files() > before)
    until(lambda: strict.open_files() <= before)
    for one in greedy:
        one.close()


@needs_proc
def test_many_slow_ones_leave_nothing_behind_and_hinder_nobody(strict, until):
    strict.client.get("/healthz")
    before = strict.open_files()
    slow = [strict.connect() for _ in range(30)]
    for one in slow:
        one.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n")
    assert strict.client.get("/healthz").status_code == 200
    until(lambda: strict.open_files() <= before)
    for one in slow:
        one.close()


def test_over_the_most_connections_one_is_told_to_come_again(strict, parsed, until):
    crowd = [strict.connect() for _ in range(LIMITS.connections + 5)]
    answers = []
    for one in crowd:  # the others hear, later, that they were slow
        with one:
            answers.append(parsed(one.recv(1 << 16)))
    refused = [told for told in answers if told[0] == 503]
    assert 5 <= len(refused) <= 7  # with the test's own
    assert {status for status, *_ in answers} == {408, 503}
    for _, headers, told in refused:
        assert (told["code"], headers["retry-after"]) == ("busy", "5")

    def let_in():
        return strict.raw(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")[9:12] == b"200"

    until(let_in)
