"""From a recipe to a Keras optimizer."""

from typing import Any

from saccade.models.backend import keras
from saccade.train.muon import Muon
from saccade.train.recipe import Recipe


def make_optimizer(recipe: Recipe, matrices: frozenset[int]) -> Any:
    """The optimizer a recipe names; its learning rate is set anew at every step.

    Weight decay is decoupled (Loshchilov and Hutter 2017); biases, offsets and scales are left out.
    Of the variables it will get, those at the positions `matrices` are what Muon is for.
    """
    rate = recipe.schedule.rate
    decay = recipe.weight_decay or None
    kinds = keras.optimizers
    match recipe.optimizer:
        case "sgd":
            optimizer = kinds.SGD(
                rate, momentum=recipe.momentum, nesterov=recipe.nesterov, weight_decay=decay
            )
        case "rmsprop":
            optimizer = kinds.RMSprop(
                rate, rho=recipe.rho, epsilon=recipe.epsilon, weight_decay=decay
            )
        case "adam":
            optimizer = kinds.Adam(rate, epsilon=recipe.epsilon, weight_decay=decay)
        case "adamw":
            optimizer = kinds.AdamW(rate, epsilon=recipe.epsilon, weight_decay=recipe.weight_decay)
        case "muon":
            optimizer = Muon(rate, matrices, recipe.epsilon, decay)
    if recipe.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])
    return optimizer
