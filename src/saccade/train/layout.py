"""How the variables of a training lie: as Keras has them, or as a loop keeps them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from saccade.models.backend import keras
from saccade.models.graph import Graph
from saccade.models.initialize import unallocated
from saccade.train.optimizer import make_optimizer
from saccade.train.recipe import Recipe
from saccade.train.state import State

Array = Any


@dataclass(frozen=True, eq=False)
class Layout:
    """The variables that updates move, and their optimizer; kernels in `turned` lie transposed.

    XLA's products in a loop are faster with kernels as [units, inputs]: softmax regression trains
    twice as fast (docs/lab-notes.md).
    """

    graph: Graph
    recipe: Recipe
    turned: frozenset[str] = frozenset()

    @cached_property
    def trainable(self) -> list[str]:
        """Full names of the variables that updates move, in order."""
        return [name for name, v in self.graph.weights.items() if v.trainable]

    @cached_property
    def shares(self) -> list[float]:
        """How much of the learning rate each of them takes (`Recipe.layer_decay`)."""
        shares, share = {}, 1.0
        for node in reversed(self.graph.nodes):
            shares.update({name: share for name, _ in node.weights})
            if any("kernel" in name for name, _ in node.weights):
                share *= self.recipe.layer_decay
        return [shares[name] for name in self.trainable]

    @cached_property
    def matrices(self) -> frozenset[int]:
        """Which of them, by position, are kernels of dense layers and convolutions but the last.

        A depthwise kernel is none: its channels have nothing to do with each other.
        """
        kinds = {"Dense": "kernel", "Conv2D": "kernel", "SeparableConv2D": "pointwise_kernel"}
        kernels = {n.position: n.weight(kinds[n.kind]) for n in self.graph.nodes if n.kind in kinds}
        leading = [node.position for node in self.graph.answering if node.position in kernels]
        last = {*leading[-1:], *self.graph.auxiliary}
        between = [kernel for position, kernel in kernels.items() if position not in last]
        return frozenset(self.trainable.index(k) for k in between if k in self.trainable)

    @cached_property
    def optimizer(self) -> Any:
        """Keras' own, of variables that lie so."""
        optimizer, variables = make_optimizer(self.recipe, self.matrices), []
        with unallocated():
            for name in self.trainable:
                keras_own = self.graph.weights[name]
                shape = keras_own.shape[::-1] if name in self.turned else keras_own.shape
                variables.append(keras.Variable("zeros", shape, name=keras_own.name))
            optimizer.build(variables)
        return optimizer

    @property
    def optimizer_shapes(self) -> list[tuple[int, ...]]:
        """Of its variables, in its order."""
        return [tuple(variable.shape) for variable in self.optimizer.variables]

    @cached_property
    def rate_position(self) -> int:
        """Which of its variables is the learning rate."""
        rate = self.optimizer._learning_rate
        return next(i for i, v in enumerate(self.optimizer.variables) if v is rate)

    def turn(self, state: State, plain: "Layout") -> State:
        """Between how a state lies in `plain`, where nothing is turned, and here: both ways."""

        def turned(arrays: dict[str, Array]) -> dict[str, Array]:
            return {name: a.T if name in self.turned else a for name, a in arrays.items()}

        shapes = zip(state.optimizer, self.optimizer_shapes, plain.optimizer_shapes, strict=True)
        slots = [slot if here == there else slot.T for slot, here, there in shapes]
        return State(turned(state.weights), slots, turned(state.average))
