"""Every address answers what docs/reference/live.md says, and refuses the rest in words."""

import json
import math
import os
import shutil
import time
from contextlib import suppress

import httpx
import numpy as np
import pytest

from saccade.run.pack import from_pack
from saccade.view.live import server

HOSTILE = (
    "<script>alert(1)</script>",
    "\"&' onload='x",
    "été 猫 שלום",
    "\u202egnp.exe",
    "line\nbreak\x1b[31m",
)


def refused(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    words = answer.json()
    assert set(words) == {"error"}
    assert words["error"]
    return words["error"]


# --- what is told ---


def test_the_list_is_newest_first_and_tells_what_is_known(site, trainer, runs, holding):
    later = type(trainer)(runs / "second").begin()
    os.utime(trainer.path / "run.json", (1e9, 1e9))
    with holding(trainer.path):
        told = site.json("/api/runs")
    assert (told["version"], told["read_only"]) == (1, False)
    second, first = told["runs"]
    assert (second["name"], second["state"]) == ("second", "died")
    assert second["watched_accuracy"] is second["test_accuracy"] is None
    assert second["step"] == 0
    identity = first.pop("id")
    assert first == {
        "name": "first",
        "state": "running",
        "data": "digits",
        "model": "conv",
        "parameters": 1234,
        "step": 100,
        "total_steps": 1000,
        "created": "2026-11-21T10:00:00+00:00",
        "watched_accuracy": 0.75,
        "test_accuracy": None,
    }
    trainer.train()
    trainer.finish()
    again = next(run for run in site.json("/api/runs")["runs"] if run["id"] == identity)
    assert (again["state"], again["step"], again["test_accuracy"]) == ("finished", 110, 0.9)
    shutil.rmtree(later.path)
    assert [run["name"] for run in site.json("/api/runs")["runs"]] == ["first"]


def test_a_run_is_told_with_its_record(site, trainer):
    run = site.id("first")
    told = site.json(f"/api/runs/{run}")
    assert told["facts"]["data"] == {"name": "digits", "classes": ["0", "1"]}
    assert told["classes"] == ["0", "1"]
    assert (told["id"], told["name"], told["state"]) == (run, "first", "died")
    assert (told["metrics"], told["snapshots"]) == (None, [])
    assert told["images"] is told["confusion"] is told["read_only"] is False
    trainer.images()
    trainer.snapshot()
    trainer.finish()
    (trainer.path / "eval" / "confusion.csv").write_text("x")
    told = site.json(f"/api/runs/{run}")
    assert told["metrics"]["test"]["accuracy"] == 0.9
    assert told["snapshots"] == [100]
    assert told["images"] is told["confusion"] is True


def test_curves_go_on_from_an_offset(site, trainer):
    run = site.id("first")
    first = site.json(f"/api/runs/{run}/curves")
    assert first["train"]["step"] == list(range(1, 101))
    trainer.train()
    second = site.json(f"/api/runs/{run}/curves?after={first['offset']}")
    assert second["train"]["step"] == list(range(101, 111))
    assert site.json(f"/api/runs/{run}/curves?after=999999999999999")["restart"]


def test_pictures_and_snapshots_come_as_packs(site, trainer):
    images = trainer.images()
    trainer.snapshot(100)
    run = site.id("first")
    answer = site.get(f"/api/runs/{run}/images")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.content == images
    answer = site.get(f"/api/runs/{run}/snapshots/100")
    header, arrays = from_pack(answer.content)
    assert header["step"] == 100
    assert arrays["batch_labels"].tolist() == list(range(10))


def test_new_pictures_take_the_place_of_old_ones(site, trainer):
    run = site.id("first")
    first = trainer.images()
    assert site.get(f"/api/runs/{run}/images").content == first
    (trainer.path / "images.bin").write_bytes(b"spoilt")
    refused(site.get(f"/api/runs/{run}/images"), 409)


def test_hostile_names_are_told_and_are_nothing_but_names(site, runs, trainer):
    for number, name in enumerate(HOSTILE):
        made = type(trainer)(runs / name.replace("/", "_"))
        facts = {"data": {"name": name, "classes": list(HOSTILE)}, "model": {"name": name}}
        made.begin(**facts, total_steps=number)
    told = {run["total_steps"]: run for run in site.json("/api/runs")["runs"]}
    for number, name in enumerate(HOSTILE):
        assert (told[number]["data"], told[number]["model"]) == (name, name)
        assert told[number]["id"].isalnum()
        record = site.json(f"/api/runs/{told[number]['id']}")
        assert record["classes"] == list(HOSTILE)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"a": ' + b"[" * 100_000,
        b'{"a": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"a": ' + b"[" * 3000 + b"]" * 3000 + b"}",
        b'{"a": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b'{"data": 3, "model": [], "total_steps": "x", "created": 5}',
        b'{"data": {"name": {}, "classes": 3}, "total_steps": NaN}',
        b'{"total_steps": ' + b"9" * 5000 + b"}",
        b'{"total_steps": 1e999, "recipe": {"x": -Infinity}}',
    ],
)
def test_a_spoilt_record_spoils_no_answer(site, trainer, content):
    other = type(trainer)(trainer.path.parent / "second").begin()
    (trainer.path / "run.json").write_bytes(content)
    (trainer.path / "metrics.csv").write_bytes(content)
    (trainer.path / "eval").mkdir()
    (trainer.path / "eval" / "metrics.json").write_bytes(content)
    told = {run["name"]: run for run in site.json("/api/runs")["runs"]}
    assert told["second"]["data"] == "digits"
    first = told["first"]
    assert first["data"] is first["total_steps"] is first["watched_accuracy"] is None
    assert site.get(f"/api/runs/{first['id']}").status_code in (200, 409)
    assert site.json(f"/api/runs/{first['id']}/curves")["step"] == 100
    assert other.path.is_dir()


