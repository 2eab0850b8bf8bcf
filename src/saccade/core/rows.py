"""Pictures that stay on disk until they are asked for."""

from collections.abc import Iterator

import numpy as np


class Rows:
    """Some rows of a larger array, a memory map as a rule, in an order of their own.

    It has what is used of an array of pictures: shape, dtype, positions, `take`. Asking for
    positions reads them; `take` reads nothing.

    >>> rows = Rows(np.arange(12).reshape(6, 2), np.array([5, 1, 3]))
    >>> rows.shape, rows[1:].tolist(), rows.take(np.array([2])).shape
    ((3, 2), [[2, 3], [6, 7]], (1, 2))
    """

    def __init__(self, array: np.ndarray, positions: np.ndarray):
        self.array, self.positions = array, positions
        self.dtype, self.ndim = array.dtype, array.ndim

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.positions), *self.array.shape[1:])

    def __len__(self) -> int:
        return len(self.positions)

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, where: int | slice | np.ndarray) -> np.ndarray:
        read: np.ndarray = np.asarray(self.array[self.positions[where]])
        return read

    def take(self, ids: np.ndarray, axis: int = 0) -> "Rows":
        """The rows at these positions; `axis` is always the first."""
        return Rows(self.array, self.positions[ids])
