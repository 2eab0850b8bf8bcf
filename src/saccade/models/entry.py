"""A line of a table of models."""

from dataclasses import dataclass

NORMALISATIONS = ("batch", "layer", "weight", "selu", "none")
"""What a block's values are normalised by (block.py), the first where nobody says."""


@dataclass(frozen=True)
class Entry:
    """A model: `family` is the file and `function` the name in it that makes the network.

    `ids` are the originals it is (docs/guide/models.md), `parameters` its trainable weights on
    `shape` (height, width, channels) with `classes` classes, `least` the smallest side it takes.
    With `choices` the function takes one of them as a third argument, `normalisation`; the first
    is the default.
    `answering` are those that its answer comes through, where others help only while it trains.
    """

    family: str
    function: str
    what: str
    ids: tuple[str, ...]
    parameters: int
    shape: tuple[int, int, int] = (28, 28, 1)
    least: int = 1
    classes: int = 10
    choices: tuple[str, ...] = ()
    answering: int | None = None