# --- what is refused ---


@pytest.mark.parametrize(
    "name",
    ["images.bin", "snapshots/000000001.npz"],
)
@pytest.mark.parametrize("how", ["missing", "empty", "spoilt", "link", "pipe", "huge", "folder"])
def test_a_file_that_is_not_what_it_should_be_is_refused(
    site, trainer, tmp_path, monkeypatch, name, how
):
    secret = tmp_path / "secret"
    secret.write_text("top secret")
    path = trainer.path / name
    path.parent.mkdir(exist_ok=True)
    if how == "empty":
        path.write_bytes(b"")
    elif how == "spoilt":
        path.write_bytes(b"\xff" * 1000)
    elif how == "link":
        path.symlink_to(secret)
    elif how == "pipe":
        os.mkfifo(path)
    elif how == "huge":
        monkeypatch.setattr(server, "MOST_IMAGES", 1000)
        path.write_bytes(bytes(2000))
    elif how == "folder":
        path.mkdir()
    where = "images" if name == "images.bin" else "snapshots/1"
    answer = site.get(f"/api/runs/{site.id('first')}/{where}")
    words = refused(answer, 404 if how == "missing" else 409)
    assert "secret" not in words
    assert str(tmp_path) not in words


@pytest.mark.parametrize(
    "target",
    [
        "/assets/../server.py",
        "/assets/..%2fserver.py",
        "/assets/%2e%2e/server.py",
        "/assets/..%5cserver.py",
        "/assets/%2fetc%2fpasswd",
        "/assets//etc/passwd",
        "/assets/index.js%00.css",
        "/../../../../etc/passwd",
        "/api/runs/..",
        "/api/runs/%2e%2e",
        "/api/runs/..%2ffirst",
        "/api/runs/first",
        "/api/runs/RUN/../../..",
        "/api/runs/RUN/images/../run.json",
        "/api/runs/RUN/run.json",
        "/api/runs/RUN/snapshots/../run.json",
        "/api/runs/RUN/snapshots/..%2frun.json",
        "/api/runs/RUN/snapshots/-1",
        "/api/runs/RUN/snapshots/1e3",
        "/api/runs/RUN/snapshots/%31%30%30.npz",
        "/api/runs/RUN/snapshots/9999999999999999999999",
        "/api/runs/RUN/snapshots/100",
        "/api/runs/RUN/curves?after=-1",
        "/api/runs/RUN/curves?after=1e3",
        "/api/runs/RUN/curves?after=99999999999999999999999",
        "/api/runs/RUN/curves?after=x",
        "/api/runs/RUN/curves?after=%D9%A3",
    ],
)
def test_what_is_no_address_leads_nowhere(site, trainer, target):
    answer = site.raw("GET", target.replace("RUN", site.id("first")), site.key)
    assert answer.status in (400, 404)


def test_a_long_address_is_refused(site):
    with suppress(OSError):  # it may hang up while we still talk
        assert site.raw("GET", "/api/runs/" + "a" * 200_000, site.key).status in (400, 414, 431)
    site.connection.close()
    assert site.raw("GET", "/api/runs", site.key).status == 200


def test_a_run_that_was_deleted_is_missing_and_the_rest_goes_on(site, trainer, runs):
    run = site.id("first")
    site.json(f"/api/runs/{run}/curves")
    other = type(trainer)(runs / "second").begin()
    shutil.rmtree(trainer.path)
    for what in ("", "/curves", "/images", "/snapshots/100"):
        refused(site.get(f"/api/runs/{run}{what}"), 404)
    refused(site.post(f"/api/runs/{run}/control", {"request": "stop"}), 404)
    assert site.json(f"/api/runs/{site.id('second')}/curves")["step"] == 0
    assert other.path.is_dir()
    trainer.step = 0
    trainer.begin()
    trainer.train()
    assert site.id("first") == run
    assert site.json(f"/api/runs/{run}/curves")["step"] == 10


def test_another_method_is_refused_in_words(site, trainer):
    refused(site.post("/api/runs", {}), 405)
    refused(site.get(f"/api/runs/{site.id('first')}/control"), 405)
    refused(site.get("/nowhere"), 404)


