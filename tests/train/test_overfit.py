"""Every network learns one batch of noise by heart: what cannot, computes or updates wrongly."""

import numpy as np
import pytest

from saccade.core.preprocess import Preprocess
from saccade.core.records import Split
from saccade.models import MODELS
from saccade.models.network import build
from saccade.train.engine import Engine
from saccade.train.forms import choose_forms
from saccade.train.recipe import Recipe
from saccade.train.schedule import Constant

PICTURES, CLASSES = 50, 10
STEPS, MORE_STEPS = 200, 1000
# One of each family; the others are slow.
FAST = {
    "softmax",
    "mlp-relu-bn",
    "conv",
    "K05",
    "E-cnn",
    "L2-cnn",
    "T1",
    "cats-dogs",
    "lenet5",
    "residual",
    "whitened",
    "resnet-cifar-20",
    "alexnet",
    "zfnet",
    "squeezenet-1.1",
}
# Whose smallest compiles for half a minute, or takes as long; they are slow.
LONG = {"resnet", "resnext", "densenet", "fractalnet", "vgg", "googlenet"}
# Sigmoids, and depth without shortcuts.
HARD = {"mlp", "mlp-bn", "plain-cifar-56"}
RATES = {"softmax": 0.05, "squeezenet-1.0": 0.001, "squeezenet-1.1": 0.001}
# Deep and without batch norm.
RATES |= dict.fromkeys(
    ["alexnet", "alexnet-2014", "zfnet", "googlenet", "vgg-16", "vgg-19"], 0.0002
)


def by_family(name):
    return name if name in FAST else pytest.param(name, marks=pytest.mark.slow)


def test_every_family_has_one_that_is_fast():
    families = {entry.family for entry in MODELS.values()}
    assert sorted(MODELS[name].family for name in FAST) == sorted(families - LONG)


@pytest.mark.parametrize("name", [by_family(name) for name in (*MODELS, "two cats-dogs")])
def test_a_batch_of_noise_is_learnt_by_heart(name, rng):
    classes = 2 if name.startswith("two ") else CLASSES
    name = name.removeprefix("two ")
    side = max(8, MODELS[name].least)
    shape = (side, side, 1)
    graph = build(name, shape, classes).graph
    for node in graph.nodes:
        if hasattr(node.layer, "rate"):
            node.layer.rate = 0.0
    steps = MORE_STEPS if name in HARD else STEPS
    rule = Recipe(
        steps=steps,
        batch_size=PICTURES,
        optimizer="adam",
        schedule=Constant(RATES.get(name, 0.003)),
    )
    engine = Engine(graph, rule, Preprocess(*shape), choose_forms(graph))
    pixels = rng.integers(0, 256, (PICTURES, *shape), dtype=np.uint8)
    labels = np.arange(PICTURES, dtype=np.int32) % classes
    batch = engine.resident(Split(pixels, labels, range(PICTURES)))
    state, done = engine.first_state(), 0
    while done < steps and engine.answer(state.answering, batch).accuracy < 1:
        ids = np.tile(np.arange(PICTURES), (20, 1))
        rates = np.array([rule.rate(done + k, steps) for k in range(20)])
        state, done = engine.run_chunk(state, batch, ids, rates, done).state, done + 20
    answers = engine.answer(state.answering, batch)
    assert answers.accuracy == 1
