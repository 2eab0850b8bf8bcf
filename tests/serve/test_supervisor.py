"""Workers are replaced and ended without losing a request, and come back when they die."""

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import numpy as np
import pytest

from saccade.bundle.threads import processors

needs_proc = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc")
RAW = {"content-type": "application/octet-stream"}


class Load:
    """Clients that ask one request after the other, until they are told to stop."""

    def __init__(self, address, pixels, clients=4):
        self.address, self.pixels = address, pixels
        self.over = threading.Event()
        self.answers: list[tuple[int, object]] = []
        self.threads = [threading.Thread(target=self._ask, args=(i,)) for i in range(clients)]
        for one in self.threads:
            one.start()

    def _ask(self, first):
        base = f"http://127.0.0.1:{self.address.port}"
        with httpx.Client(base_url=base, timeout=60) as client:
            count = first
            while not self.over.is_set():
                which = count % len(self.pixels)
                count += 1
                try:
                    body = self.pixels[which].tobytes()
                    told = client.post("/predict", content=body, headers=RAW)
                    self.answers.append((which, told.json().get("label", told.text)))
                except Exception as error:
                    self.answers.append((which, error))

    def end(self, labels):
        """What went wrong."""
        self.over.set()
        for one in self.threads:
            one.join(60)
        return [answer for which, answer in self.answers if answer != labels[which]]


@pytest.fixture
def serve_once(serving):
    """Each test's servers end with it."""
    with serving() as start:
        yield start


@pytest.fixture
def own(bundle, tmp_path):
    """A bundle that may be damaged."""
    return Path(shutil.copytree(bundle, tmp_path / "own"))


def labels_of(opened, digits):
    return [opened.classes[k] for k in opened.answer(digits)[0].argmax(1)]


def replaced(served, times, word="replaced: process"):
    return lambda: sum(word in line for line in served.said) >= times


def test_replacements_under_load_lose_nothing(serve_once, bundle, opened, digits, until):
    served = serve_once(bundle)
    load = Load(served, digits[:50])
    for turn in range(1, 5):
        before = len(load.answers)
        served.process.send_signal(signal.SIGHUP)
        until(replaced(served, turn))
        until(lambda before=before: len(load.answers) > before + 100)
    assert load.end(labels_of(opened, digits[:50])) == []
    assert len(load.answers) > 400


@needs_proc
def test_of_replaced_workers_none_stays(serve_once, bundle, until):
    served = serve_once(bundle)
    first = set(served.workers())
    for _ in range(3):
        served.process.send_signal(signal.SIGHUP)  # however often: one after the other
    until(replaced(served, 1))
    until(lambda: len(served.workers()) == len(first) and not first & set(served.workers()))
    assert served.client.get("/readyz").status_code == 200


