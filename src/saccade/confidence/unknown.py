"""Pictures unlike all that the network learned from."""

import math
from dataclasses import replace

import numpy as np

from saccade.confidence.answers import checked
from saccade.confidence.folds import folds
from saccade.core.calibration import Unknown
from saccade.core.errors import BadUsage
from saccade.core.known import Known
from saccade.core.scores import Score, centred, unknown_score

SHARE = 0.05  # of known pictures that may be called unknown
FOLDS = 5
# A mean takes a few pictures of each class, and all means must fit into a small file.
LEAST_OF_A_CLASS, MOST_CLASSES = 10, 200


def fit_unknown(
    logits: np.ndarray,
    labels: np.ndarray,
    *,
    share: float = SHARE,
    score: Score = "energy or distance",
) -> Unknown:
    """The threshold that about this share of new known pictures is above, by their raw logits.

    It is a split conformal quantile: the bound holds for any network, on average over calibration
    sets. What `energy or distance` is measured by is fitted to the others when a fold of the
    pictures is scored. Where a class has fewer than ten pictures, or there are more than 200
    classes, the score is `energy`. With fewer than 1 / share - 1 pictures no bound can be promised,
    and the threshold is the highest score.

    Raises:
        BadData: the logits are not finite, or do not fit the labels.
        BadUsage: a share that is not between 0 and 1.

    >>> rng = np.random.default_rng(0)
    >>> labels = rng.integers(0, 10, 999)
    >>> known = 9 * np.eye(10)[labels] + rng.normal(size=(999, 10))
    >>> round(fit_unknown(known, labels).share, 3)
    0.049
    """
    if not 0 < share < 1:
        raise BadUsage(f"a share is above 0 and below 1, got {share}")
    logits, labels = checked(logits, labels)
    of_class = np.bincount(labels, minlength=logits.shape[1])
    if score == "energy or distance" and (
        of_class.min() < LEAST_OF_A_CLASS or len(of_class) > MOST_CLASSES
    ):
        score = "energy"
    if score == "energy or distance":
        known, scores = fit_known(logits, labels), np.empty(len(labels))
        fold = folds(labels, FOLDS)
        for number in range(FOLDS):
            held = fold == number
            scores[held] = fit_known(logits[~held], labels[~held]).strangeness(logits[held])
    else:
        known, scores = None, unknown_score(logits, score)
    n = len(scores)
    place = min(math.ceil((n + 1) * (1 - share) - 1e-9), n)
    threshold = float(np.sort(scores)[place - 1])
    return Unknown(score, threshold, float((scores > threshold).mean()), known)


def fit_known(logits: np.ndarray, labels: np.ndarray) -> Known:
    """Means, spread, and how energy and distance are spread over pictures of every class."""
    values = centred(logits)
    means = np.stack([values[labels == label].mean(axis=0) for label in range(values.shape[1])])
    spread = np.maximum(np.sqrt(((values - means[labels]) ** 2).mean(axis=0)), 1e-3)
    rows = tuple(tuple(row) for row in means.tolist())
    known = Known(rows, tuple(spread.tolist()), (0.0, 1.0), (0.0, 1.0))
    energy, distance = unknown_score(logits, "energy"), known.distances(logits)
    return replace(known, energy=_middle_and_width(energy), distance=_middle_and_width(distance))


def _middle_and_width(values: np.ndarray) -> tuple[float, float]:
    """The median, and one standard deviation above it if it were a normal distribution."""
    middle, above = np.quantile(values, [0.5, 0.84])
    return float(middle), float(max(above - middle, 1e-3))


def auroc(known: np.ndarray, strange: np.ndarray) -> float:
    """How often a strange picture's score is above a known one's, 0..1; ties count half.

    The area under the ROC curve (Hanley and McNeil 1982), by ranks.

    >>> auroc(np.array([0.1, 0.2]), np.array([0.15, 0.9]))
    0.75
    """
    both = np.concatenate([known, strange])
    _, index, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[index]
    wins = ranks[len(known) :].sum() - len(strange) * (len(strange) + 1) / 2
    return float(wins / (len(known) * len(strange)))
