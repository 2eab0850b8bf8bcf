"""`saccade models`: the tables, a network layer by layer, the history."""

import json

import pytest

from saccade.models import MODELS
from saccade.models.history import HISTORY


def test_the_list_has_every_model_with_its_parameters(typed):
    said = typed("models")
    lines = dict(line.split(maxsplit=1) for line in said.out.splitlines())
    assert set(lines) == set(MODELS)
    assert "143,667,240 parameters on 224x224x3" in lines["vgg-19"]
    rows = json.loads(typed("models", "--json").out)
    assert {row["name"]: row["parameters"] for row in rows} == {
        name: entry.parameters for name, entry in MODELS.items()
    }


def test_a_model_is_shown_as_it_was_made(typed):
    said = typed("models", "alexnet")
    assert "input 227x227x3, 1000 classes" in said.out
    assert "convolution 5x5, stride 1, same, in 2 groups, relu" in said.out
    assert "5*5*48*256 + 256 = 307,456" in said.out
    assert "local response normalisation" in said.out
    assert said.out.rstrip().endswith("60,965,224 trainable parameters")
    smaller = typed("models", "alexnet", "--input", "32x32x3", "--classes", 10)
    assert "input 32x32x3, 10 classes" in smaller.out


def test_lenet5_of_1998_counts_as_its_paper_does(typed):
    layers = json.loads(typed("models", "lenet5-1998", "--json").out)["layers"]
    counted = {row["name"]: row["parameters"] for row in layers if row["parameters"]}
    assert counted == {"c1": 156, "s2": 12, "c3": 1_516, "s4": 32, "c5": 48_120, "f6": 10_164}


def test_auxiliary_heads_are_told_apart(typed):
    said = typed("models", "googlenet")
    assert "13,378,280 trainable parameters" in said.out
    assert "6,998,552 of them lead to the answer" in said.out
    row = json.loads(typed("models", "googlenet", "--json").out)
    assert (row["parameters"], row["answering_parameters"]) == (13_378_280, 6_998_552)
    assert "lead to the answer" not in typed("models", "conv").out


def test_the_history_has_a_line_a_network(typed):
    said = typed("models", "--history")
    lines = said.out.splitlines()
    assert (said.code, len(lines)) == (0, 1 + len(HISTORY) + 3 + 1)
    [vgg] = [line for line in lines if line.startswith("2014  VGG-19")]
    assert "143,667,240" in vgg and "144 million" in vgg and "7.3 %" in vgg
    [google] = [line for line in lines if line.startswith("2014  GoogLeNet")]
    assert "6,998,552" in google and "6.67 % *" in google
    assert "slides give VGG-19 138 million; that is VGG-16's" in said.out
    assert lines[-1].startswith("* from memory")


def test_the_history_as_json(typed):
    rows = json.loads(typed("models", "--history", "--json").out.splitlines()[-1])
    assert [row["name"] for row in rows] == [each.name for each in HISTORY]
    assert rows[0]["parameters"] == 60_000
    assert rows[-1]["parameters"] is None
    assert rows[4]["from_memory"] == ["paper", "result"]


@pytest.mark.parametrize(
    "words", [("conv", "--history"), ("conv", "--bases"), ("--bases", "--history")]
)
def test_one_thing_at_a_time(typed, words):
    said = typed("models", *words)
    assert said.code == 2
    assert "--bases and --history" in said.err


@pytest.mark.parametrize(
    "words, says",
    [
        (("alexnet2014",), "alexnet-2014"),
        (("vgg16x",), "vgg-16"),
        (("alexnet", "--input", "7x7x3"), "at least 8x8"),
        (("googlenet", "--classes", "1"), "at least two"),
    ],
)
def test_what_is_wrong_is_said(typed, words, says):
    said = typed("models", *words)
    assert said.code == 2
    assert says in said.err