def test_a_broken_bundle_replaces_nothing_and_a_mended_one_does(
    serve_once, own, opened, digits, until
):
    served = serve_once(own)
    before = served.client.get("/info").json()
    network = (own / "model.onnx").read_bytes()
    load = Load(served, digits[:50])
    (own / "model.onnx").write_bytes(network[: len(network) // 2])
    served.process.send_signal(signal.SIGHUP)
    until(replaced(served, 1, "not replaced, the old one goes on"))
    shutil.move(own, own.with_name("away"))
    served.process.send_signal(signal.SIGHUP)
    until(replaced(served, 2, "not replaced, the old one goes on"))
    assert served.client.get("/readyz").status_code == 200
    assert served.client.get("/info").json() == before
    shutil.move(own.with_name("away"), own)
    (own / "model.onnx").write_bytes(network)
    served.process.send_signal(signal.SIGHUP)
    until(replaced(served, 1))
    assert load.end(labels_of(opened, digits[:50])) == []


def test_what_is_served_afterwards_is_the_new_bundle(
    serve_once, own, finished_run, tmp_path, until
):
    import saccade
    from saccade.export.bundle import export_bundle

    served = serve_once(own)
    before = served.client.get("/info").json()["sha256"]
    run = saccade.create_run(tmp_path / "longer")
    recipe = saccade.recipe("softmax", steps=40)
    for _ in saccade.record(saccade.fit("softmax", saccade.load("digits"), recipe), run):
        pass
    new = export_bundle(saccade.run.directory.Run(run.path), tmp_path / "new").path
    shutil.rmtree(own)
    shutil.move(new, own)
    served.process.send_signal(signal.SIGHUP)
    until(replaced(served, 1))
    until(lambda: served.client.get("/info").json()["sha256"] != before)


@needs_proc
def test_a_worker_that_dies_comes_back(serve_once, bundle, until):
    served = serve_once(bundle)
    for _ in range(2):
        worker, *others = served.workers()
        os.kill(worker, signal.SIGKILL)
        until(lambda before={worker, *others}: len(set(served.workers()) - before) == 1)
        assert set(others) < set(served.workers()), "they had nothing to do with it"
        # Who connects meanwhile waits, and is answered by the next one.
        with httpx.Client(base_url=f"http://127.0.0.1:{served.port}", timeout=60) as client:
            assert client.get("/readyz").status_code == 200
    assert sum("ended with -9" in line for line in served.said) == 2


@needs_proc
def test_a_bundle_that_broke_meanwhile_is_tried_again(serve_once, own, until):
    served = serve_once(own)
    network = (own / "model.onnx").read_bytes()
    (own / "model.onnx").write_bytes(network[:100])
    for worker in served.workers():
        os.kill(worker, signal.SIGKILL)
    until(replaced(served, 1, "it can't be started again"))
    (own / "model.onnx").write_bytes(network)
    with httpx.Client(base_url=f"http://127.0.0.1:{served.port}", timeout=60) as client:
        assert client.get("/readyz").status_code == 200
    assert served.end(signal.SIGTERM) == 0


@needs_proc
def test_a_worker_whose_supervisor_was_killed_ends_too(serve_once, bundle, until):
    served = serve_once(bundle)
    workers = served.workers()
    served.process.kill()
    until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
    with pytest.raises(OSError):
        served.connect().close()


def test_sigterm_says_so_answers_what_is_under_way_and_ends(
    serve_once, bundle, slow_picture, post, parsed, rest_of, until
):
    served = serve_once(bundle)
    slow, half = served.connect(), served.connect()
    slow.sendall(post("/predict", slow_picture))  # two seconds of decoding
    body = post("/predict", bytes(64), "Content-Type: application/octet-stream")
    half.sendall(body[:-32])
    began = time.monotonic()
    served.process.send_signal(signal.SIGTERM)
    until(lambda: served.client.get("/readyz").status_code == 503)
    assert served.client.get("/healthz").status_code == 200
    # Whoever has not heard of it yet is answered.
    raw = served.client.post("/predict", content=bytes(64), headers=RAW)
    assert raw.status_code == 200
    half.sendall(body[-32:])
    with slow, half:
        assert parsed(rest_of(half))[0] == 200
        status, _, told = parsed(rest_of(slow))
        assert (status, told["code"]) == (422, "time_limit")
    assert served.process.wait(30) == 0
    assert time.monotonic() - began < 20
    with pytest.raises(OSError):
        served.connect().close()


def test_a_second_sigterm_does_not_wait(serve_once, bundle, until):
    served = serve_once(bundle)
    served.process.send_signal(signal.SIGTERM)
    until(lambda: served.client.get("/readyz").status_code == 503)
    served.client.close()
    began = time.monotonic()
    assert served.end(signal.SIGTERM) == 0
    assert time.monotonic() - began < 2.9 + 5


def test_ctrl_c_ends_it_at_once_and_leaves_nothing(serve_once, bundle):
    served = serve_once(bundle)
    served.client.get("/healthz")
    assert served.end(signal.SIGINT) == 0
    assert not any("Traceback" in line or "ERROR" in line for line in served.said), served.said


def test_a_bundle_that_is_broken_is_not_served(own, serve_once):
    (own / "model.onnx").write_bytes(b"\x08\x07")
    with pytest.raises(AssertionError, match=r"model\.onnx") as caught:
        serve_once(own)
    assert "Traceback" not in str(caught.value)


def test_its_port_is_free_afterwards(serve_once, bundle):
    served = serve_once(bundle)
    served.end()
    with socket.create_server(("127.0.0.1", served.port)):
        pass


def test_where_it_is_started_changes_nothing(serve_once, own, digits, png):
    """A person's own queue.py or json.py lies in many a folder."""
    for name in ("json", "queue", "uvicorn", "PIL", "saccade"):
        (own.parent / f"{name}.py").write_text("raise SystemExit('not this one')")
    served = serve_once(own)
    assert served.client.get("/readyz").status_code == 200
    assert served.client.post("/predict", content=png(digits[0])).status_code == 200


def test_a_run_is_exported_first_and_again(
    serve_once, finished_run, opened, digits, tmp_path, until
):
    run = Path(shutil.copytree(finished_run.path, tmp_path / "my run"))
    served = serve_once(run)
    told = served.client.post("/predict", content=digits[0].tobytes(), headers=RAW).json()
    assert told["label"] == labels_of(opened, digits[:1])[0]
    assert told["model"] == "my-run"
    assert not (run / "export").exists()  # it is the server's own
    before = served.client.get("/info").json()["sha256"]
    shutil.move(run, run.with_name("away"))
    served.process.send_signal(signal.SIGHUP)
    until(replaced(served, 1, "not replaced, the old one goes on"))
    assert served.client.get("/readyz").status_code == 200
    shutil.move(run.with_name("away"), run)
    command = [sys.executable, "-P", "-m", "saccade", "calibrate", run]
    subprocess.run(command, check=True, capture_output=True)  # its bundle is another now
    served.process.send_signal(signal.SIGHUP)
    until(replaced(served, 1))
    until(lambda: served.client.get("/info").json()["sha256"] != before)


def test_what_a_worker_is_told_survives_the_way(settings):
    assert type(settings).from_json(settings.to_json()) == settings
    assert json.loads(settings.to_json())["limits"]["depth"] == 32
    assert np.isfinite(settings.limits.wait_seconds)


def sockets_of(process):
    """How many open files it has."""
    return len(os.listdir(f"/proc/{process}/fd"))


@needs_proc
@pytest.mark.skipif(processors() < 2, reason="one processor has one worker")
def test_connections_that_come_at_once_are_dealt_out(serve_once, bundle, until):
    served = serve_once(bundle)
    before = {worker: sockets_of(worker) for worker in served.workers()}
    crowd = [served.connect() for _ in range(60)]
    until(lambda: sum(sockets_of(one) - before[one] for one in before) >= len(crowd))
    dealt = [sockets_of(worker) - count for worker, count in before.items()]
    for one in crowd:
        one.close()
    assert min(dealt) >= 6, dealt


def test_an_answer_comes_in_one_piece(serve_once, bundle, digits, png):
    """Head and body are one system call: what is read first has both."""
    served, body = serve_once(bundle), png(digits[0])
    head = f"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    with served.connect() as connection:
        for _ in range(200):
            connection.sendall(head.encode() + body)
            first = connection.recv(1 << 16)
            assert b'"label"' in first.partition(b"\r\n\r\n")[2]


def test_no_other_bundle_than_that_of_a_sum_is_served(serve_once, own, until):
    manifest = own / "manifest.json"
    sha256 = hashlib.sha256(manifest.read_bytes()).hexdigest()
    served = serve_once(own, "--sha256", sha256.upper())
    manifest.write_bytes(manifest.read_bytes() + b"\n")  # as right as before, but another
    served.process.send_signal(signal.SIGHUP)
    until(replaced(served, 1, "not replaced, the old one goes on"))
    assert served.client.get("/readyz").status_code == 200
    with pytest.raises(AssertionError, match="expected " + sha256):
        serve_once(own, "--sha256", sha256)
    serve_once(own)
