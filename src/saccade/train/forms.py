"""How a network's convolutions are computed here: what is fastest for it on this device."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from saccade.models.activation import Form
from saccade.models.backend import jax
from saccade.models.graph import Graph, Node

CONVOLUTIONS = (
    "Conv2D",
    "DepthwiseConv2D",
    "SeparableConv2D",
    "saccade.models.weight_norm.WeightNormConv2D",
)


@dataclass(frozen=True)
class Forms:
    """How convolutions are computed inside the training loop, and when answering.

    A batch is trained on in `parts`: XLA gives them to several cores (docs/lab-notes.md). Their
    number is part of the form and not the machine's: it changes roundings. What the layers up to
    the position `frozen` give is computed once, and training begins behind them; -1: nothing is.
    """

    training: Form
    answering: Form
    parts: int = 1
    frozen: int = -1

    @property
    def looped(self) -> bool:
        """Whether a chunk is one loop: XLA runs its own convolutions in a loop on one core."""
        return self.training != "direct"


def choose_forms(graph: Graph, frozen: int = -1) -> Forms:
    """Elsewhere than on a CPU, the vendor's convolutions are best.

    On a CPU XLA has a fast library for convolutions of more than 16 channels, which it uses outside
    loops only; all others are faster as patches (docs/lab-notes.md). What most of the work is
    decides how to train; answering goes that way as soon as one convolution can.
    """
    if jax.default_backend() != "cpu":
        return Forms("layers", "layers", frozen=frozen)
    training, everything = _work(graph.nodes[frozen + 1 :]), _work(graph.nodes)
    form: Form = "direct" if training["wide"] > training["narrow"] else "patches"
    convolves = sum(training.values()) > 0
    return Forms(
        form,
        "direct" if everything["wide"] else "patches",
        parts=2 if convolves and form == "patches" else 1,
        frozen=frozen,
    )


def _work(nodes: Sequence[Node]) -> dict[str, int]:
    """Multiplications of wide and of narrow convolutions."""
    work = {"wide": 0, "narrow": 0}
    for node in nodes:
        if node.kind in CONVOLUTIONS:
            wide = max(node.input_shape[-1], node.output_shape[-1]) > 16
            places = math.prod(node.output_shape[:2])
            weights = sum(math.prod(v.shape) for _, v in node.weights)
            work["wide" if wide else "narrow"] += places * weights
    return work
