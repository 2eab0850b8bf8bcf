"""`train --base`, the default for photographs, and asking a base itself: as a person types them."""

import json

import numpy as np
import pytest

from saccade.models.applications import base_model
from saccade.models.graph import layer_graph
from saccade.models.initialize import first_weights, unallocated
from saccade.run.directory import open_run

SHORT = ("--epochs", 1, "--no-view", "--out", "run")


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A place of data with weights of SqueezeNet: not the published ones, but as they come."""
    folder = tmp_path / "shelf" / "weights"
    folder.mkdir(parents=True)
    with unallocated():
        graph = layer_graph(base_model("squeezenet1.1", (64, 64, 3), top=True))
    arrays = {}
    for name, value in first_weights(graph, "layers", seed=0).items():
        position, what = name.split("/")
        layer = graph.nodes[int(position.split("-")[0])].layer.name
        turned = value.transpose(3, 2, 0, 1).astype(np.float16) if what == "kernel" else value
        arrays[f"{layer}_{'w' if what == 'kernel' else 'b'}"] = turned
    np.savez(folder / "squeezenet_v1.1_imagenet_fp16.npz", **arrays)
    lines = [f"n{i:08d} thing {i}, further words" for i in range(1000)]
    (folder / "synset_words.txt").write_text("\n".join(lines))
    monkeypatch.setenv("SACCADE_DATA_DIR", str(folder.parent))
    monkeypatch.chdir(tmp_path)
    return folder


def test_photographs_begin_with_a_base_whose_weights_are_here(shelf, pictures, typed, tmp_path):
    pictures(tmp_path / "photos", size=(100, 120))
    said = typed("train", "./photos", "--img-size", 96, *SHORT, "--json")
    assert said.code == 0, said.err
    assert "squeezenet1.1 (begins with what ImageNet taught it; only the head learns" in said.err
    assert "the default for photographs, --model takes another" in said.err
    told, facts = json.loads(said.out.splitlines()[-1]), open_run("run").facts
    assert told["parameters"] == 512 * 3 + 3
    assert facts["preprocess"]["offset"] == [-123.0, -117.0, -104.0]
    assert facts["forms"]["frozen"] > 30
    again = typed("rerun", "run", "--out", "again", "--no-view")
    assert again.code == 0 and "identical" in again.out + again.err
    assert typed("eval", "run").code == 0
    answered = typed("predict", "run", "photos/checks/000.png")
    assert answered.code == 0 and "photos/checks/000.png" in answered.out


@pytest.mark.slow
def test_grey_photographs_become_rgb(shelf, pictures, typed, tmp_path):
    pictures(tmp_path / "photos", size=(100, 120), grey=True)
    said = typed("train", "./photos", "--img-size", 96, *SHORT)
    assert said.code == 0, said.err
    assert open_run("run").facts["model"]["input_shape"] == [96, 96, 3]
    assert typed("eval", "run").code == 0


def test_small_pictures_do_not(shelf, pictures, typed, tmp_path):
    pictures(tmp_path / "small", size=(12, 12))
    said = typed("train", "./small", *SHORT)
    assert said.code == 0, said.err
    assert "conv-bn (the default for pictures of this size" in said.err


@pytest.mark.slow
def test_without_weights_photographs_begin_anew(pictures, typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pictures(tmp_path / "photos")
    said = typed("train", "./photos", "--steps", 1, "--no-view", "--out", "run")
    assert said.code == 0, said.err
    assert "residual (the default" in said.err


@pytest.mark.slow
def test_a_base_that_was_asked_for_reads_pictures_at_its_side(shelf, pictures, typed, tmp_path):
    pictures(tmp_path / "photos", grey=True, each=3)
    said = typed("train", "./photos", "--base", "squeezenet1.1", *SHORT)
    assert said.code == 0, said.err
    assert open_run("run").facts["model"]["input_shape"] == [227, 227, 3]


@pytest.mark.slow
def test_fine_tuning_from_a_run_of_ones_own(typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = ("--steps", 20, "--no-view", "--name", "first")
    assert typed("train", "digits", "--model", "conv-bn", *first).code == 0
    options = ("--weights", "runs/first", "--unfreeze", "last-1", "--steps", 20)
    said = typed("train", "digits", *options, "--name", "second")
    assert said.code == 0, said.err
    assert "the last 1 layers of the base learn" in said.err
    facts = open_run("runs/second").facts
    assert facts["model"]["base"] == "conv-bn"
    assert facts["recipe"]["layer_decay"] == 0.8


@pytest.mark.slow
def test_from_first_weights_the_recipe_is_that_of_the_net(typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = ("--base", "conv-bn", "--weights", "none", "--steps", 2, "--no-view", "--name", "run")
    assert typed("train", "digits", *options).code == 0
    recipe = open_run("runs/run").facts["recipe"]
    assert (recipe["layer_decay"], recipe["optimizer"]) == (1, "adamw")


def test_the_base_itself_answers_with_classes_of_imagenet(shelf, pictures, typed, tmp_path):
    pictures(tmp_path / "photos", each=1)
    said = typed("predict", "squeezenet1.1", "photos/checks/000.png", "--json")
    assert said.code == 0, said.err
    [answer] = json.loads(said.out.splitlines()[-1])
    assert answer["label"].startswith("thing ")
    assert len(answer["topk"]) == 5


def test_a_base_that_is_nearly_named(typed):
    said = typed("predict", "squeezenet1.2", "one.png")
    assert said.code == 2
    assert "there is no run `squeezenet1.2`" in said.err
    assert "Did you mean the base `squeezenet1.1`?" in said.err
    assert "Did you mean" not in typed("predict", "holidays", "one.png").err


def test_a_base_whose_weights_are_not_here(pictures, tmp_path, typed, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pictures(tmp_path / "photos", each=1)
    for words in (("train", "./photos", "--base"), ("predict",)):
        said = typed(*words, "squeezenet1.1", *(["photos/checks/000.png"] * (len(words) == 1)))
        assert said.code == 2
        assert "squeezenet_v1.1_imagenet_fp16.npz is not here" in said.err
        assert "SACCADE_DATA_DIR/weights" in said.err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--base", "conv", "--model", "conv"), "give one"),
        (("--unfreeze", "all"), "give --base or --weights"),
        (("--base", "conv-bn"), "nobody has published weights"),
        (("--base", "mobilenet-v2"), "Did you mean `mobilenetv2`"),
        (("--base", "conv-bn", "--weights", "none", "--unfreeze", "some"), "none, all or last-N"),
        (("--base", "conv-bn", "--weights", "none", "--unfreeze", "all"), "leave --unfreeze out"),
        (("--base", "conv-bn", "--weights", "no/such"), "there is no no/such"),
        (("--base", "squeezenet1.1", "--weights", "none"), "takes RGB pictures"),
        (("--layer-decay", "0"), "--layer-decay must be above 0"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(typed, tmp_path, monkeypatch, options, says):
    monkeypatch.chdir(tmp_path)
    said = typed("train", "digits", *options, "--steps", 1)
    assert said.code == 2
    assert says in said.err
    assert not (tmp_path / "runs").exists()


def test_bases_are_listed(shelf, typed):
    said = typed("models", "--bases")
    assert said.code == 0
    [line] = [line for line in said.out.splitlines() if line.startswith("squeezenet1.1 ")]
    assert "722,496" in line and line.endswith("weights here")
    [line] = [line for line in said.out.splitlines() if line.startswith("vgg16 ")]
    assert not line.endswith("weights here")
    rows = json.loads(typed("models", "--bases", "--json").out)
    assert {"name": "vgg16", "parameters": 14714688, "size": 224} in rows


def test_a_base_is_shown_layer_by_layer(typed):
    said = typed("models", "squeezenet1.1", "--input", "64x64x3", "--classes", 5)
    assert said.code == 0
    assert "725,061 trainable parameters" in said.out
