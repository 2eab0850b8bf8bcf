"""A follower tells what a run's files say, once, whatever happens to them."""

import json
import os
import shutil
import threading
import time

import numpy as np
import pytest

from saccade.run.directory import Run
from saccade.run.events import Failed, Interrupted, to_line
from saccade.view.live import follow, log
from saccade.view.live.follow import Follower


def told(follower: Follower, after: int = 0) -> dict:
    follower.look()
    revision, text = follower.text(after)
    values = json.loads(text, parse_constant=lambda word: pytest.fail(word))
    assert values["offset"] == revision == follower.revision
    return values


def test_the_whole_of_a_short_run_is_told_as_it_is(trainer):
    trainer.snapshot(0)
    trainer.snapshot(100)
    values = told(Follower(trainer.path))
    assert values["train"]["step"] == list(range(1, 101))
    np.testing.assert_allclose(values["train"]["loss"], 1 / np.arange(1, 101), rtol=1e-6)
    assert values["train"]["accuracy"] == [0.5] * 100
    assert values["train"]["rate"] == [0.1] * 100
    assert values["watched"] == {"step": [100], "loss": [0.5], "accuracy": [0.75]}
    assert values["snapshots"] == [0, 100]
    assert (values["step"], values["total_steps"]) == (100, 1000)
    assert values["images_per_second"] == pytest.approx(5000)
    assert (values["version"], values["marks"], values["dropped"]) == (1, [], [])
    assert values["restart"]


def test_what_was_told_is_not_told_again(trainer):
    follower = Follower(trainer.path)
    first = told(follower)
    trainer.train(2)
    trainer.snapshot()
    trainer.log('{"event": "Intervened", "step": 120, "request": "pause", "value": null, '
                '"source": "page"}\n')  # fmt: skip
    second = told(follower, first["offset"])
    assert second["train"]["step"] == list(range(101, 121))
    assert second["watched"]["step"] == []
    assert second["snapshots"] == [120]
    assert second["marks"] == [
        {"step": 120, "request": "pause", "value": None, "source": "page", "total_steps": None}
    ]
    assert not second["restart"]
    third = told(follower, second["offset"])
    assert third["offset"] == second["offset"]
    assert third["train"]["step"] == third["snapshots"] == third["marks"] == []
    late = told(follower, first["offset"])
    assert late["train"] == second["train"]
    assert told(follower)["train"]["step"] == list(range(1, 121))


@pytest.mark.parametrize("after", [1, 7, 10**14])
def test_who_heard_something_else_hears_everything(trainer, after):
    values = told(Follower(trainer.path), after)
    assert values["restart"]
    assert len(values["train"]["step"]) == 100


def test_a_line_cut_short_is_told_once_it_is_whole(trainer):
    follower = Follower(trainer.path)
    first = told(follower)
    log = trainer.path / "events.jsonl"
    before = log.read_bytes()
    trainer.train()
    line = log.read_bytes()[len(before) :]
    for end in (1, 20, len(line) - 1):
        log.write_bytes(before + line[:end])
        assert told(follower, first["offset"])["train"]["step"] == []
    log.write_bytes(before + line)
    assert told(follower, first["offset"])["train"]["step"] == list(range(101, 111))


def cut_in_place(log, kept):
    with log.open("r+b") as file:
        file.truncate(len(kept))


def cut_by_renaming(log, kept):
    aside = log.with_name("aside")
    aside.write_bytes(kept)
    aside.replace(log)


@pytest.mark.parametrize("cut", [cut_in_place, cut_by_renaming])
@pytest.mark.parametrize("more", [0, 1, 30])  # steps again: none, fewer or more than there were
def test_a_log_that_was_cut_back_is_told_from_the_start(trainer, cut, more):
    log = trainer.path / "events.jsonl"
    kept = log.read_bytes()
    trainer.train(10)
    follower = Follower(trainer.path)
    first = told(follower)
    assert first["step"] == 200
    cut(log, kept)
    trainer.step = 100
    trainer.log("\n" if more else "")  # what comes again is not to the byte what was
    trainer.train(more)
    second = told(follower, first["offset"])
    assert second["restart"]
    assert second["offset"] > first["offset"]
    assert second["train"]["step"] == list(range(1, 101 + 10 * more))
    assert second["step"] == 100 + 10 * more
    trainer.train()
    assert len(told(follower, second["offset"])["train"]["step"]) == 10


