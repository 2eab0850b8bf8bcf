"""The slopes of an update, all of them together."""

from typing import Any

from saccade.models.backend import jax

jnp = jax.numpy
Array = Any


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
