"""Who takes part in a scarcity curve: a network and a recipe under the name that a person types.

conv-bn              from scratch, its pictures as they are
conv-bn+augment      from scratch, with the recipe's augmentation
conv-bn+transfer     a base of ours with what `--weights` brings; only the head learns
squeezenet1.1        a base that ImageNet taught, or `--weights`; only the head learns
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

from saccade.core.errors import BadUsage, unknown_name
from saccade.core.records import Dataset
from saccade.models import MODELS, TRANSFER
from saccade.models.bases import BASES
from saccade.models.network import Network, build
from saccade.train.recipe import Recipe
from saccade.train.recipes import recipe as named_recipe
from saccade.train.transfer import transfer

Start = Literal["scratch", "augmented", "transfer"]
ENDINGS: dict[str, Start] = {"": "scratch", "augment": "augmented", "transfer": "transfer"}


@dataclass(frozen=True, eq=False)
class Contender:
    """A network that is trained on more and more of its data set; `start` is what it begins with.

    The data set may be read in another size than that of another contender, as a base wants it.
    """

    name: str
    start: Start
    dataset: Dataset
    network: Network
    recipe: Recipe

    def to_json(self) -> dict[str, Any]:
        """What must be the same for its results to be."""
        return {
            "data": self.dataset.fingerprint,
            "weights": self.network.reference.get("weights", {}).get("sha256", ""),
            "recipe": self.recipe.to_json(),
        }


def start_of(name: str) -> tuple[str, Start]:
    """The model or base of a name, and what it begins with.

    Raises:
        BadUsage: no such model, base or ending.

    >>> start_of("conv-bn+augment"), start_of("squeezenet1.1")
    (('conv-bn', 'augmented'), ('squeezenet1.1', 'transfer'))
    """
    model, plus, ending = name.partition("+")
    if ending not in ENDINGS or (plus and not ending):
        raise unknown_name("ending", ending, [each for each in ENDINGS if each])
    if model in BASES and ending in ("", "transfer"):
        return model, "transfer"
    if model in BASES:
        raise BadUsage(
            f"{name}: a base's pictures are not augmented, what it makes of them is kept"
        )
    if model not in MODELS:
        raise unknown_name("model", model, [*MODELS, *BASES])
    return model, ENDINGS[ending]


def contender(name: str, dataset: Dataset, weights: str = "imagenet") -> Contender:
    """The one of this name on this data.

    Raises:
        BadUsage: no such name, or it does not take these pictures.
        MissingFile: its weights are not here.

    >>> import saccade
    >>> contender("conv", saccade.load("digits")).recipe.augment
    ()
    """
    model, start = start_of(name)
    if start == "transfer":
        if weights == "none":
            raise BadUsage("--weights none is from scratch: leave it, or the base, out")
        network = transfer(model, dataset, weights=weights)
        return Contender(name, start, dataset, network, named_recipe(TRANSFER))
    recipe = named_recipe(model)
    if start == "scratch":
        recipe = replace(recipe, augment=())
    elif not recipe.augment:
        raise BadUsage(f"{name}: the recipe of `{model}` augments nothing; leave +augment out")
    network = build(model, dataset.input_shape, len(dataset.classes))
    return Contender(name, start, dataset, network, recipe)
