"""A curve of any length in the room of a short one."""

import numpy as np

MOST_POINTS = 4000


class Thinned:
    """Means of equal stretches of rows; a stretch doubles whenever there would be too many.

    A row is a step and `columns` values; what is not finite is left out of its mean.
    """

    def __init__(self, columns: int, most: int = MOST_POINTS):
        self.most, self.stretch, self.rows = most, 1, 0
        # By stretch: sum of the steps, then of each column's values; and how many of each.
        self.sums = np.zeros((1 + columns, most))
        self.counts = np.zeros((1 + columns, most), np.int64)

    def add(self, rows: np.ndarray) -> None:
        """Adds float64 [1 + columns, n]: steps first."""
        if not rows.shape[1]:
            return
        places = np.arange(self.rows, self.rows + rows.shape[1])
        self.rows += rows.shape[1]
        while (self.rows - 1) // self.stretch >= self.most:
            self._fold()
        places //= self.stretch
        low, high = int(places[0]), int(places[-1]) + 1
        for row, values in enumerate(rows):
            good = np.isfinite(values)
            where = places[good] - low
            self.sums[row, low:high] += np.bincount(where, values[good], high - low)
            self.counts[row, low:high] += np.bincount(where, minlength=high - low)

    def points(self) -> np.ndarray:
        """float64 [1 + columns, points]: the middle step of each stretch, the means (or NaN)."""
        used = -(-self.rows // self.stretch)
        counts = self.counts[:, :used]
        means = np.full(counts.shape, np.nan)
        np.divide(self.sums[:, :used], counts, out=means, where=counts > 0)
        means[0] = np.floor(means[0])
        return means

    def _fold(self) -> None:
        """Two stretches become one."""
        self.stretch *= 2
        for kept in (self.sums, self.counts):
            pairs = kept.reshape(len(kept), -1, 2).sum(axis=2)
            kept[:] = 0
            kept[:, : pairs.shape[1]] = pairs
