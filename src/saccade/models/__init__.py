"""The models that have a name. A new one is a function in a family's file and a line in `MODELS`.

This table loads no Keras: `saccade models` and `--help` read it. Tests prove its numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from saccade.core.errors import unknown_name


@dataclass(frozen=True)
class Entry:
    """A model: `family` is the file and `function` the name in it that makes the network.

    `ids` are the originals it is (docs/guide/models.md), `parameters` its trainable weights on
    `shape` (height, width, channels) with 10 classes, `least` the smallest side it can take.
    """

    family: str
    function: str
    what: str
    ids: tuple[str, ...]
    parameters: int
    shape: tuple[int, int, int] = (28, 28, 1)
    least: int = 1


MODELS: Mapping[str, Entry] = {
    "softmax": Entry(
        "softmax", "softmax", "no hidden layer", ("G1.0", "K01", "L1", "L2-linear", "E-lin"), 7_850
    ),
    "mlp-relu": Entry("mlp", "mlp_relu", "dense 200-100-60-30", ("G2.1",), 185_300),
    "conv": Entry("conv", "conv", "convolutions 4-8-12, dense 200", ("G3.0",), 122_270, least=4),
    "conv-bn": Entry(
        "conv",
        "conv_bn",
        "convolutions 24-48-64, dense 200, batch norm, dropout",
        ("G4.2",),
        708_362,
        least=4,
    ),
    "residual": Entry(
        "residual",
        "residual",
        "four residual blocks of 16-32-64-128, batch norm; for photographs",
        (),
        308_826,
        shape=(96, 96, 3),
        least=8,
    ),
}
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
