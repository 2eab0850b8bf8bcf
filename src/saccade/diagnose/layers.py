"""Does the signal get through the layers? Dead ReLUs, and sigmoids that let little through."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from saccade.diagnose.again import train_again
from saccade.diagnose.finding import Finding
from saccade.diagnose.rate import lower_rate
from saccade.diagnose.trace import Trace, means

Layer = Mapping[str, Any]

DEAD = 2 / 3  # of a layer's units
FEWEST_UNITS = 8  # of fewer, many may be dead by chance
SATURATING = ("sigmoid", "tanh", "hard_sigmoid", "hard_tanh", "softsign")
STARTED = 0.9  # of the loss of guessing
SLOW = 0.2  # of all updates
FEWEST_STEPS = 50


def dead_relus(trace: Trace) -> Finding | None:
    """Two thirds of a ReLU layer give 0 for every picture: those units can't learn any more."""
    relus = [layer for layer in trace.layers if layer["activation"] == "relu"]
    seen = [arrays for arrays in trace.settled if "fired" in arrays]
    if not relus or not seen:
        return None
    pictures = sum(len(arrays["batch_labels"]) for arrays in seen)
    now = _dead(relus, np.max([arrays["fired"] for arrays in seen], axis=0))
    worst = [(layer, dead) for layer, dead in zip(relus, now, strict=True) if _many(layer, dead)]
    if not worst:
        return None
    from_the_start = "fired" in trace.first and all(
        _many(layer, dead)
        for layer, dead in zip(relus, _dead(relus, trace.first["fired"]), strict=True)
        if layer in [each for each, _ in worst]
    )
    if from_the_start:
        why = "so it was at the first step: it is how they start, not what they learned"
        other = "conv" if _is_convolutional(trace) else "mlp-relu"
        command = train_again(trace, model=other)
        hope = (
            f"`{other}` starts its biases at 0.1 and its kernels with he_normal: do so in a "
            "network of your own"
        )
    else:
        why = f"updates were too long for them: the learning rate went up to {trace.rate:.2g}"
        command = train_again(trace, lr=lower_rate(trace))
        hope = "a much lower rate: fewer of them should be pushed below 0 for good"
    lines = [f"{layer['name']}: {dead} of {layer['units']} units" for layer, dead in worst]
    layer, dead = max(worst, key=lambda pair: pair[1] / pair[0]["units"])
    return Finding(
        "dead-relus",
        "Many ReLU units are dead",
        (f"0 for all of {pictures:,} training pictures: {', '.join(lines)}", why),
        command,
        hope,
        {"dead_share": dead / layer["units"], "pictures": pictures},
    )


def slow_start(trace: Trace) -> Finding | None:
    """The loss stays at guessing for a fifth of the training or more, in a net of sigmoids."""
    kinds = {layer["kind"] for layer in trace.layers}
    squashing = [layer for layer in trace.layers if layer["activation"] in SATURATING]
    if not squashing or "BatchNormalization" in kinds or not trace.steps:
        return None
    width = min(trace.steps, max(5, trace.length // 50))
    below = np.flatnonzero(means(trace.losses, width) < STARTED * trace.chance_loss)
    start = int(below[0]) + width if len(below) else trace.steps
    if start < max(SLOW * trace.length, FEWEST_STEPS):
        return None
    until = f"until step {start:,} of {trace.length:,}" if len(below) else "throughout"
    kind = squashing[0]["activation"]
    other = "conv" if _is_convolutional(trace) else "mlp-relu"
    return Finding(
        "slow-start",
        f"A slow start: the {kind} layers let little through",
        (
            f"the training loss stayed where guessing is ({trace.chance_loss:.2f}) {until}",
            *_slopes(trace),
        ),
        train_again(trace, model=other),
        "ReLU instead: its slope is 1 wherever it is not 0, a sigmoid's at most 1/4",
        {"start": start, "share": start / trace.length},
    )


def _slopes(trace: Trace) -> list[str]:
    names = [str(name) for name in trace.first.get("variables", ())]
    kernels = [i for i, name in enumerate(names) if name.endswith("kernel")]
    if len(kernels) < 2:
        return []
    first, last = trace.first["gradient_norms"][[kernels[0], kernels[-1]]]
    if not 0 < first < last:
        return []
    return [f"at first the slope of the first layer was {last / first:,.0f} times shorter than the "
            f"last one's ({first:.2g}, {last:.2g})"]  # fmt: skip


def _dead(relus: Sequence[Layer], fired: np.ndarray) -> list[int]:
    """How many units of each layer fired for no picture."""
    ends = np.cumsum([layer["units"] for layer in relus])[:-1]
    return [int((units == 0).sum()) for units in np.split(fired, ends)]


def _many(layer: Layer, dead: int) -> bool:
    units = int(layer["units"])
    return dead == units or (units >= FEWEST_UNITS and dead >= DEAD * units)


def _is_convolutional(trace: Trace) -> bool:
    return any("Conv" in layer["kind"] for layer in trace.layers)
