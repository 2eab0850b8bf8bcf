"""The compiled half of training: a chunk of updates, and the network's answers.

A chunk is one executable whose number of steps is an argument, so that its length changes neither
compilation nor results; so is the seed, and what one seed compiled serves the others. Pictures stay
on the device as uint8; a batch is a row of positions.
"""

import math
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
from saccade.train.augment import augment
from saccade.train.optimizer import make_optimizer
from saccade.train.recipe import Recipe

jnp, lax = jax.numpy, jax.lax
Array = Any

# Rows of the buffers a chunk reads and writes; positions in them are at most this many int32.
MAX_STEPS, MAX_POSITIONS = 1024, 200_000
AUGMENT_KEY = 1 << 31
ANSWER_BATCH = 100  # larger ones leave the cache: 32,000 images/s fall to 9,000 (conv, patches)


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


# State, losses, accuracies, lengths of slopes.
_Carry = tuple[State, Array, Array, Array]


class Resident(NamedTuple):
    """A split on the device."""

    pixels: Array
    labels: Array


@dataclass(frozen=True)
class Chunk:
    """What a chunk of updates gave, on the host: per update mean loss (nats) and accuracy.

    `slopes` are the lengths of the last update's slopes, float32, one a trainable variable.
    """

    state: State
    losses: np.ndarray
    accuracies: np.ndarray
    slopes: np.ndarray


@dataclass(frozen=True)
class Forms:
    """How convolutions are computed inside the training loop, and when answering.

    A batch is trained on in `parts`: XLA gives them to several cores (docs/lab-notes.md). Their
    number is part of the form and not the machine's: it changes roundings.
    """

    training: Form
    answering: Form
    parts: int = 1

    @property
    def looped(self) -> bool:
        """Whether a chunk is one loop: XLA runs its own convolutions in a loop on one core."""
        return self.training != "direct"


