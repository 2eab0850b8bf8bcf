"""The same picture twice: the same bytes, the same pixels, or nearly the same.

Nearly: compressed or scaled again, mirrored, cut by up to a tenth, lighter or darker. Each picture
and its cuts are shrunk to 16x16 grey values without mean and length, which makes lightness and
contrast nothing; two pictures are compared by one product of numbers. What is alike so is
compared again three times as fine and without its soft parts: in edges and texture two pictures of
one kind of thing have nothing in common (docs/lab-notes.md).
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from saccade.doctor.grey import grey_of

SIDE, FINE_SIDE = 16, 48
ALIKE, FINELY_ALIKE = 0.97, 0.6
AROUND = 4  # what is softer than nine places wide is left out of the finer comparison
# Windows (top, left, share of the sides) of one picture that another may be.
WINDOWS = (
    (0.0, 0.0, 1.0),
    *((y * 0.05, x * 0.05, 0.95) for y in (0, 1) for x in (0, 1)),
    (0.025, 0.025, 0.95),
    (0.05, 0.05, 0.9),
)
FLAT = 2.0  # a deviation of grey values below which there is nothing to compare
LEAST_SIDE = 32
BLOCK, MANY = 250, 20_000


class Pair(NamedTuple):
    """Positions of two pictures, first and second, and how alike they are: -1 to 1."""

    first: int
    second: int
    alike: float


def near_duplicates(pixels: np.ndarray) -> list[Pair]:
    """All pairs of uint8 [n, height, width, channels] that are nearly the same, each once.

    Of more than 20,000 pictures only whole ones are compared, mirrored too. Pictures smaller than
    32 pixels are not: two drawn digits are alike without being the same.

    >>> rng = np.random.default_rng(0)
    >>> one, other = rng.integers(0, 256, (2, 32, 32, 1), np.uint8)
    >>> [pair] = near_duplicates(np.stack([one, other, one[:, ::-1]]))
    >>> pair.first, pair.second
    (0, 2)
    """
    if len(pixels) < 2 or min(pixels.shape[1:3]) < LEAST_SIDE:
        return []
    grey = [grey_of(pixels[start : start + BLOCK]) for start in range(0, len(pixels), BLOCK)]
    whole = np.concatenate([_shrunk(part, WINDOWS[0], SIDE) for part in grey])
    windows = WINDOWS if len(pixels) <= MANY else WINDOWS[:1]
    best: dict[tuple[int, int], tuple[float, int, int, tuple[float, float, float], bool]] = {}
    for window in windows:
        cut = np.concatenate([_shrunk(part, window, SIDE) for part in grey])
        for mirrored in (False, True):
            given = _mirrored(cut) if mirrored else cut
            for i, j, alike in _alike(whole, given):
                key = (min(i, j), max(i, j))
                if key not in best or alike > best[key][0]:
                    best[key] = (alike, i, j, window, mirrored)
    return sorted(
        Pair(*key, round(finely, 3))
        for key, (_, i, j, window, mirrored) in best.items()
        if (finely := _finely(pixels, i, j, window, mirrored)) >= FINELY_ALIKE
    )


def _shrunk(grey: np.ndarray, window: tuple[float, float, float], side: int) -> np.ndarray:
    """[n, side * side]: means over a window's parts, without mean, of length 1 (0 if flat)."""
    top, left, share = window
    down = _boxes(grey.shape[1], top, share, side)
    across = _boxes(grey.shape[2], left, share, side)
    small = (down @ (grey @ across.T)).reshape(len(grey), -1)
    small -= small.mean(1, keepdims=True)
    length = np.linalg.norm(small, axis=1, keepdims=True)
    flat = length < FLAT * side
    return np.where(flat, 0, small / np.where(flat, 1, length)).astype(np.float32)


def _boxes(length: int, start: float, share: float, side: int) -> np.ndarray:
    """[side, length]: the weights of pixels in each of `side` equal parts of a stretch."""
    edges = (start + share * np.arange(side + 1) / side) * length
    pixel = np.arange(length)
    low = np.maximum(edges[:-1, None], pixel)
    high = np.minimum(edges[1:, None], pixel + 1)
    weights = np.maximum(high - low, 0)
    return np.asarray(weights / weights.sum(1, keepdims=True), np.float32)


def _mirrored(small: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(small.reshape(-1, SIDE, SIDE)[:, :, ::-1]).reshape(len(small), -1)


def _alike(whole: np.ndarray, other: np.ndarray) -> Iterator[tuple[int, int, float]]:
    """(i, j, likeness) of whole picture i and the other form of j, where they are alike."""
    room = np.empty((min(BLOCK, len(whole)), len(other)), np.float32)
    for start in range(0, len(whole), BLOCK):
        part = whole[start : start + BLOCK]
        products = np.matmul(part, other.T, out=room[: len(part)])
        own = np.arange(len(part))
        products[own, start + own] = -1  # a picture is like itself
        for i in np.flatnonzero(products.max(1) >= ALIKE):
            for j in np.flatnonzero(products[i] >= ALIKE):
                yield int(start + i), int(j), float(products[i, j])


def _finely(
    pixels: np.ndarray, i: int, j: int, window: tuple[float, float, float], mirrored: bool
) -> float:
    """The same comparison of one pair, finer, around the window that fitted best."""
    side = min(FINE_SIDE, *pixels.shape[1:3])
    whole = _edges(_shrunk(grey_of(pixels[i : i + 1]), WINDOWS[0], side), side)
    other = grey_of(pixels[j : j + 1])
    top, left, share = window
    found = -1.0
    for smaller in (0.0, 0.0125, 0.025, 0.05) if share < 1 else (0.0,):
        wide = min(1.0, share + 0.05 - smaller) if share < 1 else 1.0
        places = np.linspace(0, 1 - wide, 5) if wide < 1 else [0.0]
        for y in places:
            for x in places:
                if abs(y - top) > 0.03 or abs(x - left) > 0.03:
                    continue
                cut = _shrunk(other, (y, x, wide), side).reshape(side, side)
                found = max(
                    found, float((whole * _edges(cut[:, :: -1 if mirrored else 1], side)).sum())
                )
    return found


def _edges(grey: np.ndarray, side: int) -> np.ndarray:
    """[side, side] without the means around each place, of length 1."""
    grey, width = grey.reshape(side, side), 2 * AROUND + 1
    sums = np.pad(np.pad(grey, AROUND, mode="edge").cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    around = sums[width:, width:] - sums[:-width, width:] - sums[width:, :-width]
    edges = grey - (around + sums[:-width, :-width]) / width**2
    return np.asarray(edges / max(float(np.linalg.norm(edges)), 1e-6))
