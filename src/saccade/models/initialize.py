"""First weights, drawn with NumPy from a seed.

Keras would draw each variable with a compiled program of its own: five seconds for a small
convolutional net, against a millisecond here; and NumPy's streams are the same on every machine.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np

from saccade.models.backend import keras
from saccade.models.graph import Graph

Rule = Literal["layers", "truncated-normal"]
"""`layers`: as each layer says. `truncated-normal`: kernels with deviation 0.1, as the decks do."""

DECK_DEVIATION = 0.1
# The deviation of a standard normal cut at 2: He et al. and Keras divide by it.
_CUT = 0.87962566103423978


class PassingOn(keras.initializers.VarianceScaling):  # type: ignore[misc]
    """Kernels of a convolution that begin by passing their input on: one each, as far as they go.

    Zagoruyko and Komodakis, "DiracNets", 2017. The others are drawn evenly with a variance of a
    third of the inputs' inverse, a sixth of He's, which is PyTorch's own rule: beside kernels of
    ones, and before batch norm, larger ones only learn more slowly.
    """

    def __init__(self) -> None:
        super().__init__(scale=1 / 3, mode="fan_in", distribution="uniform")

    def passing_on(self, kernel: np.ndarray) -> np.ndarray:
        """[height, width, inputs, outputs] with the first outputs equal to the inputs.

        >>> PassingOn().passing_on(np.zeros((3, 3, 1, 2)))[:, :, 0, 0].tolist()
        [[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
        """
        high, wide, inputs, outputs = kernel.shape
        each = range(min(inputs, outputs))
        kernel[..., each] = 0
        kernel[high // 2, wide // 2, each, each] = 1
        return kernel


def first_weights(graph: Graph, rule: Rule, seed: int) -> dict[str, np.ndarray]:
    """Every variable's first value by full name; float32.

    Kernels that a layer starts at zero stay zero under either rule.
    """
    rng = np.random.default_rng(seed)
    return {
        name: _draw(rng, variable, rule, is_kernel=name.endswith("/kernel"))
        for name, variable in graph.weights.items()
    }


def first_values(variables: list[Any]) -> list[np.ndarray]:
    """The first values of an optimizer's variables (zeros and counters: nothing is random)."""
    rng = np.random.default_rng(0)
    return [np.asarray(_draw(rng, v, "layers", is_kernel=False), dtype=v.dtype) for v in variables]


@contextmanager
def unallocated() -> Iterator[None]:
    """Keras variables made inside have a shape and an initializer, but no value."""
    with keras.StatelessScope(initialize_variables=False):
        yield
    # Else Keras draws them all at the end of the next scope, five seconds' work.
    from keras.src.backend.common import global_state

    global_state.set_global_attribute("uninitialized_variables", [])


def _draw(rng: np.random.Generator, variable: Any, rule: Rule, *, is_kernel: bool) -> np.ndarray:
    shape, initializer = tuple(variable.shape), variable._initializer
    if initializer is None:  # a user's own model: its variables hold their values already
        return np.array(variable.value)
    kinds = keras.initializers
    if isinstance(initializer, kinds.Zeros):
        return np.zeros(shape, np.float32)
    if isinstance(initializer, kinds.Ones):
        return np.ones(shape, np.float32)
    if isinstance(initializer, kinds.Constant):
        return np.full(shape, initializer.value, np.float32)
    if is_kernel and rule == "truncated-normal":
        return _truncated(rng, shape) * np.float32(DECK_DEVIATION)
    if isinstance(initializer, PassingOn):
        return initializer.passing_on(_variance_scaling(rng, shape, initializer))
    if isinstance(initializer, kinds.VarianceScaling):
        return _variance_scaling(rng, shape, initializer)
    if isinstance(initializer, kinds.TruncatedNormal):
        return _truncated(rng, shape) * np.float32(initializer.stddev) + np.float32(
            initializer.mean
        )
    if isinstance(initializer, kinds.RandomNormal):
        return rng.normal(initializer.mean, initializer.stddev, shape).astype(np.float32)
    if isinstance(initializer, kinds.RandomUniform):
        return rng.uniform(initializer.minval, initializer.maxval, shape).astype(np.float32)
    return np.array(initializer(shape))


def _variance_scaling(
    rng: np.random.Generator, shape: tuple[int, ...], initializer: Any
) -> np.ndarray:
    """Glorot, He and LeCun: variance = scale / fan, as `keras.initializers.VarianceScaling`."""
    receptive = math.prod(shape[:-2])
    fan_in, fan_out = receptive * shape[-2], receptive * shape[-1]
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
    deviation = math.sqrt(initializer.scale / max(1.0, fan[initializer.mode]))
    if initializer.distribution == "uniform":
        limit = math.sqrt(3) * deviation
        return rng.uniform(-limit, limit, shape).astype(np.float32)
    if initializer.distribution == "untruncated_normal":
        return rng.normal(0, deviation, shape).astype(np.float32)
    return _truncated(rng, shape) * np.float32(deviation / _CUT)


def _truncated(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Standard normal; values beyond 2 are drawn again (TensorFlow's truncated_normal)."""
    values = rng.normal(size=shape)
    while (beyond := np.abs(values) > 2).any():
        values[beyond] = rng.normal(size=int(beyond.sum()))
    return values.astype(np.float32)
