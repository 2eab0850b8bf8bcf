"""Random changes of training pictures' light: what their pixels are worth. Values are 0 to 255.

The decks' flowers (tf.image.random_brightness, random_contrast); nothing is cut off at 0 or 255.
"""

from dataclasses import dataclass
from typing import Any

from saccade.core.errors import BadUsage
from saccade.models.backend import jax

jnp = jax.numpy
Array = Any


@dataclass(frozen=True)
class Brightness:
    """Adds up to `most` of the whole range, either way, the same to every pixel of a picture."""

    most: float = 63 / 255

    def __post_init__(self) -> None:
        if not 0 < self.most <= 1:
            raise BadUsage(f"brightness changes by a share above 0 and up to 1, got {self}")

    def draw(self, key: Array, count: int) -> Array:
        """float32 [count]: what is added."""
        return jax.random.uniform(key, (count,), minval=-1, maxval=1) * self.most * 255

    def apply(self, images: Array, added: Array) -> Array:
        """[n, height, width, channels] -> float32 of the same shape.

        >>> Brightness().apply(jnp.ones((1, 1, 2, 1)), jnp.array([4.0])).ravel().tolist()
        [5.0, 5.0]
        """
        return images.astype(jnp.float32) + added[:, None, None, None]


@dataclass(frozen=True)
class Contrast:
    """Spreads each channel of a picture about its mean by a factor from `least` to `most`."""

    least: float = 0.2
    most: float = 1.8

    def __post_init__(self) -> None:
        if not 0 <= self.least < self.most:
            raise BadUsage(f"contrast goes from a factor to a larger one, got {self}")

    def draw(self, key: Array, count: int) -> Array:
        """float32 [count]: the factors."""
        return jax.random.uniform(key, (count,), minval=self.least, maxval=self.most)

    def apply(self, images: Array, factors: Array) -> Array:
        """[n, height, width, channels] -> float32 of the same shape.

        >>> picture = jnp.array([1.0, 3.0]).reshape(1, 1, 2, 1)
        >>> Contrast().apply(picture, jnp.array([2.0])).ravel().tolist()
        [0.0, 4.0]
        """
        images = images.astype(jnp.float32)
        mean = images.mean((1, 2), keepdims=True)
        return (images - mean) * factors[:, None, None, None] + mean
