"""Two training pictures in one, and what that makes of their labels."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from saccade.core.errors import BadUsage
from saccade.models.backend import jax

jnp = jax.numpy
Array = Any


class Mix(NamedTuple):
    """For each picture of a batch the place of the other one, and its own share of both, 0..1.

    `down` and `right` say where the other's part of a picture has its middle, as shares.
    """

    other: Array
    share: Array
    down: Array
    right: Array


@dataclass(frozen=True)
class _Mixing:
    """Every picture with another of its batch; the share is drawn from Beta(alpha, alpha)."""

    alpha: float

    def __post_init__(self) -> None:
        if self.alpha <= 0:
            raise BadUsage(f"alpha is above 0, got {self}")

    def draw(self, key: Array, count: int) -> Mix:
        """One drawing a picture."""
        one, two, three = jax.random.split(key, 3)
        if self.alpha == 1:  # every share is as likely, which takes no rejection to draw
            share = jax.random.uniform(two, (count,))
        else:
            share = jax.random.beta(two, self.alpha, self.alpha, (count,))
        down, right = jax.random.uniform(three, (2, count))
        return Mix(jax.random.permutation(one, count), share, down, right)


@dataclass(frozen=True)
class MixUp(_Mixing):
    """Lays two pictures over each other (Zhang et al. 2018, arXiv 1710.09412)."""

    alpha: float = 0.2

    def apply(self, images: Array, mix: Mix) -> tuple[Array, Mix]:
        """[n, height, width, channels] -> float32 of the same shape, and the shares.

        >>> mix = Mix(jnp.array([1, 0]), jnp.array([0.75, 1.0]), jnp.zeros(2), jnp.zeros(2))
        >>> MixUp().apply(jnp.array([0.0, 8.0]).reshape(2, 1, 1, 1), mix)[0].ravel().tolist()
        [2.0, 8.0]
        """
        images = images.astype(jnp.float32)
        share = mix.share[:, None, None, None]
        return share * images + (1 - share) * images[mix.other], mix


@dataclass(frozen=True)
class CutMix(_Mixing):
    """Puts a rectangle of another picture into each (Yun et al. 2019, arXiv 1905.04899).

    The share that stays is told as it came out in pixels.
    """

    alpha: float = 1.0

    def apply(self, images: Array, mix: Mix) -> tuple[Array, Mix]:
        """[n, height, width, channels] -> the same shape, and the shares.

        >>> half = jnp.array([0.5, 0.5])
        >>> mix = Mix(jnp.array([1, 0]), jnp.array([0.75, 1.0]), half, half)
        >>> _, told = CutMix().apply(jnp.zeros((2, 4, 4, 1)), mix)
        >>> told.share.tolist()
        [0.75, 1.0]
        """
        _, height, width, _ = images.shape
        half = jnp.sqrt(1 - mix.share) / 2

        def inside(middle: Array, length: int) -> Array:
            places = (jnp.arange(length) + 0.5) / length
            return jnp.abs(places - middle[:, None]) < half[:, None]

        down, right = inside(mix.down, height), inside(mix.right, width)
        cut = (down[:, :, None] & right[:, None, :])[..., None]
        share = 1 - cut.mean((1, 2, 3), dtype=jnp.float32)
        return jnp.where(cut, images[mix.other], images), mix._replace(share=share)
