"""How values are spread: the boundaries of seven parts that hold equally many of them.

The bands of Görner's tensorflowvisu.py, one after the other in time.
"""

from collections.abc import Sequence

import numpy as np

BOUNDARIES = np.linspace(0, 1, 8)
EXACT, SAMPLE = 100_000, 65_536


class Spread:
    """The bands of some arrays together, always of the same shapes.

    More than 100,000 values are judged by a fixed sample of 65,536.
    """

    def __init__(self, sizes: Sequence[int]):
        self.sampled = sum(sizes) > EXACT
        if self.sampled:
            chosen = np.random.default_rng(0).choice(sum(sizes), SAMPLE, replace=False)
            ends = np.cumsum(sizes)
            parts = np.split(np.sort(chosen), np.searchsorted(np.sort(chosen), ends[:-1]))
            self._positions = [
                part - (end - size) for part, end, size in zip(parts, ends, sizes, strict=True)
            ]

    def bands(self, arrays: Sequence[np.ndarray]) -> np.ndarray:
        """float32 [8]: the least value, six boundaries, the largest; NaN where there is none.

        >>> Spread([8]).bands([np.arange(8)]).tolist()
        [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
        """
        flat = [np.ravel(array) for array in arrays]
        if self.sampled:
            flat = [values[at] for values, at in zip(flat, self._positions, strict=True)]
        if not sum(map(len, flat)):
            return np.full(len(BOUNDARIES), np.nan, np.float32)
        bands: np.ndarray = np.quantile(np.concatenate(flat), BOUNDARIES).astype(np.float32)
        return bands
