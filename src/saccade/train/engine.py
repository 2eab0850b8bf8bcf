"""The compiled half of training: a chunk of updates, and the network's answers.

A chunk is one executable whose number of steps is an argument, so that its length changes neither
compilation nor results; so is the seed, and what one seed compiled serves the others. Pictures are
uint8 on the device, all of them or a block at a time; a batch is a row of positions.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from saccade.core.preprocess import Preprocess
from saccade.core.records import Predictions, Split
from saccade.core.rows import Rows
from saccade.models.activation import Mode, Pass
from saccade.models.backend import jax
from saccade.models.forward import activations, forward, whole
from saccade.models.from_data import drawn_from, first_pictures, wants_data
from saccade.models.graph import Graph
from saccade.models.initialize import first_values, first_weights
from saccade.models.lowerings import can_turn
from saccade.run.events import Prepared
from saccade.train.accumulate import InParts
from saccade.train.chunk import Chunk, Run, in_blocks, in_legs
from saccade.train.features import Features, key_of
from saccade.train.forms import Forms
from saccade.train.layout import Layout
from saccade.train.recipe import Recipe
from saccade.train.resident import Resident, Streamed, to_train_on
from saccade.train.resizing import Size, legs
from saccade.train.state import State, to_device
from saccade.train.update import Update, Updated

jnp, lax = jax.numpy, jax.lax
Array = Any

# Rows of the buffers a chunk reads and writes; positions in them are at most this many int32.
MAX_STEPS, MAX_POSITIONS = 1024, 200_000
FEATURE_BATCH = 16
ANSWER_BATCH = 100  # larger ones leave the cache: 32,000 images/s fall to 9,000 (conv, patches)

# State, losses, accuracies, lengths of slopes.
_Carry = tuple[State, Array, Array, Array]


@dataclass(frozen=True, eq=False)
class Engine:
    """Compiles for one network, recipe and preprocessing; holds no training state.

    Updates bring pictures to `size`; None: to the one that the recipe has for their step.
    """

    graph: Graph
    recipe: Recipe
    preprocess: Preprocess
    forms: Forms
    size: Size | None = None

    @cached_property
    def layout(self) -> Layout:
        """How a state lies between chunks."""
        return Layout(self.graph, self.recipe)

    @cached_property
    def _looped(self) -> Layout:
        """How a loop keeps it."""
        turned = can_turn(self.graph) if self.forms.training == "patches" else frozenset()
        return Layout(self.graph, self.recipe, turned)

    @cached_property
    def rows(self) -> int:
        """The most steps one chunk can take."""
        return max(1, min(MAX_STEPS, MAX_POSITIONS // self.recipe.batch_size))

    def first_state(
        self, pretrained: Mapping[str, np.ndarray] | None = None, train: Split | None = None
    ) -> State:
        """Weights and optimizer before the first update: `pretrained`, else from the seed.

        Some layers also look at pictures of `train` (models/from_data.py).
        """
        drawn = first_weights(self.graph, self.recipe.initialization, self.recipe.seed)
        kept = pretrained or {}
        weights = {**drawn, **kept}
        if train is not None and wants_data(self.graph):
            few = train.take(first_pictures(len(train), train.pixels.shape[1:], self.recipe.seed))
            weights = drawn_from(self.graph, weights, self.scaled(few.pixels), kept)
        optimizer = first_values(self.layout.optimizer.variables)
        return to_device(weights, optimizer, weights if self.recipe.ema else {})

    def resident(
        self, split: Split, weights: Mapping[str, Array] | None = None
    ) -> Resident | Streamed:
        """Puts a split on the device, or makes it ready to be brought there.

        With frozen layers, it is what they make of it with `weights` (default: those they begin
        with) that is put there.
        """
        bringing = self.bring(split, "", weights)
        while True:
            try:
                next(bringing)
            except StopIteration as end:
                brought: Resident | Streamed = end.value
                return brought

    def bring(
        self, split: Split, name: str, weights: Mapping[str, Array] | None
    ) -> Generator[Prepared, None, Resident | Streamed]:
        """`resident`, that tells how many pictures have gone through frozen layers."""
        features = None
        if self.forms.frozen >= 0:
            weights = weights or self.first_state().weights
            features = yield from self._features_of(weights).of(split.pixels, name)
        return to_train_on(split, self.recipe.balance == "weights", features)

    def _features_of(self, weights: Mapping[str, Array]) -> Features:
        beginning = self.graph.nodes[: self.forms.frozen + 1]
        still = {name: weights[name] for node in beginning for name, _ in node.weights}

        def compute(pixels: np.ndarray) -> np.ndarray:
            return self._in_blocks(self._features, still, pixels, FEATURE_BATCH)

        computed_by = f"{self.forms.answering} {jax.default_backend()} {jax.__version__}"
        key = key_of(beginning, still, self.preprocess, computed_by)
        return Features(key, beginning[-1].output_shape, compute)

    def run_chunk(
        self,
        state: State,
        train: Resident | Streamed,
        ids: np.ndarray,
        rates: np.ndarray,
        first: int,
    ) -> Chunk:
        """As many updates as `ids` has rows; `first` counts the updates before. Uses up `state`.

        `ids` is int [steps, batch], `rates` the learning rate of each step.
        """
        if self.size is None and self.recipe.grow_from < 1:
            total, whole = self.recipe.total_steps(len(train.labels)), self.graph.input_shape[:2]
            parts = [*legs(first, len(ids), total, self.recipe.grow_from, whole)]
            return in_legs(self._run_of, parts, state, train, ids, rates)
        if isinstance(train, Streamed):
            return in_blocks(self.run_chunk, state, train, ids, rates, first)
        if not self.forms.looped:
            return self._run_steps(state, train, ids, rates, first)
        count = len(ids)
        padding = self.rows - count
        state, losses, accuracies, slopes = self._chunk(
            state,
            train,
            np.uint32(self.recipe.seed),
            np.pad(np.asarray(ids, np.int32), ((0, padding), (0, 0))),
            np.pad(np.asarray(rates, np.float32), (0, padding)),
            np.int32(first),
            np.int32(count),
        )
        losses, accuracies = np.asarray(losses)[:count], np.asarray(accuracies)[:count]
        return Chunk(state, losses, accuracies, np.asarray(slopes))

    def _run_of(self, size: Size) -> Run:
        """What runs updates with pictures of this size."""
        return self._of_sizes.setdefault(size, replace(self, size=size)).run_chunk

    @cached_property
    def _of_sizes(self) -> "dict[Size, Engine]":
        """Each compiles for its own."""
        return {}

    def _run_steps(
        self, state: State, train: Resident, ids: np.ndarray, rates: np.ndarray, first: int
    ) -> Chunk:
        """The same, a call a step: what makes them waits for none."""
        told = []
        slopes: Array = None
        for k, rows in enumerate(np.asarray(ids, np.int32)):
            last = np.bool_(k == len(ids) - 1)
            rate, step = np.float32(rates[k]), np.int32(first + k)
            state, loss, accuracy, slopes = self._step(
                state, train, np.uint32(self.recipe.seed), rows, rate, step, last
            )
            told.append((loss, accuracy))
        losses, accuracies = (np.array(values, np.float32) for values in zip(*told, strict=True))
        return Chunk(state, losses, accuracies, np.asarray(slopes))

    def logits(self, weights: Mapping[str, Array], pixels: Array | Rows) -> np.ndarray:
        """float64 [n, classes] for uint8 [n, height, width, channels], in inference mode."""
        size = _answered_together(len(pixels))
        return self._in_blocks(self._answers, weights, pixels, size).astype(np.float64)

    def _in_blocks(
        self, compute: Any, weights: Mapping[str, Array], pixels: Array | Rows, size: int
    ) -> np.ndarray:
        """What a compiled function makes of pictures, always `size` at a time."""
        total, parts = len(pixels), []
        for start in range(0, total, size):
            part = pixels[start : start + size]
            short = size - len(part)
            if short:
                part = jnp.pad(part, ((0, short), *[(0, 0)] * (part.ndim - 1)))
            parts.append(np.asarray(compute(dict(weights), part))[: size - short])
        return np.concatenate(parts)

    def answer(self, weights: Mapping[str, Array], split: Resident | Streamed) -> Predictions:
        """The network's answers on every picture of a split, in its order."""
        compute = self._answers if self.forms.frozen < 0 else self._answers_of_features
        size = _answered_together(len(split.pixels))
        logits = self._in_blocks(compute, weights, split.pixels, size).astype(np.float64)
        return Predictions(logits, np.asarray(split.labels))

    def scaled(self, pixels: Array) -> Array:
        """float32, as the network takes it, for uint8."""
        scale, offset = (
            np.asarray(numbers, np.float32)
            for numbers in (self.preprocess.scale, self.preprocess.offset)
        )
        return pixels.astype(jnp.float32) * scale + offset

    @cached_property
    def _answers(self) -> Any:
        def answers(weights: dict[str, Array], pixels: Array) -> Array:
            mode = Mode(training=False)
            images = self.scaled(pixels)
            return forward(self.graph, weights, images, form=self.forms.answering, mode=mode)[0]

        return jax.jit(answers)

    @cached_property
    def _answers_of_features(self) -> Any:
        def answers(weights: dict[str, Array], features: Array) -> Array:
            forms, mode = self.forms, Mode(training=False)
            return forward(
                self.graph, weights, features, form=forms.answering, mode=mode, after=forms.frozen
            )[0]

        return jax.jit(answers)

    @cached_property
    def _features(self) -> Any:
        frozen = self.forms.frozen
        beginning = replace(self.graph, nodes=self.graph.nodes[: frozen + 1])

        def features(weights: dict[str, Array], pixels: Array) -> Array:
            run = Pass(weights, Mode(training=False), self.forms.answering)
            return whole(activations(beginning, run, self.scaled(pixels))[frozen]).batch_first()

        return jax.jit(features)

    @cached_property
    def _chunk(self) -> Any:
        def chunk(
            state: State,
            train: Resident,
            seed: Array,
            ids: Array,
            rates: Array,
            first: Array,
            count: Array,
        ) -> _Carry:
            key, update = jax.random.key(seed), self._updater(self._looped)

            def body(k: Array, carry: _Carry) -> _Carry:
                state, losses, accuracies, _ = carry
                rows = lax.dynamic_index_in_dim(ids, k, keepdims=False)
                state, loss, accuracy, slopes = update(
                    state, train, rows, rates[k], first + k, key, k == count - 1
                )
                return state, losses.at[k].set(loss), accuracies.at[k].set(accuracy), slopes

            zeros = jnp.zeros(self.rows, jnp.float32)
            lengths = jnp.zeros(len(self.layout.trainable), jnp.float32)
            start = (self._looped.turn(state, self.layout), zeros, zeros, lengths)
            state, *told = lax.fori_loop(0, count, body, start)
            return self._looped.turn(state, self.layout), *told

        return jax.jit(chunk, donate_argnums=0)

    @cached_property
    def _step(self) -> Any:
        update = self._updater(self.layout)
        if isinstance(update, InParts):
            return update.call_by_call

        def step(
            state: State,
            train: Resident,
            seed: Array,
            rows: Array,
            rate: Array,
            index: Array,
            last: Array,
        ) -> Updated:
            return update(state, train, rows, rate, index, jax.random.key(seed), last)

        return jax.jit(step, donate_argnums=0)

    def _updater(self, layout: Layout) -> Update | InParts:
        update = Update(layout, self.forms, self.scaled, self.size)
        parts = self.recipe.accumulate
        return InParts(update, parts) if parts > 1 else update


def _answered_together(pictures: int) -> int:
    return min(ANSWER_BATCH, 1 << (pictures - 1).bit_length())
