"""The recipes that have a name. A new one is an entry in `RECIPES`.

The originals' losses are sums over a batch of 100 where ours are means: a gradient descent rate of
0.005 is 0.5 here, and an Adam epsilon of 1e-8 is 1e-10. They divide bytes by 256, shuffle once,
start kernels with a truncated normal of deviation 0.1 and watch the test set.
"""

from dataclasses import replace
from typing import Any

from saccade.core.errors import unknown_name
from saccade.models import model_entry
from saccade.train.augment import Affine
from saccade.train.recipe import Recipe
from saccade.train.schedule import Constant, Cosine, Exponential

_DECK = Recipe(
    steps=10_001,
    batch_size=100,
    optimizer="adam",
    schedule=Exponential(0.003, floor=0.0001, decay_steps=2000),
    epsilon=1e-10,
    initialization="truncated-normal",
    shuffle="once",
    pixel_scale=1 / 256,
    validation_share=0.0,
    watch="test",
    evaluate_every=100,
)

RECIPES: dict[str, Recipe] = {
    "G1.0": replace(
        _DECK,
        name="G1.0",
        source="Görner, mnist_1.0_softmax.py",
        reported=0.9268,
        steps=2_001,
        optimizer="sgd",
        schedule=Constant(0.5),
        evaluate_every=50,
    ),
    "G2.1": replace(
        _DECK,
        name="G2.1",
        source="Görner, mnist_2.1_five_layers_relu_lrdecay.py",
        reported=0.9824,
    ),
    "G3.0": replace(
        _DECK, name="G3.0", source="Görner, mnist_3.0_convolutional.py", reported=0.989
    ),
    "G4.2": replace(
        _DECK,
        name="G4.2",
        source="Görner, mnist_4.2_batchnorm_convolutional.py",
        reported=0.9955,
        schedule=Exponential(0.02, floor=0.0001, decay_steps=1600),
    ),
}

_DEFAULT = Recipe(
    name="default",
    epochs=20,
    least_steps=3_000,
    batch_size=50,
    optimizer="adamw",
    schedule=Cosine(0.005),
    weight_decay=0.1,
    augment=(Affine(),),
    patience=10,
)

# Chosen by validation accuracy on digits and MNIST (docs/lab-notes.md).
DEFAULTS: dict[str, Recipe] = {
    "softmax": replace(
        _DEFAULT, batch_size=100, schedule=Cosine(0.02), weight_decay=0.0, augment=()
    ),
    "mlp-relu": replace(_DEFAULT, batch_size=100, schedule=Cosine(0.003)),
    "conv": _DEFAULT,
    "conv-bn": replace(_DEFAULT, epochs=12, least_steps=1_500, schedule=Cosine(0.003)),
    "residual": replace(_DEFAULT, least_steps=1_000, batch_size=32, schedule=Cosine(0.003)),
}


def recipe(model: str, name: str = "default", **changes: Any) -> Recipe:
    """The recipe of this name (`default`: the model's own), with fields changed.

    Raises:
        BadUsage: no such recipe, or a change out of range.

    >>> recipe("softmax", "G1.0").reported
    0.9268
    >>> recipe("conv", steps=50).steps
    50
    """
    if name == "default":
        model_entry(model)
        found = DEFAULTS[model]
    elif name in RECIPES:
        found = RECIPES[name]
    else:
        raise unknown_name("recipe", name, ["default", *RECIPES])
    if "steps" in changes:
        changes = {"epochs": None, **changes}
    elif "epochs" in changes:
        changes = {"steps": None, "least_steps": 0, **changes}
    return replace(found, **changes)
