"""A widget's conversation, without a browser: questions in, answers and news out."""

import json
import shutil
import sys
import threading

import pytest

from saccade.run.pack import from_pack
from saccade.view.live.answering import Answerer
from saccade.view.live.conversation import ENDED, Conversation
from saccade.view.live.shelf import Shelf

QUIET = 3600.0  # seconds between looks: none but the first
ECHO = (
    "import sys, json\n"
    "for line in sys.stdin: print(json.dumps({'probabilities': [1.0], 'step': 7}), flush=True)"
)


class FrontEnd:
    """Hears what is sent, and asks."""

    def __init__(self, run, pace):
        self.messages = []
        self.threads = set()
        self.answerer = Answerer([sys.executable, "-c", ECHO])
        self.talk = Conversation(run, self.take, self.answerer, pace)
        self.base = f"/api/runs/{self.talk.run_id}"

    def take(self, content, buffers):
        self.threads.add(threading.current_thread().name)
        self.messages.append((content, [bytes(one) for one in buffers]))

    def told(self, part):
        """The answers that came unasked, of an address that begins so."""
        start = self.base + part
        return [
            b[0]
            for c, b in list(self.messages)
            if c.get("address", "-").startswith(start)
            and (part or c["address"] == start)
        ]  # fmt: skip

    def ask(self, until, address, method="GET", body=None):
        id_ = f"q{len(self.messages)}"
        question = {"id": id_, "method": method, "address": address}
        self.talk.hear(question, [memoryview(body)] if body is not None else [])
        return until(
            lambda: [(c["status"], b[0]) for c, b in self.messages
                     if c.get("id") == id_ and "status" in c]
        )[0]  # fmt: skip


@pytest.fixture
def open_talk():
    open_ones = []

    def start(run, pace=QUIET):
        open_ones.append(FrontEnd(run, pace))
        return open_ones[-1]

    yield start
    for one in open_ones:
        one.talk.close()
        one.answerer.end()


def test_every_question_about_its_run_is_answered(open_talk, trainer, until):
    images = trainer.images()
    trainer.snapshot()
    front = open_talk(trainer.path)
    status, about = front.ask(until, front.base)
    assert status == 200 and json.loads(about)["name"] == "first"
    status, curves = front.ask(until, f"{front.base}/curves?after=0")
    assert json.loads(curves)["train"]["step"] == list(range(1, 101))
    assert front.ask(until, f"{front.base}/images") == (200, images)
    _, snapshot = front.ask(until, f"{front.base}/snapshots/100")
    assert from_pack(snapshot)[0]["step"] == 100
    _, bands = front.ask(until, f"{front.base}/bands?after=-1")
    assert from_pack(bands)[1]["steps"].tolist() == [100]
    # The kernel's own thread does none of it.
    assert front.threads == {"saccade-notebook"}


def test_nothing_else_is_answered(open_talk, trainer, runs, until):
    shutil.copytree(trainer.path, runs / "other")
    other = next(id_ for id_, (name, _) in Shelf([runs]).runs().items() if name == "other")
    front = open_talk(trainer.path)
    for address in (
        f"/api/runs/{other}",
        f"/api/runs/{other}/curves?after=0",
        "/api/runs/..%2fother",
        "/api/runs",
        "/",
        "/assets/x.js",
        "/api/live",
        f"{front.base}/../../etc/passwd",
        f"{front.base}/snapshots/../../run.json",
        "no address",
        "",
    ):
        assert front.ask(until, address)[0] == 404, address
    assert front.ask(until, f"{front.base}/snapshots/-1")[0] == 400
    assert front.ask(until, f"{front.base}/control")[0] == 405


