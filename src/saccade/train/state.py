"""What an update changes."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from saccade.models.backend import jax

jnp = jax.numpy
Array = Any


class State(NamedTuple):
    """What an update changes: the network's weights by full name, the optimizer's in its order.

    `average` holds the moving average of the weights where the recipe has one, else nothing.
    """

    weights: dict[str, Array]
    optimizer: list[Array]
    average: dict[str, Array]

    @property
    def answering(self) -> dict[str, Array]:
        """The weights that are evaluated, kept as the result and answer."""
        return self.average or self.weights


def to_device(
    weights: Mapping[str, np.ndarray],
    optimizer: list[np.ndarray],
    average: Mapping[str, np.ndarray],
) -> State:
    """A state from host arrays, copied: the device may reuse its memory."""
    return State(
        {name: jnp.array(value) for name, value in weights.items()},
        [jnp.array(value) for value in optimizer],
        {name: jnp.array(value) for name, value in average.items()},
    )


def averaged(
    average: dict[str, Array], weights: Mapping[str, Array], ema: float | None, step: Array
) -> dict[str, Array]:
    """Forgets at min(ema, (1 + step) / (10 + step)), so that the first values fade at once."""
    if ema is None:
        return average
    keep = jnp.minimum(ema, (1.0 + step) / (10.0 + step))
    return {name: old * keep + weights[name] * (1 - keep) for name, old in average.items()}
