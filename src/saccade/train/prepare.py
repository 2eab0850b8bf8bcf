"""What is seen to before a training begins."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from saccade.core.errors import BadData, BadUsage
from saccade.core.records import Dataset
from saccade.data.split import hold_out
from saccade.models import MODELS, TRANSFER
from saccade.models.network import Network
from saccade.train.recipe import Recipe
from saccade.train.recipes import begun_like
from saccade.train.recipes import recipe as recipe_of
from saccade.train.resizing import check_grows


def with_reported(recipe: Recipe, network: Network, dataset: Dataset) -> Recipe:
    """What its authors report stands only beside their own network on their own data."""
    entry = MODELS.get(network.reference["model"])
    original = entry is not None and recipe.name in entry.ids
    return recipe if original and dataset.name == "mnist" else replace(recipe, reported=None)


def with_watched(dataset: Dataset, recipe: Recipe) -> Dataset:
    """The data set with a validation split, where the recipe watches one.

    Raises:
        BadUsage: nothing is, or can be, held out.
    """
    if recipe.watch != "validation" or dataset.validation is not None:
        return dataset
    if recipe.validation_share == 0:
        raise BadUsage("watching validation takes a --val-split above 0")
    train, validation = hold_out(dataset.train, recipe.validation_share, len(dataset.classes))
    if not len(validation):
        raise BadUsage("no class has two pictures, so nothing can be held out for validation")
    return dataset.with_validation(train, validation)


def default_recipe(model: str | Network, dataset: Dataset) -> Recipe:
    """A model's own, for these pictures.

    Raises:
        BadUsage: no such model, or as `with_watched`.
    """
    told: Mapping[str, Any] = {"model": model} if isinstance(model, str) else model.reference
    name = told["model"]
    if name == TRANSFER:
        name = begun_like(told["base"], told["weights"]["from"])
    return fitting(recipe_of(name), dataset)


def fitting(recipe: Recipe, dataset: Dataset) -> Recipe:
    """A default recipe with smaller batches where few pictures are left; others stay.

    Raises:
        BadUsage: as `with_watched`.
    """
    left = len(with_watched(dataset, recipe).train)
    if recipe.name != "default" or recipe.batch_size <= left:
        return recipe
    return replace(recipe, batch_size=max(left - left % recipe.accumulate, 1))


def check_fit(network: Network, dataset: Dataset, recipe: Recipe) -> None:
    """Refuses what can't be trained together.

    Raises:
        BadUsage: the shapes differ, a batch is more than there is, or pictures can't grow.
        BadData: all that is left to train on has the weight 0.
    """
    if network.input_shape != dataset.input_shape or network.classes != len(dataset.classes):
        raise BadUsage(
            f"the network takes {network.input_shape} and {network.classes} classes, "
            f"the data has {dataset.input_shape} and {len(dataset.classes)}"
        )
    if recipe.batch_size > len(dataset.train):
        raise BadUsage(
            f"--batch-size {recipe.batch_size} is more than there are training images: "
            f"{len(dataset.train):,}"
        )
    check_grows(network.graph, recipe.grow_from)
    if dataset.train.weights is not None and not dataset.train.weights.any():
        raise BadData("all pictures that are left to train on have the weight 0")
