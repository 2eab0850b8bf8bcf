"""How wrong answers are: one number a picture, and how much each counts."""

from typing import Any

import numpy as np

from saccade.core.records import Split
from saccade.models.backend import jax
from saccade.train.mixing import Mix

jnp = jax.numpy
Array = Any


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


def mixed_losses(logits: Array, labels: Array, mix: Mix | None, smoothing: float) -> Array:
    """[n]; of mixed pictures, of both labels by their shares."""
    losses = cross_entropy(logits, labels, smoothing)
    if mix is not None:
        others = cross_entropy(logits, labels[mix.other], smoothing)
        losses = mix.share * losses + (1 - mix.share) * others
    return losses


def picture_weights(split: Split, *, balanced: bool) -> np.ndarray | None:
    """float32 [n]: how much each picture's loss counts; None where all count alike.

    A split's own weights are brought to 1 on average; those of `balanced` classes multiply them.

    >>> pixels, labels = np.zeros((3, 1, 1, 1), np.uint8), np.array([0, 0, 1])
    >>> split = Split(pixels, labels, "abc", weights=np.array([6, 2, 4], np.float32))
    >>> picture_weights(split, balanced=False).tolist()
    [1.5, 0.5, 1.0]
    >>> picture_weights(split, balanced=True).tolist()
    [1.125, 0.375, 1.5]
    """
    classes = class_weights(split.labels) if balanced else None
    if split.weights is None or not split.weights.any():
        return classes if split.weights is None else np.zeros(len(split), np.float32)
    own = (split.weights / split.weights.mean(dtype=np.float64)).astype(np.float32)
    return own if classes is None else own * classes


def class_weights(labels: np.ndarray) -> np.ndarray:
    """float32 [n]: as much for each class together as for any other, 1 on average.

    >>> class_weights(np.array([0, 0, 1])).tolist()
    [0.75, 0.75, 1.5]
    """
    _, index, counts = np.unique(labels, return_inverse=True, return_counts=True)
    weights: np.ndarray = len(labels) / (len(counts) * counts[index])
    return weights.astype(np.float32)


def penalty(kernels: list[Array], l1: float, l2: float) -> Array | float:
    """`l1` times the sum of |w| and `l2` times the sum of w^2, over all kernels.

    >>> float(penalty([jnp.array([3.0, -1.0])], l1=0.5, l2=1.0))
    12.0
    """
    if not (l1 or l2):
        return 0.0
    absolute = sum(jnp.abs(kernel).sum() for kernel in kernels)
    square = sum(jnp.square(kernel).sum() for kernel in kernels)
    return l1 * absolute + l2 * square
