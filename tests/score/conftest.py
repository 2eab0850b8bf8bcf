"""A network of plain numpy, and pictures whose answers are known."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from saccade.core.answerer import Answerer
from saccade.core.preprocess import Preprocess
from saccade.data.listing import Found
from saccade.data.unlabelled import list_to_ask

CLASSES = ("dark", "middle", "light")


class Grey:
    """Answers by the mean grey: dark around 0, middle around 128, light around 255."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        self.shapes.append(pixels.shape)
        mean = pixels.mean(axis=(1, 2, 3), dtype=np.float64)
        return -np.abs(mean[:, None] - np.array([0.0, 128.0, 255.0])) / 20


@pytest.fixture
def grey() -> Answerer:
    """A network that knows dark, middle and light, ten pictures at a time."""
    return Answerer(Preprocess(4, 4, 1), CLASSES, Grey(), "by mean", batch=10)


@pytest.fixture
def greys(tmp_path: Path) -> Callable[[Sequence[int]], Path]:
    """A folder of grey pictures of these values, in class folders named after what they are."""

    def make(values: Sequence[int]) -> Path:
        root = tmp_path / "greys"
        for i, value in enumerate(values):
            folder = root / CLASSES[round(value / 127.5)]
            folder.mkdir(parents=True, exist_ok=True)
            Image.new("L", (6, 5), value).save(folder / f"{i:04d}.png")
        return root

    return make


@pytest.fixture
def listed(greys: Callable[[Sequence[int]], Path]) -> Callable[[Sequence[int]], Sequence[Found]]:
    """The same as they are listed."""
    return lambda values: list_to_ask(greys(values), CLASSES).found
