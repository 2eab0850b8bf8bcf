"""Random changes to training pictures, each one split in two: draw, then apply.

`draw` is the only random part, so a change can be replayed, shown and tested exactly. Compiled into
the step; evaluation never sees one.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

from saccade.core.errors import BadUsage, unknown_name
from saccade.models.backend import jax

jnp = jax.numpy
Array = Any


@dataclass(frozen=True)
class Shift:
    """Moves each picture by up to `most` pixels along both axes; the gap is filled with 0."""

    most: int = 1

    def __post_init__(self) -> None:
        if self.most < 1:
            raise BadUsage(f"a shift is at least 1 pixel, got {self.most}")

    def draw(self, key: Array, count: int) -> Array:
        """int32 [count, 2]: (down, right) in pixels."""
        return jax.random.randint(key, (count, 2), -self.most, self.most + 1)

    def apply(self, images: Array, moves: Array) -> Array:
        """[n, height, width, channels] -> the same shape.

        >>> image = jnp.arange(1, 5).reshape(1, 2, 2, 1)
        >>> Shift().apply(image, jnp.array([[1, 0]]))[0, :, :, 0].tolist()
        [[0, 0], [1, 2]]
        """
        count, height, width, _ = images.shape
        rows = jnp.arange(height)[None, :, None] - moves[:, 0, None, None]
        columns = jnp.arange(width)[None, None, :] - moves[:, 1, None, None]
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        one = jnp.arange(count)[:, None, None]
        moved = images[one, rows.clip(0, height - 1), columns.clip(0, width - 1)]
        return jnp.where(inside[..., None], moved, 0)


@dataclass(frozen=True)
class Affine:
    """Turns, scales and moves each picture a little; bilinear, the outside is 0.

    `degrees` either way, `scale` and `shift` as shares of the picture's sides.
    """

    degrees: float = 10.0
    scale: float = 0.1
    shift: float = 0.06

    def __post_init__(self) -> None:
        if not (0 <= self.degrees <= 180 and 0 <= self.scale < 1 and 0 <= self.shift < 1):
            raise BadUsage(f"degrees go from 0 to 180, scale and shift from 0 to 1, got {self}")

    def draw(self, key: Array, count: int) -> Array:
        """float32 [count, 4]: angle (radians), scale (factor), down, right (shares)."""
        most = jnp.array([math.radians(self.degrees), self.scale, self.shift, self.shift])
        drawn = jax.random.uniform(key, (count, 4), minval=-1, maxval=1) * most
        return drawn.at[:, 1].add(1)

    def apply(self, images: Array, drawn: Array) -> Array:
        """[n, height, width, channels] -> float32 of the same shape.

        >>> image = jnp.arange(1.0, 5).reshape(1, 2, 2, 1)
        >>> Affine().apply(image, jnp.array([[0.0, 1.0, 0.5, 0.0]]))[0, :, :, 0].tolist()
        [[0.0, 0.0], [1.0, 2.0]]
        """
        _, height, width, _ = images.shape
        angle, factor, down, right = (drawn[:, i, None, None] for i in range(4))
        y = (jnp.arange(height) - (height - 1) / 2)[None, :, None]
        x = (jnp.arange(width) - (width - 1) / 2)[None, None, :]
        # Where each pixel of the result comes from: the inverse of the move, turn and scaling.
        y, x = y - down * height, x - right * width
        source_y = (jnp.cos(angle) * y - jnp.sin(angle) * x) / factor + (height - 1) / 2
        source_x = (jnp.sin(angle) * y + jnp.cos(angle) * x) / factor + (width - 1) / 2
        return _bilinear(images.astype(jnp.float32), source_y, source_x)


def _bilinear(images: Array, rows: Array, columns: Array) -> Array:
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
        return _bilinear(images.astype(jnp.float32), rows, columns)


Augmentation = Shift | Affine | Flip | Crop
AUGMENTATIONS: dict[str, type[Augmentation]] = {
    "shift": Shift,
    "affine": Affine,
    "flip": Flip,
    "crop": Crop,
}


def augment(augmentations: tuple[Augmentation, ...], images: Array, key: Array) -> Array:
    """One after the other, each with a key of its own."""
    for i, augmentation in enumerate(augmentations):
        drawn = augmentation.draw(jax.random.fold_in(key, i), len(images))
        images = augmentation.apply(images, drawn)
    return images


def to_json(augmentations: tuple[Augmentation, ...]) -> list[dict[str, Any]]:
    """[{"name": ..., and its numbers}]."""
    names = {kind: name for name, kind in AUGMENTATIONS.items()}
    return [{"name": names[type(one)], **asdict(one)} for one in augmentations]


def from_json(values: list[dict[str, Any]]) -> tuple[Augmentation, ...]:
    """The inverse of `to_json`."""
    return tuple(
        AUGMENTATIONS[one["name"]](**{k: v for k, v in one.items() if k != "name"})
        for one in values
    )


def named(text: str) -> tuple[Augmentation, ...]:
    """From names with commas, or `none`.

    Raises:
        BadUsage: there is none of that name.

    >>> named("flip,crop"), named("none")
    ((Flip(), Crop(least=0.7)), ())
    """
    names = [] if text == "none" else text.split(",")
    for name in names:
        if name not in AUGMENTATIONS:
            raise unknown_name("augmentation", name, AUGMENTATIONS)
    return tuple(AUGMENTATIONS[name]() for name in names)
