"""The recipes that have a name: our own here, one a model, and the course's in originals.py."""

from dataclasses import replace
from typing import Any

from saccade.core.errors import unknown_name
from saccade.models import MODELS, OWN, TRANSFER, is_file, model_entry
from saccade.models.papers import DENSE_AND_FRACTAL, RESNETS
from saccade.train.geometry import Affine, AlternatingFlip, Shift
from saccade.train.originals import RECIPES
from saccade.train.recipe import Recipe
from saccade.train.schedule import Cosine, OneCycle

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

_DENSE = replace(_DEFAULT, batch_size=100, schedule=Cosine(0.003))
_NORMALISED = replace(_DEFAULT, epochs=12, least_steps=1_500, schedule=Cosine(0.003))
_PHOTO = replace(_DEFAULT, least_steps=1_000, batch_size=32, schedule=Cosine(0.003))
_DEEP = replace(_PHOTO, schedule=Cosine(0.001))
# Deep and without batch norm: at the others' rates VGG learns nothing (docs/guide/models.md).
_PLAIN = replace(_DEFAULT, batch_size=32, schedule=Cosine(0.0002), warmup_steps=100, clip_norm=5.0)

# The head of the course's flowers notebook; its penalty, too. As a rule the base is frozen, and an
# update takes microseconds.
_TRANSFER = replace(
    _DEFAULT,
    epochs=30,
    least_steps=500,
    batch_size=32,
    optimizer="adam",
    schedule=Cosine(0.003),
    weight_decay=0.0,
    l2=1e-4,
    augment=(),
    layer_decay=0.8,
)

# Jordan 2024 ("94 % on CIFAR-10 in 3.29 seconds"), without its own rate for batch norm's offsets,
# which changed nothing here (docs/lab-notes.md).
_AIRBENCH = replace(
    _DEFAULT,
    epochs=18,
    least_steps=600,
    batch_size=500,
    optimizer="sgd",
    schedule=OneCycle(0.75),
    momentum=0.85,
    nesterov=True,
    weight_decay=0.01,
    label_smoothing=0.2,
    ema=0.98,
    augment=(AlternatingFlip(), Shift(4, edge="nearest")),
    patience=0,
)

# Chosen by validation accuracy on digits and MNIST (docs/lab-notes.md): softmax, mlp-relu, conv,
# conv-bn and residual; the others take their family's.
DEFAULTS: dict[str, Recipe] = {
    "softmax": replace(
        _DEFAULT, batch_size=100, schedule=Cosine(0.02), weight_decay=0.0, augment=()
    ),
    "mlp": _DENSE,
    "mlp-relu": _DENSE,
    "mlp-dropout": _DENSE,
    "conv": _DEFAULT,
    "conv-dropout": _DEFAULT,
    "mlp-bn": _DENSE,
    "mlp-relu-bn": _DENSE,
    "conv-bn": _NORMALISED,
    "mlp-deep": replace(_DENSE, schedule=Cosine(0.001)),
    "conv-wide": _DEFAULT,
    "conv-bn-small": _NORMALISED,
    "K02": _DENSE,
    "K03": _DENSE,
    "K04": _DEFAULT,
    "K05": _NORMALISED,
    "E-dnn": _DENSE,
    "E-drop": _DENSE,
    "E-cnn": _DEFAULT,
    "E-deck-cnn": _DEFAULT,
    "S4-cnn": _DEFAULT,
    "L2-dnn": _DENSE,
    "L2-dnn-dropout": _DENSE,
    "L2-cnn": _DEFAULT,
    "T0": _DENSE,
    "T1": replace(_DENSE, augment=()),  # clothes come upright and in the middle
    "F-est": _PHOTO,
    "L3-cnn": _PHOTO,
    "cats-dogs": _PHOTO,
    "lenet5": _DEFAULT,
    "lenet5-1998": _DEFAULT,
    "residual": _PHOTO,
    "whitened": _AIRBENCH,
    **dict.fromkeys((*RESNETS, *DENSE_AND_FRACTAL), _DEEP),
    "alexnet": _PLAIN,
    "alexnet-2014": _PLAIN,
    "zfnet": _PLAIN,
    "vgg-16": _PLAIN,
    "vgg-19": _PLAIN,
    "googlenet": _PLAIN,
    "squeezenet-1.0": replace(_PLAIN, schedule=Cosine(0.001)),
    "squeezenet-1.1": replace(_PLAIN, schedule=Cosine(0.001)),
}


def begun_like(base: str | None, weights: str) -> str:
    """Whose default recipe a base under a new head takes: from first weights, that of its kind.

    What spares early layers (`layer_decay`) would keep a network that begins anew from learning.

    >>> begun_like("conv-bn", "runs/mine"), begun_like("conv-bn", "none")
    ('transfer', 'conv-bn')
    """
    if weights != "none":
        return TRANSFER
    return base if base is not None and base in MODELS else "residual"


def recipe(model: str, name: str = "default", **changes: Any) -> Recipe:
    """The recipe of this name (`default`: the model's own), with fields changed.

    `model` is a name, or `FILE.py:FUNCTION`: a network of a person's own takes what suits
    photographs.

    Raises:
        BadUsage: no such recipe, or a change out of range.

    >>> recipe("softmax", "G1.0").reported
    0.9268
    >>> recipe("conv", steps=50).steps
    50
    """
    if name == "default":
        if is_file(model) or model in OWN:
            found = _PHOTO
        elif model == TRANSFER:
            found = _TRANSFER
        else:
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
