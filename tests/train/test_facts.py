"""The record names the layers, so that who reads it needs no Keras."""

import json

import saccade
from saccade.models.backend import keras

layers = keras.layers


def layers_of(model):
    dataset = saccade.load("digits")
    started = next(saccade.fit(model, dataset, saccade.recipe("conv", steps=1)))
    return json.loads(json.dumps(started.facts))["model"]["layers"]


def test_every_layer_with_its_units_and_what_it_does_to_them():
    named = {each["name"]: each for each in layers_of("mlp-dropout")}
    assert named["01-dense"] == {
        "name": "01-dense",
        "kind": "Dense",
        "units": 200,
        "activation": "relu",
    }
    assert named["02-dropout"]["rate"] == 0.25
    assert list(named.values())[-1]["activation"] == ""
    assert {each["activation"] for each in layers_of("mlp")} == {"sigmoid", ""}


def test_a_relu_is_one_however_it_is_written():
    body = [
        layers.Conv2D(3, 3),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Conv2D(4, 3),
        layers.Activation("relu"),
        layers.LeakyReLU(),
        layers.ReLU(negative_slope=0.1),
        layers.ReLU(max_value=6.0),
        layers.Flatten(),
        layers.Dense(5, activation="tanh"),
        layers.Dense(10),
    ]
    own = saccade.from_keras(keras.Sequential([keras.Input((8, 8, 1)), *body]), 10)
    told = [(each["kind"], each["units"], each["activation"]) for each in layers_of(own)]
    assert told == [
        ("Conv2D", 3, ""),
        ("BatchNormalization", 3, ""),
        ("ReLU", 3, "relu"),
        ("Conv2D", 4, ""),
        ("Activation", 4, "relu"),
        ("LeakyReLU", 4, ""),
        ("ReLU", 4, ""),
        ("ReLU", 4, ""),
        ("Flatten", 64, ""),
        ("Dense", 5, "tanh"),
        ("Dense", 10, ""),
    ]