def choose_forms(graph: Graph) -> Forms:
    """Elsewhere than on a CPU, the vendor's convolutions are best.

    On a CPU XLA has a fast library for convolutions of more than 16 channels, which it uses outside
    loops only; all others are faster as patches (docs/lab-notes.md). What most of the work is
    decides how to train; answering goes that way as soon as one convolution can.
    """
    if jax.default_backend() != "cpu":
        return Forms("layers", "layers")
    work = {"wide": 0, "narrow": 0}
    for node in graph.nodes:
        if node.kind == "Conv2D":
            wide = max(node.input_shape[-1], node.output_shape[-1]) > 16
            places = math.prod(node.output_shape[:2])
            work["wide" if wide else "narrow"] += places * node.parameters
    training: Form = "direct" if work["wide"] > work["narrow"] else "patches"
    convolves = work["wide"] + work["narrow"] > 0
    return Forms(
        training,
        "layers" if work["wide"] else "patches",
        parts=2 if convolves and training == "patches" else 1,
    )


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
        return self.to_device(weights, optimizer, weights if self.recipe.ema else {})

    @property
    def optimizer_shapes(self) -> list[tuple[int, ...]]:
        """Of its variables, in its order."""
        return [tuple(variable.shape) for variable in self._optimizer.variables]

    def to_device(
        self,
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

    def resident(self, split: Split) -> Resident:
        """Puts a split on the device."""
        return Resident(jnp.asarray(split.pixels), jnp.asarray(split.labels))

    def run_chunk(
        self, state: State, train: Resident, ids: np.ndarray, rates: np.ndarray, first: int
    ) -> Chunk:
        """As many updates as `ids` has rows; `first` counts the updates before. Uses up `state`.

        `ids` is int [steps, batch], `rates` the learning rate of each step.
        """
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
    def trainable(self) -> list[str]:
        """Full names of the variables that updates move, in order."""
        return [name for name, v in self.graph.weights.items() if v.trainable]

    @cached_property
    def _optimizer(self) -> Any:
        optimizer = make_optimizer(self.recipe)
        with unallocated():
            optimizer.build([self.graph.weights[name] for name in self.trainable])
        return optimizer

    @cached_property
    def _rate_position(self) -> int:
        optimizer = self._optimizer
        return next(i for i, v in enumerate(optimizer.variables) if v is optimizer._learning_rate)

    def scaled(self, pixels: Array) -> Array:
        """float32, as the network takes it, for uint8."""
        return pixels.astype(jnp.float32) * self.preprocess.scale + self.preprocess.offset

    @cached_property
    def _answers(self) -> Any:
        def answers(weights: dict[str, Array], pixels: Array) -> Array:
            mode = Mode(training=False)
            images = self.scaled(pixels)
            return forward(self.graph, weights, images, form=self.forms.answering, mode=mode)[0]

        return jax.jit(answers)

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
            key = jax.random.key(seed)

            def body(k: Array, carry: _Carry) -> _Carry:
                state, losses, accuracies, _ = carry
                rows = lax.dynamic_index_in_dim(ids, k, keepdims=False)
                batch = Resident(train.pixels[rows], train.labels[rows])
                last = k == count - 1
                state, loss, accuracy, slopes = self._update(
                    state, batch, rates[k], first + k, key, last
                )
                return state, losses.at[k].set(loss), accuracies.at[k].set(accuracy), slopes

            zeros = jnp.zeros(self.rows, jnp.float32)
            start = (state, zeros, zeros, jnp.zeros(len(self.trainable), jnp.float32))
            done: _Carry = lax.fori_loop(0, count, body, start)
            return done

        return jax.jit(chunk, donate_argnums=0)

    @cached_property
    def _step(self) -> Any:
        def step(
            state: State,
            train: Resident,
            seed: Array,
            rows: Array,
            rate: Array,
            index: Array,
            last: Array,
        ) -> _Carry:
            key = jax.random.key(seed)
            batch = Resident(train.pixels[rows], train.labels[rows])
            return self._update(state, batch, rate, index, key, last)

        return jax.jit(step, donate_argnums=0)

    def _update(
        self, state: State, batch: Resident, rate: Array, step: Array, key: Array, last: Array
    ) -> _Carry:
        recipe, key = self.recipe, jax.random.fold_in(key, step)
        mode = Mode(training=True, key=key, step=step, batch_norm_warmup=recipe.batch_norm_warmup)
        # Layers draw with their positions folded in; this number is no layer's.
        images = augment(recipe.augment, batch.pixels, jax.random.fold_in(key, AUGMENT_KEY))
        images = self.scaled(images)

        def loss_of(trainable: list[Array]) -> tuple[Array, tuple[Array, Array, dict[str, Array]]]:
            weights = {**state.weights, **dict(zip(self.trainable, trainable, strict=True))}
            logits, updates = forward(
                self.graph,
                weights,
                images,
                form=self.forms.training,
                mode=mode,
                parts=min(self.forms.parts, len(images)),
            )
            loss = cross_entropy(logits, batch.labels, recipe.label_smoothing).mean()
            return loss + self._penalty(weights), (loss, logits, updates)

        trainable = [state.weights[name] for name in self.trainable]
        slopes, (loss, logits, updates) = jax.grad(loss_of, has_aux=True)(trainable)
        if recipe.clip_norm is not None:
            slopes = clip_by_norm(slopes, recipe.clip_norm)
        optimizer = list(state.optimizer)
        optimizer[self._rate_position] = rate.astype(optimizer[self._rate_position].dtype)
        trainable, optimizer = self._optimizer.stateless_apply(optimizer, slopes, trainable)
        moved = dict(zip(self.trainable, trainable, strict=True))
        weights = {**state.weights, **updates, **moved}
        average = self._averaged(state.average, weights, step)
        accuracy = (logits.argmax(1) == batch.labels).mean()
        lengths = lax.cond(last, lengths_of, lambda slopes: jnp.zeros(len(slopes)), slopes)
        return State(weights, list(optimizer), average), loss, accuracy, lengths

    def _penalty(self, weights: Mapping[str, Array]) -> Array | float:
        """L1 = sum |w| and L2 = sum w^2 over kernels, each times its rate."""
        if not (self.recipe.l1 or self.recipe.l2):
            return 0.0
        kernels = [weights[name] for name in self.trainable if name.endswith("/kernel")]
        l1 = sum(jnp.abs(kernel).sum() for kernel in kernels)
        l2 = sum(jnp.square(kernel).sum() for kernel in kernels)
        return self.recipe.l1 * l1 + self.recipe.l2 * l2

    def _averaged(
        self, average: dict[str, Array], weights: Mapping[str, Array], step: Array
    ) -> dict[str, Array]:
        """Forgets at min(ema, (1 + step) / (10 + step)), so that the first values fade at once."""
        if self.recipe.ema is None:
            return average
        keep = jnp.minimum(self.recipe.ema, (1.0 + step) / (10.0 + step))
        return {name: old * keep + weights[name] * (1 - keep) for name, old in average.items()}


def lengths_of(slopes: list[Array]) -> Array:
    """float32 [slopes]: the Euclidean length of each."""
    return jnp.stack([jnp.sqrt(jnp.square(slope).sum()) for slope in slopes])


def clip_by_norm(slopes: list[Array], most: float) -> list[Array]:
    """The same direction, no longer than `most` over all arrays together.

    >>> [float(x) for x in clip_by_norm([jnp.array(3.0), jnp.array(4.0)], 1.0)]
    [0.6000000238418579, 0.800000011920929]
    """
    length = jnp.sqrt(sum(jnp.square(slope).sum() for slope in slopes))
    factor = jnp.minimum(1.0, most / jnp.maximum(length, 1e-12))
    return [slope * factor for slope in slopes]


def cross_entropy(logits: Array, labels: Array, smoothing: float = 0.0) -> Array:
    """-log softmax(logits)[label] in nats, [n]; from logits, so it stays finite where they are.

    With `smoothing` the target is that share of a uniform distribution (Szegedy et al. 2015).

    >>> p = jnp.log(jnp.array([[0.01, 0.03, 0.0, 0.04, 0.03, 0.05, 0.8, 0.02, 0.01, 0.01]]))
    >>> round(float(cross_entropy(p, jnp.array([6]))[0]), 4)
    0.2231
    """
    log_probabilities = jax.nn.log_softmax(logits.astype(jnp.float32))
    losses = -jnp.take_along_axis(log_probabilities, labels[:, None], axis=1)[:, 0]
    if smoothing:
        losses = (1 - smoothing) * losses - smoothing * log_probabilities.mean(1)
    return losses
