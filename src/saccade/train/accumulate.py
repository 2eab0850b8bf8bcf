"""An update in parts of its batch, one after the other: no more memory than a part takes.

All parts see the same weights; their slopes are averaged, so that the update is that of the whole
batch, but for rounding. What looks at a whole batch looks at a part of it: batch norm normalises
each part by itself, and its moving averages move by the mean of the parts' statistics; dropout and
augmentation draw anew for each part, and pictures are mixed within one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from saccade.models.backend import jax
from saccade.train.resident import Resident
from saccade.train.state import State
from saccade.train.update import Learned, Update, Updated

lax, tree = jax.lax, jax.tree
Array = Any

PART_KEY = 1 << 30  # no layer's position, nor what augmentation takes


@dataclass(frozen=True, eq=False)
class InParts:
    """`update`, with a batch in so many parts."""

    update: Update
    parts: int

    def __call__(
        self,
        state: State,
        train: Resident,
        rows: Array,
        rate: Array,
        step: Array,
        key: Array,
        last: Array,
    ) -> Updated:
        """As `Update`'s: the parts are a loop."""
        one = self._learner(state.weights, train, step, key)
        divided = rows.reshape(self.parts, -1)

        def body(k: Array, total: Learned) -> Learned:
            return _sum(total, one(divided[k], k))

        total = lax.fori_loop(0, self.parts, body, _nothing(one, divided[0], 0))
        return self.update.apply(state, self._mean(total), rate, step, last)

    def call_by_call(
        self,
        state: State,
        train: Resident,
        seed: Array,
        rows: Array,
        rate: Array,
        step: Array,
        last: Array,
    ) -> Updated:
        """The same outside any compilation, a call a part: for forms that are slow in a loop."""
        total = self._begin(state.weights, train, seed, rows, step)
        for k, part in enumerate(rows.reshape(self.parts, -1)):
            total = self._add(total, state.weights, train, seed, part, step, k)
        done: Updated = self._end(state, total, rate, step, last)
        return done

    @cached_property
    def _begin(self) -> Any:
        def begin(weights: Any, train: Resident, seed: Array, rows: Array, step: Array) -> Learned:
            one = self._learner(weights, train, step, jax.random.key(seed))
            return _nothing(one, rows[: len(rows) // self.parts], 0)

        return jax.jit(begin)

    @cached_property
    def _add(self) -> Any:
        def add(
            total: Learned,
            weights: dict[str, Array],
            train: Resident,
            seed: Array,
            rows: Array,
            step: Array,
            k: Array,
        ) -> Learned:
            return _sum(total, self._learner(weights, train, step, jax.random.key(seed))(rows, k))

        return jax.jit(add, donate_argnums=0)

    @cached_property
    def _end(self) -> Any:
        def end(state: State, total: Learned, rate: Array, step: Array, last: Array) -> Updated:
            return self.update.apply(state, self._mean(total), rate, step, last)

        return jax.jit(end, donate_argnums=0)

    def _learner(
        self, weights: dict[str, Array], train: Resident, step: Array, key: Array
    ) -> Callable[[Array, Array], Learned]:
        """What the k-th part, pictures at these rows, says."""
        key = jax.random.fold_in(jax.random.fold_in(key, step), PART_KEY)

        def one(rows: Array, k: Array) -> Learned:
            return self.update.learn(weights, train, rows, step, jax.random.fold_in(key, k))

        return one

    def _mean(self, total: Learned) -> Learned:
        return Learned(*tree.map(lambda sum: (sum / self.parts).astype(sum.dtype), total))


def _nothing(one: Callable[..., Learned], rows: Array, k: Array) -> Learned:
    """Zeros of the shapes that a part gives."""
    shapes = jax.eval_shape(one, rows, k)
    return Learned(*tree.map(lambda like: jax.numpy.zeros(like.shape, like.dtype), shapes))


def _sum(total: Learned, one: Learned) -> Learned:
    return Learned(*tree.map(jax.numpy.add, total, one))
