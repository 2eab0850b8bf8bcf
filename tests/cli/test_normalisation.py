"""saccade train --normalisation, and what comes after: resume, rerun, eval, export."""

import json

import pytest

import saccade
from saccade.run.checkpoint import read_checkpoint
from saccade.run.directory import Run
from saccade.run.events import Saved
from saccade.train.commands import Save


def test_a_run_with_weight_norm_is_judged_repeated_and_exported(typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = typed(
        *("train", "digits", "--model", "mlp-deep", "--normalisation", "weight"),
        *("--steps", "30", "--name", "mine"),
    )
    assert said.code == 0, said.err
    assert "normalisation weight" in said.err
    run = Run(tmp_path / "runs" / "mine")
    model = run.facts["model"]
    assert (model["model"], model["arguments"]) == ("mlp-deep", {"normalisation": "weight"})
    said = typed("eval", "runs/mine", "--json")
    assert said.code == 0, said.err
    accuracy = json.loads(said.out.splitlines()[-1])["test"]["accuracy"]
    assert accuracy == run.metrics["test"]["accuracy"]
    # Its first weights were drawn from the data; the same again.
    said = typed("rerun", "runs/mine", "--name", "again", "--no-view")
    assert said.code == 0, said.out
    assert "identical" in said.out
    said = typed("export", "runs/mine", "--out", "bundle")
    assert said.code == 0, said.err


@pytest.mark.parametrize("choice", ["weight", "selu"])
def test_what_was_interrupted_goes_on_to_the_same_bits(choice, typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    digits = saccade.load("digits")
    network = saccade.build("mlp-deep", digits.input_shape, 10, choice)
    recipe = saccade.recipe("mlp-deep", steps=20, patience=None)
    run = saccade.create_run(tmp_path / "parted")
    events = saccade.fit(network, digits, recipe, commands=lambda _: [Save()])
    for number, event in enumerate(saccade.record(events, run)):
        if isinstance(event, Saved) and number > 3:
            break
    assert run.state == "interrupted"
    typed_again = ("train", "digits", "--model", "mlp-deep", "--steps", "20")
    said = typed(*typed_again, "--out", "parted")
    assert said.code == 2 and "another model" in said.err
    said = typed(*typed_again, "--normalisation", choice, "--out", "parted")
    assert said.code == 0, said.err
    whole = saccade.create_run(tmp_path / "whole")
    _ = list(saccade.record(saccade.fit(network, digits, recipe), whole))
    one, other = (read_checkpoint(r.checkpoints, "last").weights for r in (run, whole))
    assert all((one[name] == other[name]).all() for name in one)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--model", "conv-bn", "--normalisation", "btach"), "Did you mean `batch`"),
        (("--model", "conv", "--normalisation", "layer"), "`conv` has no choice"),
        (("--model", "mlp-bn", "--normalisation", "layer"), "no-offset"),
        (("--model", "net.py:build", "--normalisation", "layer"), "leave it out"),
        (("--base", "squeezenet1.1", "--weights", "none", "--normalisation", "layer"), "leave it"),
        (("--resume", "runs/none", "--normalisation", "layer"), "leave the other options out"),
    ],
)
def test_a_wrong_choice_is_refused_before_anything_is_read(
    typed, tmp_path, monkeypatch, options, says
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text("def build(shape, classes): ...")
    data = () if "--resume" in options else ("digits",)
    said = typed("train", *data, *options)
    assert said.code == 2
    assert says in said.err


def test_the_default_model_has_the_choice_too_and_a_base_has_none(typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = typed("train", "digits", "--normalisation", "layer", "--steps", "2", "--out", "run")
    assert said.code == 0, said.err
    model = Run(tmp_path / "run").facts["model"]
    assert (model["model"], model["arguments"]) == ("conv-bn", {"normalisation": "layer"})
    said = typed("train", "digits", "--weights", "run", "--steps", "2", "--out", "next")
    assert said.code == 2
    assert "a base is one of the table" in said.err


def test_saccade_models_says_which_there_are(typed):
    said = typed("models", "conv-bn", "--normalisation", "layer")
    assert said.code == 0
    assert "batch (default) or layer, weight, selu, none" in said.out
    assert "layer norm" in said.out and "batch norm" in said.out.splitlines()[0]
    said = typed("models", "conv-bn", "--normalisation", "weight")
    assert "6x6, stride 1, same, weight norm" in said.out
