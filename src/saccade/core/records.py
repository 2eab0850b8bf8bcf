"""The nouns: what travels between reading, training, judging and showing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from saccade.core.errors import BadData
from saccade.core.preprocess import Preprocess
from saccade.core.rows import Rows


@dataclass(frozen=True, eq=False)
class Split:
    """Labelled pictures in a fixed order.

    `pixels` is uint8 [n, height, width, channels] with channels 1 (grey) or 3 (RGB), 0 = black, an
    array or, where that would not fit into memory, `Rows` on disk;
    `labels` is int32 [n], an index into the data set's classes; `names` says where each picture
    came from (a path, or `test/17`). Pictures of one of `groups` (int64 [n], a patient, a video)
    are never parted when something is held out. `weights` (float32 [n], 0 or more) say how much a
    picture's loss counts beside that of others; only training asks.

    >>> split = Split(np.zeros((2, 8, 8, 1), np.uint8), np.array([0, 1]), ["a.png", "b.png"])
    >>> len(split), split.take(np.array([1])).names
    (2, ['b.png'])
    """

    pixels: np.ndarray | Rows
    labels: np.ndarray
    names: Sequence[str]
    groups: np.ndarray | None = None
    weights: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 4:
            raise BadData(
                f"pixels must be uint8 [n, height, width, channels], "
                f"got {self.pixels.dtype} {list(self.pixels.shape)}"
            )
        if not len(self.pixels) == len(self.labels) == len(self.names):
            raise BadData(
                f"{len(self.pixels)} pictures, {len(self.labels)} labels and "
                f"{len(self.names)} names: there must be as many of each"
            )
        if self.groups is not None and len(self.groups) != len(self.labels):
            raise BadData(f"{len(self.labels)} pictures and {len(self.groups)} groups")
        if self.weights is not None and len(self.weights) != len(self.labels):
            raise BadData(f"{len(self.labels)} pictures and {len(self.weights)} weights")

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, ids: np.ndarray) -> "Split":
        """The pictures at these positions, in this order."""
        pixels = self.pixels.take(ids, axis=0)
        groups = None if self.groups is None else self.groups[ids]
        weights = None if self.weights is None else self.weights[ids]
        names = [self.names[i] for i in ids]
        return Split(pixels, self.labels[ids], names, groups, weights)


@dataclass(frozen=True)
class Excluded:
    """A file that was found but could not be used, and why."""

    path: str
    reason: str


@dataclass(frozen=True, eq=False)
class Dataset:
    """Everything training needs to know about the data.

    `reference` is what a person typed to get it; `statement` says in one line what was read;
    `preprocess` is how any other picture becomes one of these; `test_origin` says where the test
    split comes from (`official` or `held out`). `fingerprint` is a sha256 of pixels and labels;
    `loaded_with` is what else it takes to read it again, plain values.

    >>> import saccade
    >>> digits = saccade.load("digits")
    >>> digits.input_shape, len(digits.classes), digits.test_origin
    ((8, 8, 1), 10, 'held out')
    """

    name: str
    reference: str
    classes: tuple[str, ...]
    train: Split
    validation: Split | None
    test: Split
    preprocess: Preprocess
    test_origin: str
    statement: str
    fingerprint: str
    excluded: tuple[Excluded, ...] = ()
    loaded_with: Mapping[str, Any] = field(default_factory=dict)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of every picture."""
        height, width, channels = self.train.pixels.shape[1:]
        return height, width, channels

    def with_validation(self, train: Split, validation: Split) -> "Dataset":
        """The same data with part of train set aside."""
        return replace(self, train=train, validation=validation)


@dataclass(frozen=True, eq=False)
class Predictions:
    """A network's answers: float64 logits [n, classes] and the true labels int32 [n].

    >>> p = Predictions(np.array([[4.9, 1.2, 1.2, 3.2]]), np.array([0]))
    >>> p.probabilities.round(3).tolist()
    [[0.812, 0.02, 0.02, 0.148]]
    >>> p.accuracy, p.correct, round(p.loss, 4)
    (1.0, 1, 0.2087)
    """

    logits: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def log_probabilities(self) -> np.ndarray:
        """Natural logarithm of `probabilities`; finite wherever the logits are."""
        shifted = self.logits - self.logits.max(axis=1, keepdims=True)
        normalised: np.ndarray = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        return normalised

    @property
    def probabilities(self) -> np.ndarray:
        """float64 [n, classes], rows sum to 1."""
        probabilities: np.ndarray = np.exp(self.log_probabilities)
        return probabilities

    @property
    def answers(self) -> np.ndarray:
        """int64 [n], the most likely class of each picture (the first of equals)."""
        answers: np.ndarray = self.logits.argmax(axis=1)
        return answers

    @property
    def losses(self) -> np.ndarray:
        """Cross-entropy of each picture in nats, float64 [n]."""
        losses: np.ndarray = -self.log_probabilities[np.arange(len(self)), self.labels]
        return losses

    @property
    def loss(self) -> float:
        """Mean cross-entropy in nats."""
        return float(self.losses.mean())

    @property
    def correct(self) -> int:
        """How many answers are the label."""
        return int((self.answers == self.labels).sum())

    @property
    def accuracy(self) -> float:
        """Share of answers that are the label, 0..1."""
        return self.correct / len(self)

    def worst_mistakes(self, most: int) -> np.ndarray:
        """Positions of wrong answers, int64 [at most `most`]: the surest of their class first."""
        wrong = np.flatnonzero(self.answers != self.labels)
        certainty = self.probabilities[wrong].max(axis=1)
        positions: np.ndarray = wrong[np.argsort(-certainty, kind="stable")][:most]
        return positions