@pytest.mark.parametrize(
    "message",
    [
        None,
        "hello",
        [],
        {},
        {"id": 1, "method": "GET", "address": "/"},
        {"id": "a", "method": "DELETE", "address": "/"},
        {"id": "a", "method": "GET", "address": None},
        {"id": "a", "method": "GET", "address": "/" * 300},
        {"id": "a" * 300, "method": "GET", "address": "/"},
        {"id": "a", "method": ["GET"], "address": "/"},
    ],
)
def test_what_is_no_question_is_passed_over(open_talk, trainer, until, message):
    front = open_talk(trainer.path)
    front.talk.hear(message, [])
    assert front.ask(until, front.base)[0] == 200
    assert [c for c, _ in front.messages if c.get("id") == "a"] == []


def test_a_request_reaches_the_run_and_is_taken_at_once(open_talk, trainer, holding, until):
    trainer.takes_requests()
    front = open_talk(trainer.path)
    body = json.dumps({"request": "pause", "value": None}).encode()
    assert front.ask(until, f"{front.base}/control", "POST", body)[0] == 409  # nobody trains
    with holding(trainer.path):
        assert front.ask(until, f"{front.base}/control", "POST", body)[0] == 202
    assert [request["request"] for request in trainer.requests()] == ["pause"]
    posted = [c for c, _ in front.messages if "address" not in c]
    assert ["taken" in c for c in posted] == [True, False] * 2


def test_a_drawing_starts_the_process_that_answers(open_talk, trainer, until):
    front = open_talk(trainer.path)
    assert front.ask(until, front.base)[0] == 200 and front.answerer.process is None
    status, answer = front.ask(until, f"{front.base}/answer", "POST", b"\0" * 64)
    assert (status, json.loads(answer)) == (200, {"probabilities": [1.0], "step": 7})


def test_news_are_told_unasked(open_talk, trainer, holding, until):
    images = trainer.images()
    with holding(trainer.path):
        front = open_talk(trainer.path, pace=0.01)
        until(lambda: front.told("/curves"))
        trainer.snapshot()
        trainer.train()
        until(lambda: front.told("/bands"))
        assert set(front.told("/images")) == {images}
        assert from_pack(front.told("/snapshots/100")[0])[0]["step"] == 100
        trainer.train()
        trainer.snapshot()
        until(lambda: front.told("/snapshots/120"))
        until(lambda: len(front.told("/bands?after=100")))
        steps = [json.loads(one)["step"] for one in front.told("/curves")]
        assert steps == sorted(steps)
        # Once, and once with every telling of everything.
        trainer.train()
        trainer.snapshot()
        until(lambda: front.told("/bands?after=120"))
        assert len(front.told("/images")) <= len(front.told("/curves?after=0")) + 1


def test_who_is_up_to_date_misses_nothing_by_passing_over_wholes(
    open_talk, trainer, holding, until
):
    with holding(trainer.path):
        front = open_talk(trainer.path, pace=0.005)
        until(lambda: front.told("/curves"))
        for wholes in range(2, 6):
            trainer.train(steps=3)
            front.ask(until, f"{front.base}/curves?after=0")  # looks too, from another thread
            until(lambda wholes=wholes: len(front.told("/curves?after=0")) >= wholes)
        trainer.train(steps=3)
        until(lambda: json.loads(front.told("/curves")[-1])["step"] == 115)
        until(lambda: any(json.loads(one)["step"] == 115 for one in front.told("/curves?after=1")))
    offset, steps = 0, []
    for content, buffers in front.messages:
        _, _, after = content.get("address", "").partition("/curves?after=")
        if not after or (after == "0" and offset):
            continue
        assert int(after) <= offset, "something was never told"
        answer = json.loads(buffers[0])
        steps += [step for step in answer["train"]["step"] if step > max(steps, default=0)]
        offset = answer["offset"]
    assert steps == list(range(1, 116))


def test_everything_is_told_again_for_who_was_not_there(open_talk, trainer, holding, until):
    images = trainer.images()
    trainer.snapshot()
    with holding(trainer.path):
        front = open_talk(trainer.path, pace=0.01)
        for part in ("/curves?after=0", "/bands?after=-1", "/snapshots/100", "/images", ""):
            until(lambda part=part: len(front.told(part)) >= 2)
        assert set(front.told("/images")) == {images}


