"""Answers of networks that are too sure, drawn so that the truth is known."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import softmax


@pytest.fixture
def drawn() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """A function that draws (raw logits, labels): calibrated logits times `scale` plus `offset`."""

    def draw(
        n: int = 3000, classes: int = 5, *, scale: float | list[float] = 3.0, offset=0.0, seed=0
    ) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        true = rng.normal(0, 2, (n, classes))
        shares = softmax(true, axis=1)
        labels = (shares.cumsum(axis=1) > rng.uniform(size=(n, 1))).argmax(axis=1)
        return (true - offset) * scale, labels

    return draw