def test_reading_changes_nothing_in_a_run(site, trainer):
    trainer.images()
    trainer.snapshot()
    run = site.id("first")

    def state() -> dict[str, tuple[int, int]]:
        return {
            str(path): (path.stat().st_mtime_ns, path.stat().st_size)
            for path in [trainer.path, *trainer.path.rglob("*")]
        }

    before = state()
    for what in ("", "/curves", "/images", "/snapshots/100"):
        assert site.get(f"/api/runs/{run}{what}").status_code == 200
    with site.socket(run) as socket:
        socket.recv(timeout=10)
    assert state() == before


# --- what is asked of the trainer ---


@pytest.mark.parametrize(
    ("request_", "value"),
    [
        ("pause", None),
        ("resume", None),
        ("stop", None),
        ("save", None),
        ("learning_rate", 0.001),
        ("epochs", 3),
    ],
)
def test_a_request_is_left_for_the_trainer(site, trainer, holding, request_, value):
    trainer.takes_requests()
    with holding(trainer.path):
        body = {"request": request_, "value": value}
        answer = site.post(f"/api/runs/{site.id('first')}/control", body)
    assert (answer.status_code, answer.json()) == (202, {"accepted": True})
    (written,) = trainer.requests()
    assert written.pop("time") > 1.7e9
    told = {"request": request_, "value": value, "source": "page", "token": "c0ffee"}
    assert written == {"version": 1, **told}
    assert not list((trainer.path / "control").glob(".*"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"stop"',
        b"\xff",
        b"[" * 50_000,
        {},
        {"request": None},
        {"request": ["stop"]},
        {"request": "explode"},
        {"request": "Stop"},
        {"request": "stop", "value": 1},
        {"request": "stop", "more": 1},
        {"request": "stop", "source": "control"},
        {"request": "learning_rate"},
        {"request": "learning_rate", "value": 0},
        {"request": "learning_rate", "value": -1},
        {"request": "learning_rate", "value": "0.1"},
        {"request": "learning_rate", "value": True},
        {"request": "learning_rate", "value": [0.1]},
        {"request": "learning_rate", "value": math.nan},
        {"request": "learning_rate", "value": math.inf},
        b'{"request": "learning_rate", "value": 1e999}',
        b'{"request": "learning_rate", "value": ' + b"9" * 4000 + b"}",
        {"request": "epochs", "value": -2},
        {"request": "../../x", "value": None},
    ],
)
def test_a_request_that_is_none_is_refused(site, trainer, holding, body):
    trainer.takes_requests()
    with holding(trainer.path):
        refused(site.post(f"/api/runs/{site.id('first')}/control", body), 400)
    assert trainer.requests() == []


def test_a_body_that_is_too_long_is_refused(site, trainer, holding):
    trainer.takes_requests()
    with holding(trainer.path):
        answer = site.post(f"/api/runs/{site.id('first')}/control", b" " * (1 << 20))
    refused(answer, 413)


def test_a_run_that_does_not_run_or_takes_no_requests_says_so(site, trainer, holding):
    where, stop = f"/api/runs/{site.id('first')}/control", {"request": "stop"}
    refused(site.post(where, stop), 409)
    with holding(trainer.path):
        assert str(trainer.path) not in refused(site.post(where, stop), 409)
    assert not (trainer.path / "control").exists()


def test_a_server_that_only_shows_takes_no_requests(open_site, trainer, holding):
    trainer.takes_requests()
    site = open_site(read_only=True)
    run = site.id("first")
    assert site.json("/api/runs")["read_only"] is site.json(f"/api/runs/{run}")["read_only"] is True
    with holding(trainer.path):
        refused(site.post(f"/api/runs/{run}/control", {"request": "stop"}), 403)
    assert trainer.requests() == []


def test_a_hundred_requests_a_minute_are_enough(site, trainer, holding, monkeypatch):
    trainer.takes_requests()
    where = f"/api/runs/{site.id('first')}/control"
    with holding(trainer.path):
        for _ in range(100):
            assert site.post(where, {"request": "save"}).status_code == 202
        answer = site.post(where, {"request": "save"})
        refused(answer, 429)
        assert 0 < int(answer.headers["retry-after"]) <= 60
        assert len(trainer.requests()) == 100
        monkeypatch.setattr(server, "MINUTE", 0.0)
        assert site.post(where, {"request": "save"}).status_code == 202


def test_nobody_answers_yet(site, trainer):
    refused(site.post(f"/api/runs/{site.id('first')}/answer?step=1", bytes(64)), 503)


def test_a_long_run_opens_quickly(site, trainer):
    trainer.train(990, steps=10)
    for step in range(0, 10_000, 20):
        (trainer.path / "snapshots").mkdir(exist_ok=True)
        (trainer.path / "snapshots" / f"{step:09d}.npz").write_bytes(b"x")
    run = site.id("first")
    began = time.monotonic()
    site.json(f"/api/runs/{run}")
    told = site.json(f"/api/runs/{run}/curves")
    assert time.monotonic() - began < 2
    assert (told["step"], len(told["snapshots"])) == (10_000, 500)
    assert len(told["train"]["step"]) <= 4000
    assert np.all(np.diff(told["train"]["step"]) > 0)
    assert json.dumps(told, allow_nan=False)