def test_pictures_come_before_the_curves_that_name_them(open_talk, trainer, holding, until):
    trainer.images()
    trainer.snapshot()
    with holding(trainer.path):
        front = open_talk(trainer.path, pace=0.01)
        until(lambda: front.told("/bands"))
    parts = [c["address"].removeprefix(front.base).split("?")[0] for c, _ in front.messages]
    assert parts[:4] == ["/images", "/snapshots/100", "/curves", "/bands"]


def test_a_run_is_watched_from_before_its_beginning(open_talk, runs, trainer, holding, until):
    empty = runs / "later"
    empty.mkdir()
    front = open_talk(empty, pace=0.01)
    status, about = front.ask(until, front.base)
    told = json.loads(about)
    assert (status, told["state"], told["name"], told["classes"]) == (200, "empty", "later", [])
    with holding(empty):
        for name in ("run.json", "events.jsonl"):
            shutil.copy(trainer.path / name, empty)
        until(lambda: any(json.loads(one)["state"] == "running" for one in front.told("/curves")))
        until(lambda: any(json.loads(one)["state"] == "running" for one in front.told("")))
        assert front.talk.telling


def test_it_ends_with_the_run_and_still_answers(open_talk, trainer, until):
    trainer.finish()
    front = open_talk(trainer.path, pace=0.01)
    until(lambda: not front.talk.telling)
    assert json.loads(front.told("/curves")[-1])["state"] == "finished"
    assert front.ask(until, front.base)[0] == 200


def test_a_run_that_seems_dead_for_a_moment_is_not_given_up(open_talk, trainer, holding, until):
    """run.json is there before the first line of the log is."""
    assert ENDED > 2
    front = open_talk(trainer.path, pace=0.3)
    until(lambda: any(json.loads(one)["state"] == "died" for one in front.told("/curves")))
    with holding(trainer.path):
        trainer.train()
        until(lambda: any(json.loads(one)["state"] == "running" for one in front.told("/curves")))
        assert front.talk.telling


def test_a_run_that_was_deleted_is_gone(open_talk, trainer, holding, until):
    with holding(trainer.path):
        front = open_talk(trainer.path, pace=0.01)
        until(lambda: front.told("/curves"))
        shutil.rmtree(trainer.path)
        until(lambda: not front.talk.telling)
    content, _ = front.messages[-1]
    assert content["status"] == 404 and "/curves?after=" in content["address"]
    assert front.ask(until, front.base)[0] == 404


def test_after_close_nothing_is_said(open_talk, trainer, holding, until):
    with holding(trainer.path):
        front = open_talk(trainer.path, pace=0.01)
        until(lambda: front.told("/curves"))
        front.talk.close()
        until(lambda: not front.talk.telling)
        said = len(front.messages)
        front.talk.hear({"id": "a", "method": "GET", "address": front.base})
        other = open_talk(trainer.path)
        assert other.ask(until, other.base)[0] == 200
    assert len(front.messages) == said


def test_a_run_that_is_cut_back_is_told_anew(open_talk, trainer, holding, until):
    trainer.snapshot()
    with holding(trainer.path):
        front = open_talk(trainer.path, pace=0.01)
        until(lambda: front.told("/bands"))
        lines = (trainer.path / "events.jsonl").read_text().splitlines(keepends=True)
        (trainer.path / "events.jsonl").write_text("".join(lines[:5]))
        restarts = until(
            lambda: [c["address"] for c, b in list(front.messages)
                     if "/curves" in c.get("address", "") and not c["address"].endswith("=0")
                     and json.loads(b[0])["restart"]]
        )  # fmt: skip
    assert restarts


def test_the_directory_is_where_it_was_whatever_the_working_directory(
    open_talk, trainer, until, monkeypatch, tmp_path
):
    monkeypatch.chdir(trainer.path.parent)
    front = open_talk(type(trainer.path)("first"))
    monkeypatch.chdir(tmp_path)
    assert front.ask(until, front.base)[0] == 200
