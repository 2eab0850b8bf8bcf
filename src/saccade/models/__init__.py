"""The models that have a name. A new one is a function in a family's file and a line in a table.

The tables load no Keras: `saccade models` and `--help` read them. Tests prove their numbers.
"""

from collections.abc import Mapping

from saccade.core.errors import BadUsage, unknown_name
from saccade.models.course import COURSE
from saccade.models.entry import Entry
from saccade.models.papers import PAPERS

MODELS: Mapping[str, Entry] = {**COURSE, **PAPERS}
# What a run calls a network of a person's own: from a file, or handed over in Python.
OWN = ("file", "keras")
# And a base with a new head (transfer.py).
TRANSFER = "transfer"
SMALL = 32


def default_model(shape: tuple[int, int, int]) -> str:
    """The model for pictures of this (height, width, channels) where none is asked for."""
    return "conv-bn" if max(shape[:2]) <= SMALL else "residual"


def model_entry(name: str) -> Entry:
    """The model of this name.

    Raises:
        BadUsage: there is none; names the nearest.
    """
    if name not in MODELS:
        raise unknown_name("model", name, MODELS)
    return MODELS[name]


def chosen_normalisation(name: str, asked: str | None) -> str | None:
    """What a model of this name is normalised by: what is `asked` for, else its default.

    None for a model that has no choice.

    Raises:
        BadUsage: no such model, or one that has no such choice; says which it has.

    >>> chosen_normalisation("conv-bn", None), chosen_normalisation("conv", None)
    ('batch', None)
    """
    choices = model_entry(name).choices
    if asked is None:
        return choices[0] if choices else None
    if not choices:
        having = ", ".join(f"`{each}`" for each, entry in MODELS.items() if entry.choices)
        raise BadUsage(
            f"`{name}` has no choice of normalisation, got `{asked}`; these models have: {having}"
        )
    if asked not in choices:
        raise unknown_name(f"normalisation of `{name}`", asked, choices)
    return asked


def is_file(model: str) -> bool:
    """Whether what was typed for a model is FILE.py:FUNCTION (see `saccade.models.user`).

    >>> is_file("my_net.py:build"), is_file("conv-bn")
    (True, False)
    """
    return ".py:" in model or model.endswith(".py")
