"""What some updates gave, of which a person hears together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from saccade.train.resident import Resident, Streamed
from saccade.train.resizing import Size
from saccade.train.state import State


@dataclass(frozen=True)
class Chunk:
    """What a chunk of updates gave, on the host: per update mean loss (nats) and accuracy.

    `slopes` are the lengths of the last update's slopes, float32, one a trainable variable.
    """

    state: State
    losses: np.ndarray
    accuracies: np.ndarray
    slopes: np.ndarray


Run = Callable[[State, Resident | Streamed, np.ndarray, np.ndarray, int], Chunk]
"""`Engine.run_chunk`: a state, a split, positions and learning rates of each step, steps before."""


def in_blocks(
    run: Run, state: State, train: Streamed, ids: np.ndarray, rates: np.ndarray, first: int
) -> Chunk:
    """A chunk with the pictures of a block of steps on the device at a time."""
    together, batch_size = train.steps_together(ids.shape[1]), ids.shape[1]
    done = []
    for start in range(0, len(ids), together):
        wanted = ids[start : start + together]
        block = train.bring(wanted.ravel(), together * batch_size)
        places = np.arange(wanted.size).reshape(wanted.shape)
        done.append(run(state, block, places, rates[start : start + together], first + start))
        state = done[-1].state
    return joined(done)


def in_legs(
    run_of: Callable[[Size], Run],
    legs: Sequence[tuple[int, int, Size]],
    state: State,
    train: Resident | Streamed,
    ids: np.ndarray,
    rates: np.ndarray,
) -> Chunk:
    """A chunk with pictures that grow on the way: each leg is first step, step behind, size."""
    first, done = legs[0][0], []
    for begin, end, size in legs:
        leg = slice(begin - first, end - first)
        done.append(run_of(size)(state, train, ids[leg], rates[leg], begin))
        state = done[-1].state
    return joined(done)


def joined(chunks: Sequence[Chunk]) -> Chunk:
    """One after the other, as if they had been one."""
    losses = np.concatenate([chunk.losses for chunk in chunks])
    accuracies = np.concatenate([chunk.accuracies for chunk in chunks])
    return Chunk(chunks[-1].state, losses, accuracies, chunks[-1].slopes)
