"""What goes through a layer graph, and how: the values, the mode of a pass, its weights."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from saccade.models.backend import jax, keras
from saccade.models.graph import Node
from saccade.models.precision import Precision, lowered

Array = Any
Form = Literal["patches", "direct", "layers"]  # see forward.py

# An activation that mixes classes or pixels (softmax) must see Keras' own layout.
ELEMENTWISE = frozenset(
    "linear relu relu6 leaky_relu elu selu celu gelu silu sigmoid tanh softplus softsign "
    "hard_sigmoid hard_silu hard_tanh mish exponential".split()
)


@dataclass(frozen=True)
class Mode:
    """How a pass is made. `key` feeds dropout; `step` counts finished updates.

    With `batch_norm_warmup` a moving average forgets at min(momentum, (1 + step) / (10 + step)), as
    the decks' do; a fixed 0.999 would still hold a third of the initial values at step 1,000.
    """

    training: bool = False
    key: Array = None
    step: Array = 0
    batch_norm_warmup: bool = False
    precision: Precision = "float32"


@dataclass(frozen=True)
class Activation:
    """A value on its way: batch-first (n, h, w, c) or (n, features), or batch-last (c, h, w, n)."""

    array: Array
    last: bool = False

    @property
    def pictures(self) -> int:
        """How many there are."""
        return int(self.array.shape[-1 if self.last else 0])

    def batch_first(self) -> Array:
        return self.array.transpose(3, 1, 2, 0) if self.last else self.array

    def batch_last(self) -> Array:
        return self.array if self.last else self.array.transpose(3, 1, 2, 0)


Parts = tuple[Activation, ...]  # of one batch, in order


@dataclass(frozen=True)
class Pass:
    """One way through the graph: the weights going in, the moving averages coming out."""

    weights: Mapping[str, Array]
    mode: Mode
    form: Form
    turned: frozenset[str] = frozenset()
    updates: dict[str, Array] = field(default_factory=dict)

    def kernel(self, name: str) -> Array:
        """A weight as it is multiplied."""
        return lowered(self.weights[name], self.mode.precision)

    def key(self, node: Node) -> Array:
        """A random key of this node's own."""
        return jax.random.fold_in(self.mode.key, node.position)


def is_elementwise(activation: Any) -> bool:
    """Whether it is one of Keras' activations that look at one value at a time."""
    name = getattr(activation, "__name__", "")
    return name in ELEMENTWISE and getattr(keras.activations, name, None) is activation
