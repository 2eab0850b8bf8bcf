"""What a network answered on the watched pictures, as far as a snapshot keeps it."""

import math
from dataclasses import dataclass

import numpy as np

SURE = 254.5 / 255  # what is kept as 255 may be anything above


@dataclass(frozen=True, eq=False)
class Answers:
    """Labels and answers, int [n]; `confidence` of the answers, float [n], 0..1 in 255 parts.

    >>> answers = Answers(7, np.array([0, 1, 1]), np.array([0, 1, 0]), np.array([0.9, 0.8, 0.5]))
    >>> answers.right.tolist(), answers.errors
    ([True, True, False], 1)
    """

    step: int
    labels: np.ndarray
    answers: np.ndarray
    confidence: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def right(self) -> np.ndarray:
        """bool [n]."""
        right: np.ndarray = self.answers == self.labels
        return right

    @property
    def errors(self) -> int:
        """How many answers are not the label."""
        return int((~self.right).sum())

    @property
    def loss_error(self) -> float:
        """The standard error of the mean loss in nats: how far chance alone moves it.

        The confidence of a wrong answer leaves at most the rest to the label: its loss is at least
        -ln(1 - confidence). One sure error is added to those seen: where there is none among a
        hundred pictures, there may be one among the next.
        """
        sure = np.clip(self.confidence, 1 - SURE, SURE)
        losses = -np.log(np.append(np.where(self.right, sure, 1 - sure), 1 - SURE))
        return float(losses.std() / math.sqrt(len(losses)))

    @property
    def surer_when_right(self) -> float | None:
        """How often a right answer is surer than a wrong one, 0..1; a half if it knows nothing.

        The area under the ROC curve of confidence as a test of rightness (Hendrycks and Gimpel,
        "A baseline for detecting misclassified and out-of-distribution examples", 2017); None
        where all answers are right or all wrong.

        >>> right, wrong = np.array([0.9, 0.6]), np.array([0.6])
        >>> sure = np.concatenate([right, wrong])
        >>> Answers(1, np.array([0, 0, 0]), np.array([0, 0, 1]), sure).surer_when_right
        0.75
        """
        right, wrong = self.confidence[self.right], np.sort(self.confidence[~self.right])
        if not len(right) or not len(wrong):
            return None
        below = np.searchsorted(wrong, right, "left")
        level = np.searchsorted(wrong, right, "right")
        return float((below + level).mean() / (2 * len(wrong)))
