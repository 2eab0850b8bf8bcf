"""RandAugment (Cubuk et al. 2020, arXiv 1909.13719): a few changes in a row, all equally strong.

Every picture draws its own. Values are 0 to 255; what a move leaves empty is black.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from saccade.core.errors import BadUsage
from saccade.models.backend import jax
from saccade.train.geometry import bilinear

jnp = jax.numpy
Array = Any

OPERATIONS = (
    "identity",
    "autocontrast",
    "equalize",
    "rotate",
    "solarize",
    "colour",
    "posterize",
    "contrast",
    "brightness",
    "sharpness",
    "shear-x",
    "shear-y",
    "translate-x",
    "translate-y",
)
# What magnitude 1 means (the paper's 10), as AutoAugment has it (arXiv 1805.09501).
TURN, SHEAR, MOVE = math.radians(30), 0.3, 150 / 331
BLEND = 0.9  # the factor of colour, contrast, brightness and sharpness is 1 - or + this
BITS = 4  # that posterize takes away, of 8
LUMA = (0.299, 0.587, 0.114)


class Drawn(NamedTuple):
    """For each picture, in order: int32 positions in OPERATIONS, and 1 or -1, which way."""

    operations: Array
    signs: Array


@dataclass(frozen=True)
class RandAugment:
    """`count` of fourteen operations on each picture, each at `magnitude`, a tenth of the paper's.

    identity, autocontrast, equalize, rotate, solarize, colour, posterize, contrast, brightness,
    sharpness, shear and translate along both axes. Those that have a way to go draw it. On grey
    pictures colour changes nothing.
    """

    count: int = 2
    magnitude: float = 0.9

    def __post_init__(self) -> None:
        if self.count < 1 or not 0 <= self.magnitude <= 1:
            raise BadUsage(f"at least 1 operation at a magnitude from 0 to 1, got {self}")

    def draw(self, key: Array, count: int) -> Drawn:
        """int32 and float32 [count, operations a picture]."""
        what, way = jax.random.split(key)
        shape = (count, self.count)
        signs = jax.random.rademacher(way, shape, jnp.float32)
        return Drawn(jax.random.randint(what, shape, 0, len(OPERATIONS)), signs)

    def apply(self, images: Array, drawn: Drawn) -> Array:
        """[n, height, width, channels] -> float32 of the same shape.

        >>> solarize = Drawn(jnp.array([[OPERATIONS.index("solarize")]]), jnp.ones((1, 1)))
        >>> picture = jnp.array([10, 200]).reshape(1, 1, 2, 1)
        >>> RandAugment(1, 0.5).apply(picture, solarize).ravel().tolist()
        [10.0, 55.0]
        """
        images = images.astype(jnp.float32)
        for i in range(drawn.operations.shape[1]):
            operations, signs = drawn.operations[:, i], drawn.signs[:, i] * self.magnitude
            images = _moved(images, operations, signs)
            images = _blended(images, operations, 1 + BLEND * signs)
            images = _mapped(images, operations, self.magnitude).clip(0, 255)
        return images


def _is(operations: Array, name: str) -> Array:
    """bool [n, 1, 1]"""
    return (operations == OPERATIONS.index(name))[:, None, None]


def _moved(images: Array, operations: Array, amounts: Array) -> Array:
    """Turned, sheared or moved about the middle; bilinear. All others as they are, to the bit."""
    _, height, width, _ = images.shape
    amount = amounts[:, None, None]

    def by(name: str, most: float) -> Array:
        return jnp.where(_is(operations, name), most * amount, 0)

    angle = by("rotate", TURN)
    y = (jnp.arange(height) - (height - 1) / 2)[None, :, None] - by("translate-y", MOVE) * height
    x = (jnp.arange(width) - (width - 1) / 2)[None, None, :] - by("translate-x", MOVE) * width
    source_y = jnp.cos(angle) * y - jnp.sin(angle) * x - by("shear-y", SHEAR) * x
    source_x = jnp.sin(angle) * y + jnp.cos(angle) * x - by("shear-x", SHEAR) * y
    return bilinear(images, source_y + (height - 1) / 2, source_x + (width - 1) / 2)


def _blended(images: Array, operations: Array, factors: Array) -> Array:
    """Nearer to (a factor below 1) or farther from its greys, their mean, black, or its blur."""
    grey = images @ jnp.array(LUMA)[:, None] if images.shape[3] == 3 else images
    blank = {
        "colour": grey,
        "contrast": grey.mean((1, 2, 3), keepdims=True),
        "brightness": 0.0,
        "sharpness": _blurred(images),
    }
    for name, other in blank.items():
        blend = other + factors[:, None, None, None] * (images - other)
        images = jnp.where(_is(operations, name)[..., None], blend, images)
    return images


def _blurred(images: Array) -> Array:
    """Each pixel five parts of thirteen, its neighbours one each; the edge stays."""
    height, width = images.shape[1:3]
    if min(height, width) < 3:
        return images
    around = sum(
        images[:, y : height - 2 + y, x : width - 2 + x] for y in range(3) for x in range(3)
    )
    inner = (around + 4 * images[:, 1:-1, 1:-1]) / 13
    return images.at[:, 1:-1, 1:-1].set(inner)


def _mapped(images: Array, operations: Array, magnitude: float) -> Array:
    """Operations that look at a pixel's value only, and at how its channel's are spread."""
    step = 2.0 ** round(BITS * magnitude)
    low, high = images.min((1, 2), keepdims=True), images.max((1, 2), keepdims=True)
    stretched = (images - low) * (255 / jnp.where(high > low, high - low, 1))
    ways = {
        "solarize": jnp.where(images >= 256 * (1 - magnitude), 255 - images, images),
        "posterize": jnp.floor(images / step) * step,
        "autocontrast": jnp.where(high > low, stretched, images),
        "equalize": _equalized(images),
    }
    for name, result in ways.items():
        images = jnp.where(_is(operations, name)[..., None], result, images)
    return images


def _equalized(images: Array) -> Array:
    """Every value as frequent as another, in each channel, as Pillow's ImageOps.equalize has it."""
    count, height, width, channels = images.shape
    values = images.clip(0, 255).astype(jnp.int32)
    one = (jnp.arange(count)[:, None, None, None], jnp.arange(channels))
    histogram = jnp.zeros((count, channels, 256), jnp.int32).at[(*one, values)].add(1)
    brightest = jnp.take_along_axis(histogram, values.max((1, 2))[..., None], 2)
    step = (height * width - brightest) // 255
    below = histogram.cumsum(2) - histogram
    table = ((below + step // 2) // jnp.maximum(step, 1)).clip(0, 255)
    table = jnp.where(step == 0, jnp.arange(256), table)
    return table[(*one, values)].astype(jnp.float32)
