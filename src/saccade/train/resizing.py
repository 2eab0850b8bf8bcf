"""Pictures that grow while a network trains: the small ones at the beginning take less time.

Half the side is a quarter of the work. The size is a function of the step alone, so that a resumed
run trains on the same pictures. It changes a few times only, as every size compiles once, and the
last fifth of the steps has whole pictures: weights and batch norm's averages must fit those in the
end (Touvron et al. 2019, arXiv 1906.06423).
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from saccade.core.errors import BadUsage
from saccade.models.activation import Mode, Pass
from saccade.models.backend import jax
from saccade.models.forward import activations
from saccade.models.graph import Graph

Array = Any
Size = tuple[int, int]
"""Height and width in pixels."""

SMALLER = 4  # sizes before the whole one, for as many steps each
WHOLE_FROM = 0.8  # share of the steps


def size_at(step: int, total: int, grow_from: float, whole: Size) -> Size:
    """The size of the pictures of a step, counted from 0, of a training of `total`.

    >>> [size_at(step, 10, 0.5, (32, 48)) for step in (0, 1, 2, 4, 6, 8)]
    [(16, 24), (16, 24), (20, 30), (24, 36), (28, 42), (32, 48)]
    """
    return _size(min(SMALLER, int(SMALLER * step / (WHOLE_FROM * total))), grow_from, whole)


def _size(stage: int, grow_from: float, whole: Size) -> Size:
    share = grow_from + (1 - grow_from) * stage / SMALLER
    height, width = (max(1, round(side * share)) for side in whole)
    return height, width


def legs(
    first: int, count: int, total: int, grow_from: float, whole: Size
) -> Iterator[tuple[int, int, Size]]:
    """(begin, end, size) of all that have one size, of the steps first .. first+count-1.

    >>> list(legs(1, 3, 10, 0.5, (32, 32)))
    [(1, 2, (16, 16)), (2, 4, (20, 20))]
    """
    sizes = [size_at(step, total, grow_from, whole) for step in range(first, first + count)]
    changes = [k for k in range(1, count) if sizes[k] != sizes[k - 1]]
    for begin, end in zip([0, *changes], [*changes, count], strict=True):
        yield first + begin, first + end, sizes[begin]


def resized(images: Array, size: Size | None) -> Array:
    """[n, height, width, channels] -> float32 of that size, smoothed as it shrinks; None: as is.

    >>> resized(np.array([0, 2, 4, 8], np.uint8).reshape(1, 1, 4, 1), (1, 2)).shape
    (1, 1, 2, 1)
    """
    if size is None or size == images.shape[1:3]:
        return images
    shape = (len(images), *size, images.shape[3])
    return jax.image.resize(images.astype(np.float32), shape, "linear")


def check_grows(graph: Graph, grow_from: float) -> None:
    """Refuses a network that is not the same for pictures of every size.

    Raises:
        BadUsage: its weights depend on the pictures' sides, or there is nothing left of small ones.
    """
    if grow_from == 1:
        return
    weights = {name: _like(v.shape, jax.numpy.dtype(v.dtype)) for name, v in graph.weights.items()}

    def every_value(weights: dict[str, Array], images: Array) -> list[Array]:
        run = Pass(weights, Mode(key=jax.random.key(0)), "layers")
        parts = activations(graph, run, images).values()
        return [part.array for values in parts for part in values]

    for stage in range(SMALLER):
        height, width = _size(stage, grow_from, graph.input_shape[:2])
        images = _like((1, height, width, graph.input_shape[2]), np.float32)
        try:
            shapes = [value.shape for value in jax.eval_shape(every_value, weights, images)]
            fits = all(min(shape) > 0 for shape in shapes)
        except (TypeError, ValueError):
            fits = False
        if not fits:
            raise BadUsage(
                f"--grow-from {grow_from} is for networks whose weights do not depend on the "
                f"pictures' sides, as they take the mean of every map: residual, or a base. This "
                f"one can't be given {height}x{width} pixels"
            )


def _like(shape: Sequence[int], dtype: Any) -> Any:
    return jax.ShapeDtypeStruct(shape, dtype)  # type: ignore[no-untyped-call]
