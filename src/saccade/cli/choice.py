"""Which network and which recipe were asked for."""

from dataclasses import dataclass, replace
from typing import Any

from saccade.core.errors import BadUsage
from saccade.core.locate import find
from saccade.core.records import Dataset
from saccade.models.bases import BASES
from saccade.models.published import FOLDER
from saccade.run.beginning import begun

DEFAULT_BASES = ("mobilenetv2", "squeezenet1.1")
LEAST_SIDE = 96  # of a photograph, in pixels
OFFERED = "squeezenet1.1"  # the smallest base, whose weights lie in a file of 2.5 MB


@dataclass(frozen=True)
class Begin:
    """A base with a new head, as typed (`saccade.train.transfer`).

    One that nobody `asked` for is the default for photographs, and for nothing else.
    """

    base: str | None
    weights: str
    unfreeze: str
    asked: bool = True

    def suits(self, dataset: Dataset) -> bool:
        """Whether to begin so with these pictures."""
        return self.asked or min(dataset.input_shape[:2]) >= LEAST_SIDE


def default_begin() -> Begin | None:
    """Of the bases whose weights are here, the one whose features say most; None if none is."""
    for name in DEFAULT_BASES:
        if find(FOLDER, BASES[name].without_top.file):
            return Begin(name, "imagenet", "none", asked=False)
    return None


def check_names(data: str, model: str | Begin | None) -> None:
    """Names first: they are checked in no time, reading is not."""
    from saccade.data import is_path, named_entry
    from saccade.models import is_file, model_entry

    if not is_path(data):
        named_entry(data)
    if isinstance(model, Begin):
        from saccade.train.transfer import check_choice

        check_choice(model.base, model.weights, model.unfreeze)
    elif model is not None and is_file(model):
        from saccade.models.user import check_file

        check_file(model)
    elif model is not None:
        model_entry(model)


def check_normalisation(model: str | Begin | None, asked: str | None) -> None:
    """Whether a model has the choice that was typed, before anything is read."""
    from saccade.models import chosen_normalisation, is_file

    if asked is None or model is None:
        return
    if isinstance(model, Begin) or is_file(model):
        raise BadUsage(
            "--normalisation is a choice of models of the table (`saccade models`); a base and a "
            "network of your own have theirs: leave it out"
        )
    chosen_normalisation(model, asked)


def chosen_recipe(
    model: str,
    name: str,
    choices: dict[str, Any],
    lr: float | None,
    schedule: str | None,
    augment: str | None,
    dataset: Dataset | None,
) -> Any:
    """The recipe of this name, with what was typed instead of what it says; it fits the data."""
    from saccade.train import augment as augmentations
    from saccade.train import schedule as schedules
    from saccade.train.prepare import fitting
    from saccade.train.recipes import recipe as named_recipe

    changes = {key: value for key, value in choices.items() if value is not None}
    recipe = named_recipe(model, name, **_consistent(changes))
    if dataset is not None and "batch_size" not in changes:
        recipe = fitting(recipe, dataset)
    if schedule is not None:
        recipe = replace(recipe, schedule=schedules.named(schedule)(recipe.schedule.rate))
    if augment is not None:
        recipe = replace(recipe, augment=augmentations.named(augment))
    return recipe if lr is None else recipe.with_rate(lr)


def chosen_network(
    model: str | Begin | None, dataset: Dataset, seed: int, normalisation: str | None = None
) -> tuple[Any, str]:
    """The network, and why it is this one."""
    from saccade.models import default_model
    from saccade.models.network import build  # loads Keras: seconds later
    from saccade.models.user import as_network

    if isinstance(model, Begin):
        from saccade.train.transfer import transfer

        network = transfer(model.base, dataset, weights=model.weights, unfreeze=model.unfreeze)
        default = "" if model.asked else "; the default for photographs, --model takes another"
        return network, f"{begun(network.reference)}{default}"
    chosen = model or default_model(dataset.input_shape)
    shape, classes = dataset.input_shape, len(dataset.classes)
    why = "as asked" if model else "the default for pictures of this size; --model takes another"
    if normalisation is not None:
        network = build(chosen, shape, classes, normalisation)
        return network, f"{why}; normalisation {normalisation}"
    return as_network(chosen, shape, classes, seed=seed), why


def as_base_wants(begin: Begin) -> dict[str, Any]:
    """How pictures in files are read for a base; where nobody asked for it, grey ones stay grey."""
    base = BASES.get(begin.base or "")
    if base is None:
        return {}
    return {"default_size": base.size, **({"colour": True} if begin.asked else {})}


def in_files(data: str) -> bool:
    """Whether its pictures are files, which can be read in any size."""
    from saccade.data import find
    from saccade.data.listing import Listing

    return isinstance(find(data, None, None)[1], Listing)


def _consistent(changes: dict[str, Any]) -> dict[str, Any]:
    """Early stopping only where nobody said how long; a held-out share is there to be watched."""
    if ("epochs" in changes or "steps" in changes) and "patience" not in changes:
        changes = {**changes, "patience": None}
    if changes.get("validation_share"):
        changes = {**changes, "watch": "validation"}
    return changes