def test_a_log_that_begins_anew_is_told_from_the_start(trainer):
    follower = Follower(trainer.path)
    first = told(follower)
    (trainer.path / "events.jsonl").unlink()
    assert told(follower, first["offset"])["train"]["step"] == []
    trainer.step = 0
    trainer.train(20)
    again = told(follower, first["offset"])
    assert again["restart"]
    assert again["step"] == 200


def test_a_long_run_is_told_in_few_points_that_are_its_means(trainer):
    trainer.train(100, steps=400)
    values = told(Follower(trainer.path))["train"]
    assert 2000 < len(values["step"]) <= 4000
    steps = np.arange(1, 40_101)
    stretch = 16
    whole = (1 / steps)[: len(steps) // stretch * stretch].reshape(-1, stretch).mean(axis=1)
    np.testing.assert_allclose(values["loss"][: len(whole)], whole, rtol=1e-5)
    assert np.all(np.diff(values["step"]) > 0)


def test_who_is_too_far_behind_hears_everything(trainer, monkeypatch):
    monkeypatch.setattr(follow, "KEPT_STEPS", 100)
    follower = Follower(trainer.path)
    offsets = [told(follower)["offset"]]
    for _ in range(8):
        trainer.train(2)
        offsets.append(told(follower)["offset"])
    assert not told(follower, offsets[-2])["restart"]
    assert len(told(follower, offsets[-4])["train"]["step"]) == 60
    assert told(follower, offsets[0])["restart"]
    trainer.train(20)
    assert told(follower, offsets[-1])["restart"]
    assert sum(news.steps for _, news in follower.news) <= 100
    assert len(follower._reader._before) <= 64


def test_snapshots_that_went_are_told(trainer):
    for step in (10, 20, 30):
        trainer.snapshot(step)
    follower = Follower(trainer.path)
    first = told(follower)
    assert first["snapshots"] == [10, 20, 30]
    (trainer.path / "snapshots" / "000000020.npz").unlink()
    trainer.snapshot(40)
    second = told(follower, first["offset"])
    assert (second["snapshots"], second["dropped"]) == ([40], [20])
    assert told(follower)["snapshots"] == [10, 30, 40]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nonsense",
        "{}",
        "[]",
        "null",
        '"text"',
        "\0\0\0",
        "[" * 100_000,
        '{"event": "Exploded"}',
        '{"event": ["StepsDone"]}',
        '{"event": "StepsDone"}',
        '{"event": "StepsDone", "first": 1, "losses": 3, "accuracies": 3, "learning_rates": 3}',
        '{"event": "StepsDone", "first": 1, "losses": [1], "accuracies": [], "learning_rates": []}',
        '{"event": "StepsDone", "first": -1, "losses": [1], "accuracies": [1], '
        '"learning_rates": [1]}',
        '{"event": "StepsDone", "first": true, "losses": [1], "accuracies": [1], '
        '"learning_rates": [1]}',
        '{"event": "StepsDone", "first": 1, "losses": ["x"], "accuracies": [1], '
        '"learning_rates": [1]}',
        '{"event": "StepsDone", "first": 1, "losses": [{}], "accuracies": [1], '
        '"learning_rates": [1]}',
        '{"event": "StepsDone", "first": 1, "losses": [' + "9" * 400 + '], "accuracies": [1], '
        '"learning_rates": [1]}',
        '{"event": "StepsDone", "first": ' + "9" * 5000 + ', "losses": [], "accuracies": [], '
        '"learning_rates": []}',
        '{"event": "Evaluated", "step": "1", "loss": null, "accuracy": {}}',
        '{"event": "Evaluated", "step": -1, "loss": 1, "accuracy": 1}',
        '{"event": "Evaluated", "step": null, "loss": 1, "accuracy": 1}',
    ],
)
def test_a_line_that_is_no_event_says_nothing_and_stops_nothing(trainer, line):
    trainer.log(line + "\n")
    trainer.train()
    values = told(Follower(trainer.path))
    assert values["step"] == 110
    assert values["train"]["step"] == list(range(1, 111))
    assert values["watched"]["step"] == [100]


def test_what_is_no_number_becomes_null(trainer):
    trainer.log('{"event": "StepsDone", "first": 101, "losses": [NaN, Infinity, 1e999, null], '
                '"accuracies": [1, -Infinity, 0, 0], "learning_rates": [1, 1, 1, 1], '
                '"seconds": NaN, "images": Infinity}\n'
                '{"event": "Intervened", "step": Infinity, "request": 3, "value": NaN, '
                '"source": "<b>"}\n')  # fmt: skip
    values = told(Follower(trainer.path))
    assert values["train"]["loss"][-4:] == [None] * 4
    assert values["train"]["accuracy"][-4:] == [1, None, 0, 0]
    assert values["marks"] == [
        {"step": None, "request": None, "value": None, "source": "<b>", "total_steps": None}
    ]


