"""The compiled half of training: a chunk of updates, and the network's answers.

A chunk is one executable whose number of steps is an argument, so that its length changes neither
compilation nor results. Pictures stay on the device as uint8; a batch is a row of positions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from saccade.core.preprocess import Preprocess
from saccade.core.records import Predictions, Split
from saccade.models.backend import jax
from saccade.models.forward import Form, Mode, forward
from saccade.models.graph import Graph
from saccade.models.initialize import first_values, first_weights, unallocated
from saccade.train.optimizer import make_optimizer
from saccade.train.recipe import Recipe

jnp, lax = jax.numpy, jax.lax
Array = Any

# Rows of the buffers a chunk reads and writes; positions in them are at most this many int32.
MAX_STEPS, MAX_POSITIONS = 1024, 200_000
AUGMENT_KEY = 1 << 31
ANSWER_BATCH = 100  # larger ones leave the cache: 32,000 images/s fall to 9,000 (conv, patches)


class State(NamedTuple):
    """What an update changes: the network's weights by full name, the optimizer's in its order."""

    weights: dict[str, Array]
    optimizer: list[Array]


class Resident(NamedTuple):
    """A split on the device."""

    pixels: Array
    labels: Array


@dataclass(frozen=True)
class Chunk:
    """What a chunk of updates gave, on the host: per update mean loss (nats) and accuracy."""

    state: State
    losses: np.ndarray
    accuracies: np.ndarray


@dataclass(frozen=True)
class Forms:
    """How convolutions are computed inside the training loop, and when answering."""

    training: Form
    answering: Form


def choose_forms(graph: Graph) -> Forms:
    """Patches on a CPU; elsewhere the vendor's convolutions are better.

    Answering happens outside a loop, where XLA is four times faster than patches for convolutions
    it hands to XNNPACK: those with more than 16 channels (reference: docs/lab-notes.md).
    """
    if jax.default_backend() != "cpu":
        return Forms("layers", "layers")
    wide = any(
        node.kind == "Conv2D" and max(node.input_shape[-1], node.output_shape[-1]) > 16
        for node in graph.nodes
    )
    return Forms("patches", "layers" if wide else "patches")


@dataclass(frozen=True, eq=False)
class Engine:
    """Compiles for one network, recipe and preprocessing; holds no training state."""

    graph: Graph
    recipe: Recipe
    preprocess: Preprocess
    forms: Forms

    @cached_property
    def rows(self) -> int:
        """The most steps one chunk can take."""
        return max(1, min(MAX_STEPS, MAX_POSITIONS // self.recipe.batch_size))

    def first_state(self) -> State:
        """Weights and optimizer before the first update, from the recipe's seed."""
        weights = first_weights(self.graph, self.recipe.initialization, self.recipe.seed)
        optimizer = first_values(self._optimizer.variables)
        return self.to_device(weights, optimizer)

    def to_device(self, weights: Mapping[str, np.ndarray], optimizer: list[np.ndarray]) -> State:
        """A state from host arrays, copied: the device may reuse its memory."""
        return State(
            {name: jnp.array(value) for name, value in weights.items()},
            [jnp.array(value) for value in optimizer],
        )

    def resident(self, split: Split) -> Resident:
        """Puts a split on the device."""
        return Resident(jnp.asarray(split.pixels), jnp.asarray(split.labels))

    def run_chunk(
        self, state: State, train: Resident, ids: np.ndarray, rates: np.ndarray, first: int
    ) -> Chunk:
        """As many updates as `ids` has rows; `first` counts the updates before. Uses up `state`.

        `ids` is int [steps, batch], `rates` the learning rate of each step.
        """
        count = len(ids)
        padding = self.rows - count
        state, losses, accuracies = self._chunk(
            state,
            train,
            np.pad(np.asarray(ids, np.int32), ((0, padding), (0, 0))),
            np.pad(np.asarray(rates, np.float32), (0, padding)),
            np.int32(first),
            np.int32(count),
        )
        return Chunk(state, np.asarray(losses)[:count], np.asarray(accuracies)[:count])

    def logits(self, weights: Mapping[str, Array], pixels: Array) -> np.ndarray:
        """float64 [n, classes] for uint8 [n, height, width, channels], in inference mode."""
        total = len(pixels)
        size = min(ANSWER_BATCH, 1 << (total - 1).bit_length())
        parts = []
        for start in range(0, total, size):
            part = pixels[start : start + size]
            short = size - len(part)
            if short:
                part = jnp.pad(part, ((0, short), (0, 0), (0, 0), (0, 0)))
            parts.append(np.asarray(self._answers(dict(weights), part))[: size - short])
        return np.concatenate(parts).astype(np.float64)

    def answer(self, weights: Mapping[str, Array], split: Resident) -> Predictions:
        """The network's answers on every picture of a split, in its order."""
        return Predictions(self.logits(weights, split.pixels), np.asarray(split.labels))

    @cached_property
    def _trainable(self) -> list[str]:
        return [name for name, v in self.graph.weights.items() if v.trainable]

    @cached_property
    def _optimizer(self) -> Any:
        optimizer = make_optimizer(self.recipe)
        with unallocated():
            optimizer.build([self.graph.weights[name] for name in self._trainable])
        return optimizer

    @cached_property
    def _rate_position(self) -> int:
        optimizer = self._optimizer
        return next(i for i, v in enumerate(optimizer.variables) if v is optimizer._learning_rate)

    def _scaled(self, pixels: Array) -> Array:
        return pixels.astype(jnp.float32) * self.preprocess.scale + self.preprocess.offset

    @cached_property
    def _answers(self) -> Any:
        def answers(weights: dict[str, Array], pixels: Array) -> Array:
            mode = Mode(training=False)
            images = self._scaled(pixels)
            return forward(self.graph, weights, images, form=self.forms.answering, mode=mode)[0]

        return jax.jit(answers)

    @cached_property
    def _chunk(self) -> Any:
        def chunk(
            state: State, train: Resident, ids: Array, rates: Array, first: Array, count: Array
        ) -> tuple[State, Array, Array]:
            key = jax.random.key(self.recipe.seed)

            def body(k: Array, carry: tuple[State, Array, Array]) -> tuple[State, Array, Array]:
                state, losses, accuracies = carry
                rows = lax.dynamic_index_in_dim(ids, k, keepdims=False)
                batch = Resident(train.pixels[rows], train.labels[rows])
                state, loss, accuracy = self._update(state, batch, rates[k], first + k, key)
                return state, losses.at[k].set(loss), accuracies.at[k].set(accuracy)

            zeros = jnp.zeros(self.rows, jnp.float32)
            done: tuple[State, Array, Array] = lax.fori_loop(0, count, body, (state, zeros, zeros))
            return done

        return jax.jit(chunk, donate_argnums=0)

    def _update(
        self, state: State, batch: Resident, rate: Array, step: Array, key: Array
    ) -> tuple[State, Array, Array]:
        mode = Mode(
            training=True,
            key=jax.random.fold_in(key, step),
            step=step,
            batch_norm_warmup=self.recipe.batch_norm_warmup,
        )
        pixels = batch.pixels
        if self.recipe.augment is not None:
            # Layers draw with their positions folded in; this number is no layer's.
            own = jax.random.fold_in(mode.key, AUGMENT_KEY)
            drawn = self.recipe.augment.draw(own, len(pixels))
            pixels = self.recipe.augment.apply(pixels, drawn)
        images = self._scaled(pixels)

        def loss_of(trainable: list[Array]) -> tuple[Array, tuple[Array, dict[str, Array]]]:
            weights = {**state.weights, **dict(zip(self._trainable, trainable, strict=True))}
            logits, updates = forward(
                self.graph, weights, images, form=self.forms.training, mode=mode
            )
            return cross_entropy(logits, batch.labels).mean(), (logits, updates)

        trainable = [state.weights[name] for name in self._trainable]
        (loss, (logits, updates)), slopes = jax.value_and_grad(loss_of, has_aux=True)(trainable)
        optimizer = list(state.optimizer)
        optimizer[self._rate_position] = rate.astype(optimizer[self._rate_position].dtype)
        trainable, optimizer = self._optimizer.stateless_apply(optimizer, slopes, trainable)
        weights = {
            **state.weights,
            **updates,
            **dict(zip(self._trainable, trainable, strict=True)),
        }
        accuracy = (logits.argmax(1) == batch.labels).mean()
        return State(weights, list(optimizer)), loss, accuracy


def cross_entropy(logits: Array, labels: Array) -> Array:
    """-log softmax(logits)[label] in nats, [n]; from logits, so it stays finite where they are.

    >>> p = jnp.log(jnp.array([[0.01, 0.03, 0.0, 0.04, 0.03, 0.05, 0.8, 0.02, 0.01, 0.01]]))
    >>> round(float(cross_entropy(p, jnp.array([6]))[0]), 4)
    0.2231
    """
    log_probabilities = jax.nn.log_softmax(logits.astype(jnp.float32))
    return -jnp.take_along_axis(log_probabilities, labels[:, None], axis=1)[:, 0]
