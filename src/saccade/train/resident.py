"""A split as updates take from it: on the device as a whole, or brought there block by block."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from saccade.core.memory import memory_bytes
from saccade.core.records import Split
from saccade.core.rows import Rows
from saccade.models.backend import jax
from saccade.train.loss import picture_weights

jnp = jax.numpy
Array = Any

BLOCK_BYTES = 64 << 20  # of pictures that are brought to the device together


class Resident(NamedTuple):
    """A split on the device; `weights` say how much each picture's loss counts, None alike.

    `pixels` are uint8, or float32 where they are what frozen layers have made of them. Of a block,
    or a batch, `numbers` are the pictures' places in the whole split, which has `whole` pictures;
    None: this is all of it.
    """

    pixels: Array
    labels: Array
    weights: Array | None = None
    numbers: Array | None = None
    whole: Array | None = None

    def take(self, rows: Array) -> "Resident":
        """The pictures at these positions."""
        weights = None if self.weights is None else self.weights[rows]
        numbers = rows if self.numbers is None else self.numbers[rows]
        whole = len(self.labels) if self.whole is None else self.whole
        return Resident(self.pixels[rows], self.labels[rows], weights, numbers, whole)


@dataclass(frozen=True, eq=False)
class Streamed:
    """A split that stays on disk; `weights` as in `Resident`."""

    pixels: Rows
    labels: np.ndarray
    weights: np.ndarray | None = None

    def steps_together(self, batch_size: int) -> int:
        """How many batches make up a block."""
        batch_bytes = batch_size * int(np.prod(self.pixels.shape[1:])) * self.pixels.dtype.itemsize
        return max(1, BLOCK_BYTES // batch_bytes)

    def bring(self, ids: np.ndarray, count: int) -> Resident:
        """The pictures at these positions on the device, in this order, among `count` places.

        Every block has the same number of places, so that it compiles once.
        """
        pixels = np.empty((count, *self.pixels.shape[1:]), self.pixels.dtype)
        pixels[: len(ids)] = self.pixels[ids]
        rows = np.pad(ids, (0, count - len(ids)))
        weights = None if self.weights is None else jnp.asarray(self.weights[rows])
        labels, numbers = jnp.asarray(self.labels[rows]), jnp.asarray(rows, jnp.int32)
        return Resident(jnp.asarray(pixels), labels, weights, numbers, np.int32(len(self.labels)))


def to_train_on(
    split: Split, balanced: bool, features: np.ndarray | None = None
) -> Resident | Streamed:
    """A split for updates and answers; `balanced` lets every class count alike.

    `features` are float32 [n, ...], a map of a file, that take the place of its pixels. They stay
    there if they are large, as pixels do (`saccade.data.pictures`).
    """
    pixels: np.ndarray | Rows = split.pixels if features is None else features
    if isinstance(pixels, np.ndarray) and pixels.nbytes > memory_bytes() // 4:
        pixels = Rows(pixels, np.arange(len(pixels)))
    weights = picture_weights(split, balanced=balanced)
    if isinstance(pixels, Rows):
        return Streamed(pixels, split.labels, weights)
    on_device = None if weights is None else jnp.asarray(weights)
    return Resident(jnp.asarray(pixels), jnp.asarray(split.labels), on_device)
