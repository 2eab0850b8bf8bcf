"""The ladders that can be climbed: the course's own, its Keras codelab's, and Google's two."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from saccade.core.errors import unknown_name

STEPS = 10_001


@dataclass(frozen=True)
class Rung:
    """A model, its original's recipe, and what it adds to the rung below.

    `band` is where on MNIST its best watched accuracy must lie (Görner's comments speak of the
    best), or that of the last step (the notebooks print it); a control has none. `seconds` is what
    it took on the two cores of docs/lab-notes.md.
    """

    model: str
    recipe: str
    adds: str
    band: tuple[float, float] | None
    seconds: float
    steps: int | None = None
    judged_by: Literal["best watched", "last step"] = "best watched"


def _within_half_a_point(
    model: str, recipe: str, adds: str, reported: float, seconds: float
) -> Rung:
    band = (round(reported - 0.005, 6), round(reported + 0.005, 6))
    return Rung(model, recipe, adds, band, seconds, judged_by="last step")


FAMILIES: Mapping[str, tuple[Rung, ...]] = {
    "goerner": (
        Rung("softmax", "G1.0", "no hidden layer", (0.9248, 0.9288), 9, STEPS),
        Rung("mlp", "G2.0", "four hidden layers, sigmoid", (0.977, 0.981), 14),
        Rung("mlp-relu", "G2.1", "ReLU, falling rate", (0.980, 0.9856), 14),
        Rung("mlp-dropout", "G2.2", "dropout", (0.9797, 0.9837), 25),
        Rung("conv", "G3.0", "convolutions", (0.987, 0.991), 78),
        Rung("conv-dropout", "G3.1", "more of them, dropout", (0.990, 0.9955), 150),
        Rung("mlp-bn", "G4.0", "dense, sigmoid, batch norm", (0.979, 0.9879), 20),
        Rung("mlp-relu-bn", "G4.1", "dense, ReLU, batch norm", (0.982, 0.9879), 20),
        Rung("conv-bn", "G4.2", "wide convolutions, batch norm, dropout", (0.9925, 0.9978), 1000),
        Rung("conv-wide", "G4.2", "the same without batch norm", None, 950),
    ),
    "keras": (
        _within_half_a_point("softmax", "K01", "no hidden layer", 0.90, 4),
        _within_half_a_point("K02", "K02", "two hidden layers", 0.977, 8),
        _within_half_a_point("K03", "K03", "a third, falling rate, dropout", 0.9775, 10),
        _within_half_a_point("K04", "K04", "convolutions", 0.9892, 330),
        _within_half_a_point("K05", "K05", "batch norm, dropout", 0.9949, 220),
    ),
    "google": (
        _within_half_a_point("softmax", "L2-linear", "no hidden layer", 0.9134, 2),
        _within_half_a_point("L2-dnn", "L2-dnn", "two hidden layers", 0.9708, 3),
        _within_half_a_point("L2-dnn-dropout", "L2-dnn-dropout", "dropout", 0.9685, 3),
        _within_half_a_point("L2-cnn", "L2-cnn", "convolutions, max pooling", 0.9853, 80),
    ),
    "estimator": (
        _within_half_a_point("softmax", "E-lin", "no hidden layer", 0.9273, 2),
        _within_half_a_point("E-dnn", "E-dnn", "three hidden layers", 0.9814, 70),
        _within_half_a_point("E-drop", "E-drop", "dropout, twice the steps", 0.9784, 140),
        _within_half_a_point("E-cnn", "E-cnn", "convolutions, max pooling", 0.9897, 1500),
    ),
}


def choose(family: str, names: Sequence[str] | None) -> tuple[Rung, ...]:
    """The rungs of a family, all or those of these model names.

    Raises:
        BadUsage: no such family or rung.

    >>> [rung.recipe for rung in choose("keras", ["K02", "softmax"])]
    ['K02', 'K01']
    """
    if family not in FAMILIES:
        raise unknown_name("ladder family", family, FAMILIES)
    rungs = {rung.model: rung for rung in FAMILIES[family]}
    for name in names or ():
        if name not in rungs:
            raise unknown_name("rung", name, rungs)
    return tuple(rungs[name] for name in names) if names else FAMILIES[family]
