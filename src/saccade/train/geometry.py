"""Random moves of training pictures: where their pixels come from.

Each is split in two: `draw` is the only random part, so a change can be replayed, shown and tested
exactly; `apply` computes it.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

from saccade.core.errors import BadUsage
from saccade.models.backend import jax

jnp = jax.numpy
Array = Any
Edge = Literal["black", "nearest"]
"""What lies outside a picture: nothing, or its outermost pixels."""


def _check_edge(edge: str) -> None:
    if edge not in get_args(Edge):
        raise BadUsage(f"an edge is black or nearest, got {edge}")


@dataclass(frozen=True)
class Shift:
    """Moves each picture by up to `most` pixels along both axes; `edge` is what fills the gap."""

    most: int = 1
    edge: Edge = "black"

    def __post_init__(self) -> None:
        if self.most < 1:
            raise BadUsage(f"a shift is at least 1 pixel, got {self.most}")
        _check_edge(self.edge)

    def draw(self, key: Array, count: int) -> Array:
        """int32 [count, 2]: (down, right) in pixels."""
        return jax.random.randint(key, (count, 2), -self.most, self.most + 1)

    def apply(self, images: Array, moves: Array) -> Array:
        """[n, height, width, channels] -> the same shape.

        >>> image = jnp.arange(1, 5).reshape(1, 2, 2, 1)
        >>> Shift().apply(image, jnp.array([[1, 0]]))[0, :, :, 0].tolist()
        [[0, 0], [1, 2]]
        >>> Shift(edge="nearest").apply(image, jnp.array([[1, 0]]))[0, :, :, 0].tolist()
        [[1, 2], [1, 2]]
        """
        count, height, width, _ = images.shape
        rows = jnp.arange(height)[None, :, None] - moves[:, 0, None, None]
        columns = jnp.arange(width)[None, None, :] - moves[:, 1, None, None]
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        one = jnp.arange(count)[:, None, None]
        moved = images[one, rows.clip(0, height - 1), columns.clip(0, width - 1)]
        return moved if self.edge == "nearest" else jnp.where(inside[..., None], moved, 0)


@dataclass(frozen=True)
class Affine:
    """Turns, scales, shears and moves each picture a little; bilinear.

    `degrees` either way, `scale` and `shift` as shares of the picture's sides, `shear` as the
    tangent of its angle.
    """

    degrees: float = 10.0
    scale: float = 0.1
    shift: float = 0.06
    shear: float = 0.0
    edge: Edge = "black"

    def __post_init__(self) -> None:
        shares = (self.scale, self.shift, self.shear)
        if not (0 <= self.degrees <= 180 and all(0 <= share < 1 for share in shares)):
            raise BadUsage(
                f"degrees go from 0 to 180, scale, shift and shear from 0 to 1, got {self}"
            )
        _check_edge(self.edge)

    def draw(self, key: Array, count: int) -> Array:
        """float32 [count, 5]: angle (radians), scale (factor), down, right (shares), shear."""
        most = jnp.array([math.radians(self.degrees), self.scale, self.shift, self.shift])
        drawn = jax.random.uniform(key, (count, 4), minval=-1, maxval=1) * most
        sheared = jax.random.uniform(jax.random.fold_in(key, 1), (count, 1), minval=-1, maxval=1)
        return jnp.concatenate([drawn.at[:, 1].add(1), sheared * self.shear], 1)

    def apply(self, images: Array, drawn: Array) -> Array:
        """[n, height, width, channels] -> float32 of the same shape.

        >>> image = jnp.arange(1.0, 5).reshape(1, 2, 2, 1)
        >>> Affine().apply(image, jnp.array([[0.0, 1.0, 0.5, 0.0, 0.0]]))[0, :, :, 0].tolist()
        [[0.0, 0.0], [1.0, 2.0]]
        """
        _, height, width, _ = images.shape
        angle, factor, down, right, shear = (drawn[:, i, None, None] for i in range(5))
        y = (jnp.arange(height) - (height - 1) / 2)[None, :, None]
        x = (jnp.arange(width) - (width - 1) / 2)[None, None, :]
        # Where each pixel of the result comes from: the inverse of move, shear, turn and scaling.
        y, x = y - down * height, x - right * width
        x = x - shear * y
        source_y = (jnp.cos(angle) * y - jnp.sin(angle) * x) / factor + (height - 1) / 2
        source_x = (jnp.sin(angle) * y + jnp.cos(angle) * x) / factor + (width - 1) / 2
        if self.edge == "nearest":
            source_y, source_x = source_y.clip(0, height - 1), source_x.clip(0, width - 1)
        return bilinear(images.astype(jnp.float32), source_y, source_x)


def bilinear(images: Array, rows: Array, columns: Array) -> Array:
    """Values at fractional places [n, height, width] of images [n, h, w, c]; 0 outside."""
    count, height, width, _ = images.shape
    one = jnp.arange(count)[:, None, None]
    top, left = jnp.floor(rows).astype(jnp.int32), jnp.floor(columns).astype(jnp.int32)
    total = jnp.zeros((count, *rows.shape[1:], images.shape[3]), jnp.float32)
    for down in (0, 1):
        for right in (0, 1):
            r, c = top + down, left + right
            inside = (r >= 0) & (r < height) & (c >= 0) & (c < width)
            share = (1 - jnp.abs(rows - r)) * (1 - jnp.abs(columns - c)) * inside
            value = images[one, r.clip(0, height - 1), c.clip(0, width - 1)]
            total = total + value * share[..., None]
    return total


@dataclass(frozen=True)
class Flip:
    """Mirrors every second picture, on average, left to right."""

    def draw(self, key: Array, count: int) -> Array:
        """bool [count]."""
        return jax.random.bernoulli(key, 0.5, (count,))

    def apply(self, images: Array, mirrored: Array) -> Array:
        """[n, height, width, channels] -> the same shape.

        >>> Flip().apply(jnp.arange(2).reshape(1, 1, 2, 1), jnp.array([True])).ravel().tolist()
        [1, 0]
        """
        return jnp.where(mirrored[:, None, None, None], images[:, :, ::-1], images)


@dataclass(frozen=True)
class AlternatingFlip(Flip):
    """Mirrors every picture in every second epoch: half of them in the even ones, half in the odd.

    Jordan, "94 % on CIFAR-10 in 3.29 seconds on a single GPU", 2024, section 3.6: whoever flips at
    random sees half of the pictures the same way in two epochs. Where no epoch is known, as `Flip`.
    """

    def turn(self, numbers: Array, epoch: Array) -> Array:
        """bool [count] for pictures with these places in train, int [count], in this epoch.

        >>> even, odd = (AlternatingFlip().turn(jnp.arange(6), epoch) for epoch in (0, 1))
        >>> bool((even == ~odd).all())
        True
        """
        # Wellons' "lowbias32": a hash of 32 bits, of which one is taken.
        bits = numbers.astype(jnp.uint32)
        bits = (bits ^ (bits >> 16)) * jnp.uint32(0x7FEB352D)
        bits = (bits ^ (bits >> 15)) * jnp.uint32(0x846CA68B)
        return ((bits ^ (bits >> 16)) + jnp.asarray(epoch).astype(jnp.uint32)) % 2 == 1


@dataclass(frozen=True)
class Crop:
    """A random window of at least `least` of both sides, brought back to full size; bilinear."""

    least: float = 0.7

    def __post_init__(self) -> None:
        if not 0 < self.least <= 1:
            raise BadUsage(f"a crop keeps a share above 0 and up to 1, got {self.least}")

    def draw(self, key: Array, count: int) -> Array:
        """float32 [count, 3]: share of the sides, then where: 0 top or left, 1 bottom or right."""
        low = jnp.array([self.least, 0.0, 0.0])
        return jax.random.uniform(key, (count, 3), minval=low, maxval=1)

    def apply(self, images: Array, drawn: Array) -> Array:
        """[n, height, width, channels] -> float32 of the same shape.

        >>> image = jnp.array([0.0, 1, 2, 3, 4]).reshape(1, 1, 5, 1)
        >>> Crop().apply(image, jnp.array([[0.5, 0, 1]])).ravel().tolist()
        [2.0, 2.5, 3.0, 3.5, 4.0]
        """
        _, height, width, _ = images.shape
        share, down, right = (drawn[:, i, None, None] for i in range(3))
        top, left = (1 - share) * (height - 1) * down, (1 - share) * (width - 1) * right
        rows = top + jnp.arange(height)[None, :, None] * share
        columns = left + jnp.arange(width)[None, None, :] * share
        rows, columns = jnp.broadcast_arrays(rows, columns)
        return bilinear(images.astype(jnp.float32), rows, columns)


@dataclass(frozen=True)
class Cutout:
    """Blanks a square of each picture (DeVries and Taylor 2017, arXiv 1708.04552).

    `share` is the square's side as a share of the shorter side; it may reach over the edge.
    """

    share: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise BadUsage(f"a cut-out takes a share above 0 and up to 1, got {self}")

    def draw(self, key: Array, count: int) -> Array:
        """float32 [count, 2]: the square's middle, (down, right) as shares of the sides."""
        return jax.random.uniform(key, (count, 2))

    def apply(self, images: Array, middles: Array) -> Array:
        """[n, height, width, channels] -> the same shape.

        >>> Cutout().apply(jnp.ones((1, 4, 4, 1)), jnp.array([[0.0, 0.0]]))[0, :, :, 0].tolist()[:2]
        [[0.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]]
        """
        _, height, width, _ = images.shape
        half = self.share * min(height, width) / 2
        down = jnp.abs(jnp.arange(height) + 0.5 - middles[:, :1] * height) < half
        right = jnp.abs(jnp.arange(width) + 0.5 - middles[:, 1:] * width) < half
        return jnp.where((down[:, :, None] & right[:, None, :])[..., None], 0, images)
