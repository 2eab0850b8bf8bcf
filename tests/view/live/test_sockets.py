"""Browsers are told what is new as it comes, each all of it, and none can do harm."""

import json
import shutil
from contextlib import ExitStack

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from saccade.view.live import server, sockets


def heard(socket, steps: int) -> list[int]:
    """Listens until this step has come; the steps in the order they came."""
    found: list[int] = []
    while not found or found[-1] < steps:
        told = json.loads(socket.recv(timeout=20))
        if told["restart"]:
            found = []
        found += told["train"]["step"]
    return found


def test_what_comes_is_told_once(site, trainer, holding):
    with holding(trainer.path), site.socket(site.id("first")) as socket:
        assert heard(socket, 100) == list(range(1, 101))
        for _ in range(3):
            before = trainer.step
            trainer.train()
            assert heard(socket, trainer.step) == list(range(before + 1, before + 11))


def test_a_browser_that_comes_back_is_told_what_it_missed(site, trainer, holding):
    with holding(trainer.path):
        run = site.id("first")
        with site.socket(run) as socket:
            offset = json.loads(socket.recv(timeout=20))["offset"]
        trainer.train(2)
        with site.socket(run, after=offset) as socket:
            assert heard(socket, 120) == list(range(101, 121))


def test_many_browsers_share_one_follower(site, trainer, holding, monkeypatch):
    looks = []
    look = sockets.Follower.look
    monkeypatch.setattr(sockets.Follower, "look", lambda f: looks.append(f) or look(f))
    with holding(trainer.path), ExitStack() as open_ones:
        run = site.id("first")
        browsers = [open_ones.enter_context(site.socket(run)) for _ in range(10)]
        for browser in browsers:
            assert heard(browser, 100)[-1] == 100
        before = len(looks)
        trainer.train()
        for browser in browsers:
            assert heard(browser, 110) == list(range(101, 111))
        assert len(set(looks)) == 1
        assert len(looks) - before < 20


def test_a_cut_back_log_is_told_from_the_start(site, trainer, holding):
    log = trainer.path / "events.jsonl"
    kept = log.read_bytes()
    with holding(trainer.path), site.socket(site.id("first")) as socket:
        heard(socket, 100)
        trainer.train(5)
        heard(socket, 150)
        log.write_bytes(kept)
        told = json.loads(socket.recv(timeout=20))
        assert told["restart"]
        assert told["train"]["step"] == list(range(1, 101))


def test_a_run_that_is_deleted_is_gone_and_the_others_go_on(site, trainer, runs, holding):
    other = type(trainer)(runs / "second").begin()
    with holding(other.path), site.socket(site.id("second")) as second:
        with site.socket(site.id("first")) as first:
            heard(first, 100)
            shutil.rmtree(trainer.path)
            while "gone" not in (told := json.loads(first.recv(timeout=20))):
                assert told["version"] == 1
            assert told == {"gone": True}
            with pytest.raises(ConnectionClosed) as closed:
                first.recv(timeout=20)
            assert closed.value.rcvd.code == 1000
        other.train()
        assert heard(second, 10)[-1] == 10


def test_the_state_is_told_when_the_trainer_dies(site, trainer, holding):
    with ExitStack() as open_ones:
        with holding(trainer.path):
            socket = open_ones.enter_context(site.socket(site.id("first")))
            assert json.loads(socket.recv(timeout=20))["state"] == "running"
        assert json.loads(socket.recv(timeout=20))["state"] == "died"


def test_nothing_is_kept_of_browsers_that_went(site, trainer, holding, until):
    with holding(trainer.path):
        run = site.id("first")
        for _ in range(5):
            with site.socket(run) as socket:
                socket.recv(timeout=20)
        until(lambda: site.live.sockets == 0 and not site.live.feeds)


@pytest.mark.parametrize("query", ["run=nope", "run=", "run=..%2Ffirst"])
def test_no_run_no_socket(site, trainer, query):
    with pytest.raises(InvalidStatus) as refused, site.socket(query.removeprefix("run=")):
        pass
    assert refused.value.response.status_code == 404


def test_a_bad_offset_is_refused(site, trainer):
    with pytest.raises(InvalidStatus) as refused, site.socket(site.id("first"), after=-1):
        pass
    assert refused.value.response.status_code == 400


def test_more_than_two_hundred_are_too_many(site, trainer, monkeypatch):
    assert server.MOST_SOCKETS == 200
    monkeypatch.setattr(server, "MOST_SOCKETS", 3)
    run = site.id("first")
    with ExitStack() as open_ones:
        browsers = [open_ones.enter_context(site.socket(run)) for _ in range(3)]
        with pytest.raises(InvalidStatus) as refused, site.socket(run):
            pass
        assert refused.value.response.status_code == 503
        for browser in browsers:
            assert json.loads(browser.recv(timeout=20))["step"] == 100


def end_of(socket) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            socket.recv(timeout=20)
    return closed.value.rcvd.code


def test_who_talks_too_long_is_left(site, trainer):
    with site.socket(site.id("first")) as socket:
        socket.send("x" * 60_000)
        assert json.loads(socket.recv(timeout=20))["step"] == 100
        socket.send("x" * 70_000)
        assert end_of(socket) == 1009


def test_who_talks_too_often_is_left(site, trainer):
    with site.socket(site.id("first")) as socket:
        for _ in range(101):
            socket.send("x")
        assert end_of(socket) == 1008
