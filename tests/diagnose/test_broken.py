"""Trainings that are broken in one way each get that diagnosis, and no other."""

from dataclasses import replace

import pytest

import saccade
from saccade.diagnose.checks import diagnose
from saccade.models.backend import keras
from saccade.train.schedule import Constant

from .conftest import with_few, with_noise, without_class

layers = keras.layers
PLAIN = {"augment": (), "weight_decay": 0.0}


def recipe(model, rate=None, **changes):
    found = saccade.recipe(model, patience=None, **changes)
    return found if rate is None else found.with_rate(rate)


def gradient_descent(model, rate, **changes):
    return recipe(model, rate, optimizer="sgd", **PLAIN, **changes)


def own(*hidden):
    """A dense network of one's own on digits."""
    return saccade.from_keras(
        keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), *hidden, layers.Dense(10)]), 10
    )


def biased(bias):
    start = keras.initializers.Constant(bias)
    return own(layers.Dense(50, "relu", bias_initializer=start), layers.Dense(30, "relu"))


def forgetful():
    first = (layers.Dense(200, "relu"), layers.Dropout(0.8))
    return own(*first, layers.Dense(100, "relu"), layers.Dropout(0.8))


SOFTMAX_50 = ("softmax", lambda d: d, gradient_descent("softmax", 50.0, steps=200))
NAN = ("mlp-relu", lambda d: d, gradient_descent("mlp-relu", 1000.0, steps=100))
ADAM_03 = ("mlp", lambda d: d, recipe("mlp", 0.3, steps=150))
LOST = ("mlp-relu", lambda d: d, gradient_descent("mlp-relu", 3.0, steps=143))
TINY_LINE = ("softmax", lambda d: d, recipe("softmax", 1e-5, steps=300))
TINY_SGD = ("softmax", lambda d: d, gradient_descent("softmax", 1e-3, steps=300))
TINY_ADAM = ("mlp-relu", lambda d: d, recipe("mlp-relu", 1e-6, steps=300))
TINY_CONV = ("conv", lambda d: d, recipe("conv", 1e-6, steps=200))
SIGMOIDS = ("mlp", lambda d: d, gradient_descent("mlp", 0.1, steps=200))
DEAD_BORN = (biased, lambda d: d, recipe("mlp-relu", steps=120))
DEAD_KILLED = ("mlp-relu", lambda d: d, recipe("mlp-relu", 0.09, steps=300))
RANDOM = ("mlp-relu", lambda d: with_noise(d, 1.0), recipe("mlp-relu", steps=200))
MISSING = ("mlp-relu", lambda d: without_class(d, 8), recipe("mlp-relu", steps=300))
NOISE_DENSE = ("mlp-relu", lambda d: with_noise(d, 0.2), recipe("mlp-relu", steps=500))
NOISE_CONV = ("conv", lambda d: with_noise(d, 0.4), recipe("conv", steps=500))
BY_HEART = (
    "mlp-relu",
    lambda d: with_few(d, 60),
    recipe("mlp-relu", steps=300, batch_size=50, evaluate_every=20, **PLAIN),
)
BY_HEART_CONV = (
    "conv",
    lambda d: with_few(d, 60),
    recipe("conv", steps=300, batch_size=50, evaluate_every=20, **PLAIN),
)
SHORT = (
    "conv",
    lambda d: with_few(d, 900),
    replace(saccade.recipe("conv", epochs=4, patience=None), schedule=Constant(0.001)),
)
ONE_EPOCH = ("softmax", lambda d: d, recipe("softmax", epochs=1))

CASES = {
    "the loss explodes": (SOFTMAX_50, "learning-rate-too-high"),
    "the loss is no number": (NAN, "learning-rate-too-high"),
    "each step is larger than the weights": (ADAM_03, "learning-rate-too-high"),
    "what was learned is lost": (LOST, "learning-rate-too-high"),
    "a tiny rate, no hidden layer": (TINY_LINE, "learning-rate-too-low"),
    "a tiny rate of gradient descent": (TINY_SGD, "learning-rate-too-low"),
    "a tiny rate of adam": (TINY_ADAM, "learning-rate-too-low"),
    "a tiny rate, convolutions": (TINY_CONV, "learning-rate-too-low"),
    "five sigmoids in a row": (SIGMOIDS, "slow-start"),
    "units born dead": (DEAD_BORN, "dead-relus"),
    "units killed by long steps": (DEAD_KILLED, "dead-relus"),
    "labels of nothing": (RANDOM, "at-chance"),
    "a class that train lacks": (MISSING, "class-never-predicted"),
    "a fifth of the labels is wrong": (NOISE_DENSE, "label-noise"),
    "two fifths are wrong": (NOISE_CONV, "label-noise"),
    "60 pictures learned by heart": (BY_HEART, "overfitting"),
    "by heart, convolutions": (BY_HEART_CONV, "overfitting"),
    "four epochs of a steady rate": (SHORT, "finished-too-early"),
    "a single epoch": (ONE_EPOCH, "finished-too-early"),
}


# The other convolutional cases compile for longest.
SLOW = ("a tiny rate, convolutions", "two fifths are wrong", "by heart, convolutions")


@pytest.mark.parametrize(
    "case",
    [pytest.param(each, marks=[pytest.mark.slow] if each in SLOW else []) for each in CASES],
)
def test_a_broken_training_gets_its_own_diagnosis(case, digits, trained):
    (model, spoil, how), expected = CASES[case]
    trace = trained(model(-10.0) if model is biased else model, spoil(digits), how)
    found = diagnose(trace)
    assert [each.name for each in found if each.problem] == [expected]
    for each in found:
        assert each.evidence and each.hope
        assert all(value == value for value in each.figures.values())
        if isinstance(model, str):
            assert each.command.startswith("saccade ")


def test_a_gap_that_dropout_makes_is_explained_and_no_problem(digits, trained):
    how = recipe("mlp-relu", steps=600, **PLAIN)
    found = diagnose(trained(forgetful(), with_few(digits, 900), how))
    assert [(each.name, each.problem) for each in found] == [("explained-gap", False)]
    assert "dropout leaves out up to 80 %" in found[0].evidence[1]
