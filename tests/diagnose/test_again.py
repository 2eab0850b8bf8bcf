"""The command that is told can be typed as it stands."""

import shlex
from dataclasses import replace

import pytest

from saccade.diagnose.again import on_run, train_again
from saccade.diagnose.trace import Trace, read_trace


@pytest.fixture
def trace(finished_run) -> Trace:
    return read_trace(finished_run)


def with_facts(trace, **changes):
    return replace(trace, facts={**trace.facts, **changes})


@pytest.mark.parametrize(
    "typed, changes, expected",
    [
        ("saccade train digits", {"lr": "0.1"}, "saccade train digits --lr 0.1"),
        ("saccade train digits --lr 3 --seed 1", {"lr": "0.1"},
         "saccade train digits --seed 1 --lr 0.1"),
        ("saccade train digits --lr=3", {"lr": "0.1"}, "saccade train digits --lr 0.1"),
        ("saccade train --name a digits --out=b --json", {"augment": "affine"},
         "saccade train digits --json --augment affine"),
        ("saccade train digits --steps 50", {"epochs": "4"}, "saccade train digits --epochs 4"),
        ("saccade train digits --epochs 2", {"epochs": "4"}, "saccade train digits --epochs 4"),
        ("saccade train './my photos' --weight-decay 0", {"weight_decay": "0.1"},
         "saccade train './my photos' --weight-decay 0.1"),
    ],
)  # fmt: skip
def test_what_was_typed_with_something_else_in_it(trace, typed, changes, expected):
    assert train_again(with_facts(trace, command=typed), **changes) == expected


def test_a_run_from_python_is_spelled_out(trace, typed_words):
    words = shlex.split(train_again(trace, lr="0.1"))
    assert words[:5] == ["saccade", "train", "digits", "--model", "softmax"]
    assert words[-2:] == ["--lr", "0.1"]
    assert words.count("--lr") == 1
    assert words[words.index("--steps") + 1] == "30"
    typed_words(words)


@pytest.fixture
def typed_words():
    """Fails where the command line does not understand them."""
    from saccade.cli import make_app

    return lambda words: make_app().parse_args(words[1:])


def test_a_network_of_ones_own(trace):
    model = {**trace.facts["model"], "model": "file", "file": "my net.py:build"}
    own = with_facts(trace, model=model)
    assert "--model 'my net.py:build'" in train_again(own, lr="1")
    assert on_run(own, "eval").endswith(" --model 'my net.py:build'")
    assert "--model" not in on_run(own, "view")


def test_no_command_makes_a_network_again_that_was_handed_over(trace):
    assert train_again(with_facts(trace, model={"model": "keras", "name": "mine"}), lr="1") == ""
