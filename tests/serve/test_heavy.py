"""What takes minutes: 100 replacements, 1,000 slow connections, 10,000 idle ones."""

import resource
import select
import signal
import threading
import time
from pathlib import Path

import httpx
import pytest

from saccade.serve.limits import Limits

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no /proc"),
]
RAW = {"content-type": "application/octet-stream"}


def asked(address, pixels, over, found):
    """One request after the other until it is over; (status, seconds) of each."""
    with httpx.Client(base_url=f"http://127.0.0.1:{address.port}", timeout=60) as client:
        while not over.is_set():
            began = time.perf_counter()
            try:
                status = client.post("/predict", content=pixels.tobytes(), headers=RAW).status_code
            except httpx.HTTPError as error:
                status = repr(error)
            found.append((status, time.perf_counter() - began))


def test_a_hundred_replacements_lose_nothing(serve_once, bundle, digits, until):
    served = serve_once(bundle)
    count = len(served.workers())
    over, found = threading.Event(), []
    clients = [
        threading.Thread(target=asked, args=(served, digits[0], over, found)) for _ in range(4)
    ]
    for one in clients:
        one.start()
    for turn in range(1, 101):
        served.process.send_signal(signal.SIGHUP)
        until(lambda turn=turn: sum("replaced: process" in line for line in served.said) >= turn)
    over.set()
    for one in clients:
        one.join()
    assert {status for status, _ in found} == {200}
    until(lambda: len(served.workers()) == count)
    print(f"{len(found)} requests")  # with -s


def percentile(found, share):
    return sorted(seconds for _, seconds in found)[int(share * (len(found) - 1))]


def measured(address, pixels, count=2000):
    found = []

    class Enough:
        def is_set(self):
            return len(found) >= count

    asked(address, pixels, Enough(), found)
    assert {status for status, _ in found} == {200}
    return percentile(found, 0.99)


@pytest.fixture
def many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_thousand_slow_ones_hinder_nobody(work, digits, many_files, until):
    limits = Limits(head_seconds=20.0, body_seconds=20.0, request_seconds=40.0)
    address = work(limits)
    alone = measured(address, digits[0])
    files = address.open_files()
    head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 640000\r\n\r\n"
    slow = [address.connect() for _ in range(1000)]
    for i, one in enumerate(slow):
        one.sendall(head if i % 2 else head[:30])
    over = threading.Event()

    def drip():
        while not over.wait(0.1):
            for one in slow:
                try:
                    one.send(b"x")
                except OSError:
                    pass

    dripping = threading.Thread(target=drip)
    dripping.start()
    with_them = measured(address, digits[0])
    over.set()
    dripping.join()
    print(f"p99 {1000 * alone:.2f} ms alone, {1000 * with_them:.2f} ms beside them")
    until(lambda: address.open_files() <= files)  # all of them were ended
    for one in slow:
        one.close()
    assert with_them < 10 * alone + 0.05  # 2x on a machine where nobody else is at work


def memory(process):
    text = Path(f"/proc/{process}/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0]) << 10


def test_ten_thousand_idle_ones_hinder_nobody(work, digits, many_files, until):
    count = min(10_000, many_files - 500)
    address = work(Limits(first_seconds=120.0))
    alone, before = measured(address, digits[0]), memory(address.process.pid)
    files = address.open_files()
    idle = [address.connect() for _ in range(count)]
    until(lambda: address.open_files() >= files + count)
    with_them, after = measured(address, digits[0]), memory(address.process.pid)
    print(
        f"{count} idle: p99 {1000 * alone:.2f} ms alone, {1000 * with_them:.2f} ms beside them, "
        f"{(after - before) / 2**20:.0f} MB more"
    )
    assert after - before < 200 << 20
    assert with_them < 10 * alone + 0.05
    assert not select.select(idle[:500], [], [], 0)[0]  # nobody was sent away
    for one in idle:
        one.close()
    until(lambda: address.open_files() <= files)