def test_a_line_without_end_is_passed_over(trainer, monkeypatch):
    monkeypatch.setattr(log, "BLOCK", 4096)
    follower = Follower(trainer.path)
    trainer.log('{"event": "' + "x" * 20_000)
    first = told(follower)
    assert first["step"] == 100
    trainer.log("y" * 20_000)
    assert told(follower, first["offset"])["train"]["step"] == []
    trainer.log('"}\n')
    trainer.train()
    assert told(follower)["train"]["step"] == list(range(1, 111))


@pytest.mark.parametrize("block", [300, 1000, 4096])
def test_blocks_of_any_size_give_the_same(trainer, monkeypatch, block):
    trainer.train(50, steps=3)
    trainer.evaluate()
    whole = told(Follower(trainer.path))
    monkeypatch.setattr(log, "BLOCK", block)
    again = told(Follower(trainer.path))
    longest = max(map(len, (trainer.path / "events.jsonl").read_bytes().splitlines()))
    if block > longest:
        assert again["train"] == whole["train"]
    assert again["watched"] == whole["watched"]
    assert again["step"] == whole["step"]


@pytest.mark.parametrize(
    ("last", "state"),
    [(Interrupted(100, "x"), "interrupted"), (Failed(100, "x"), "failed"), (None, "died")],
)
def test_the_state_is_that_of_the_run(trainer, holding, last, state, monkeypatch):
    monkeypatch.setattr(follow, "LOOK_AT_WRITER", 0)
    follower = Follower(trainer.path)
    with holding(trainer.path):
        first = told(follower)
        assert first["state"] == "running" == Run(trainer.path).state
    if last:
        trainer.log(to_line(last, 0))
    second = told(follower, first["offset"])
    assert second["state"] == state == Run(trainer.path).state
    assert second["offset"] > first["offset"]
    with holding(trainer.path):
        assert told(follower)["state"] == "running"
    trainer.finish()
    assert told(follower)["state"] == "finished" == Run(trainer.path).state


def test_more_epochs_are_more_steps(trainer):
    follower = Follower(trainer.path)
    first = told(follower)
    facts = json.loads((trainer.path / "run.json").read_text())
    (trainer.path / "run.json").write_text(json.dumps({**facts, "total_steps": 2000}))
    second = told(follower, first["offset"])
    assert (second["total_steps"], second["train"]["step"]) == (2000, [])
    assert second["offset"] > first["offset"]


def test_a_run_that_was_deleted_is_gone(trainer):
    follower = Follower(trainer.path)
    before = follower.look()
    shutil.rmtree(trainer.path)
    assert follower.look() > before
    assert json.loads(follower.text(before)[1]) == {"gone": True}
    assert follower.look() == follower.look()


def test_a_log_that_is_a_link_or_a_pipe_is_not_read(trainer, tmp_path):
    log = trainer.path / "events.jsonl"
    elsewhere = tmp_path / "elsewhere.jsonl"
    log.rename(elsewhere)
    log.symlink_to(elsewhere)
    assert told(Follower(trainer.path))["train"]["step"] == []
    log.unlink()
    os.mkfifo(log)
    assert told(Follower(trainer.path))["train"]["step"] == []


def test_two_threads_miss_nothing_and_hear_nothing_twice(trainer):
    follower = Follower(trainer.path)
    done = threading.Event()
    heard: list[list[int]] = [[], []]

    def hear(mine: list[int]) -> None:
        after = 0
        ended = False
        while not (ended and after == follower.look()):
            ended = done.is_set()
            follower.look()
            after, text = follower.ready(after) or follower.text(after)
            mine += json.loads(text)["train"]["step"]

    threads = [threading.Thread(target=hear, args=(mine,)) for mine in heard]
    for thread in threads:
        thread.start()
    for _ in range(100):
        trainer.train()
    done.set()
    for thread in threads:
        thread.join()
    # The first text is everything, and may be told again to one who began with it.
    for mine in heard:
        assert sorted(set(mine)) == list(range(1, 1101))
        assert len(mine) == 1100


def test_a_look_at_nothing_new_is_cheap(trainer):
    for step in range(500):
        trainer.snapshot(step)
    old = time.time() - 100
    os.utime(trainer.path / "snapshots", (old, old))
    follower = Follower(trainer.path)
    follower.look()
    began = time.process_time()
    for _ in range(100):
        follower.look()
    assert (time.process_time() - began) / 100 < 0.001  # ten a second: one percent of a core
