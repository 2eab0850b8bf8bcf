"""Pictures made small by whole factors, many at a time."""

import math

import numpy as np


def thumbnails(pixels: np.ndarray, longest: int) -> np.ndarray:
    """uint8 [n, height, width, channels], no side longer than `longest`.

    Every pixel is the mean of a square of pixels; pictures that are small enough stay as they are.

    >>> thumbnails(np.full((2, 96, 64, 3), 7, np.uint8), 48).shape
    (2, 48, 32, 3)
    """
    count, height, width, channels = pixels.shape
    factor = math.ceil(max(height, width) / longest)
    if factor == 1:
        return pixels
    down, across = -height % factor, -width % factor
    padded = np.pad(pixels, ((0, 0), (0, down), (0, across), (0, 0)), mode="edge")
    squares = padded.reshape(
        count, (height + down) // factor, factor, (width + across) // factor, factor, channels
    )
    return squares.mean(axis=(2, 4), dtype=np.float32).round().astype(np.uint8)


def contact_sheet(pixels: np.ndarray, columns: int) -> np.ndarray:
    """uint8 [height, width, channels]: the pictures side by side, row after row; the rest is 0.

    >>> contact_sheet(np.ones((12, 8, 8, 1), np.uint8), columns=10).shape
    (16, 80, 1)
    """
    count, height, width, channels = pixels.shape
    rows = math.ceil(count / columns)
    cells = np.zeros((rows * columns, height, width, channels), np.uint8)
    cells[:count] = pixels
    grid = cells.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    return grid.reshape(rows * height, columns * width, channels)
