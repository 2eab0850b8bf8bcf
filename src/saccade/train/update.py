"""One update: what a batch says of the weights, and what the optimizer makes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from saccade.models.activation import Mode, Pass
from saccade.models.backend import jax
from saccade.models.forward import activations, logits_of
from saccade.train.augment import Seen, augment
from saccade.train.forms import Forms
from saccade.train.layout import Layout
from saccade.train.loss import mixed_losses, penalty
from saccade.train.resident import Resident
from saccade.train.resizing import Size, resized
from saccade.train.slopes import clip_by_norm, lengths_of
from saccade.train.state import State, averaged

jnp, lax = jax.numpy, jax.lax
Array = Any

AUGMENT_KEY = 1 << 31

# State, loss, accuracy, lengths of slopes.
Updated = tuple[State, Array, Array, Array]


class Learned(NamedTuple):
    """What a batch says: slopes in the layout's order, mean loss (nats) and accuracy.

    `moved` are new values of what training moves by itself, such as moving averages.
    """

    slopes: list[Array]
    loss: Array
    accuracy: Array
    moved: dict[str, Array]


@dataclass(frozen=True, eq=False)
class Update:
    """Updates a state that lies as `layout` says; pictures are brought to `size` (None: as is)."""

    layout: Layout
    forms: Forms
    scaled: Callable[[Array], Array]
    size: Size | None = None

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
        """The pictures at these rows change the weights once; `last` asks for lengths of slopes."""
        learned = self.learn(state.weights, train, rows, step, jax.random.fold_in(key, step))
        return self.apply(state, learned, rate, step, last)

    def learn(
        self, weights: dict[str, Array], train: Resident, rows: Array, step: Array, key: Array
    ) -> Learned:
        """What the pictures at these rows say; `key` is theirs alone."""
        recipe, graph, names = self.layout.recipe, self.layout.graph, self.layout.trainable
        batch = train.take(rows)
        mode = Mode(
            training=True,
            key=key,
            step=step,
            batch_norm_warmup=recipe.batch_norm_warmup,
            precision=recipe.precision,
        )
        # Layers draw with their positions folded in; this number is no layer's.
        # Of a batch that reaches over the end of an epoch, its first picture's counts.
        seen = Seen(batch.numbers, step * recipe.batch_size // batch.whole)
        changed = augment(recipe.augment, batch.pixels, jax.random.fold_in(key, AUGMENT_KEY), seen)
        frozen = self.forms.frozen
        images = resized(changed.images, self.size)
        images = images if frozen >= 0 else self.scaled(images)

        def mean_loss(logits: Array) -> Array:
            losses = mixed_losses(logits, batch.labels, changed.mix, recipe.label_smoothing)
            return (losses if batch.weights is None else losses * batch.weights).mean()

        def loss_of(trainable: list[Array]) -> tuple[Array, tuple[Array, Array, dict[str, Array]]]:
            used = {**weights, **dict(zip(names, trainable, strict=True))}
            run = Pass(used, mode, self.forms.training, self.layout.turned)
            parts = min(self.forms.parts, len(images))
            values = activations(graph, run, images, parts, after=frozen)
            logits = logits_of(graph, values)
            loss = mean_loss(logits)
            # Neither what auxiliary heads lose nor penalties are in the loss that is shown.
            beside = sum(
                share * mean_loss(logits_of(graph, values, at))
                for at, share in graph.auxiliary.items()
            )
            kernels = [used[name] for name in names if name.endswith("/kernel")]
            total = loss + beside + penalty(kernels, recipe.l1, recipe.l2)
            return total, (loss, logits, run.updates)

        trainable = [weights[name] for name in names]
        slopes, (loss, logits, moved) = jax.grad(loss_of, has_aux=True)(trainable)
        return Learned(slopes, loss, (logits.argmax(1) == batch.labels).mean(), moved)

    def apply(
        self, state: State, learned: Learned, rate: Array, step: Array, last: Array
    ) -> Updated:
        """What the optimizer makes of it."""
        recipe, layout = self.layout.recipe, self.layout
        slopes = learned.slopes
        if recipe.clip_norm is not None:
            slopes = clip_by_norm(slopes, recipe.clip_norm)
        trainable = [state.weights[name] for name in layout.trainable]
        optimizer = list(state.optimizer)
        position = layout.rate_position
        optimizer[position] = rate.astype(optimizer[position].dtype)
        applied, optimizer = layout.optimizer.stateless_apply(optimizer, slopes, trainable)
        if recipe.layer_decay < 1:
            both = zip(trainable, applied, layout.shares, strict=True)
            applied = [before + share * (after - before) for before, after, share in both]
        stepped = dict(zip(layout.trainable, applied, strict=True))
        weights = {**state.weights, **learned.moved, **stepped}
        # What nothing moves stays to the bit: features were computed with it.
        moving = {k: old for k, old in state.average.items() if k in stepped or k in learned.moved}
        average = {**state.average, **averaged(moving, weights, recipe.ema, step)}
        lengths = lax.cond(last, lengths_of, lambda slopes: jnp.zeros(len(slopes)), slopes)
        return State(weights, list(optimizer), average), learned.loss, learned.accuracy, lengths
