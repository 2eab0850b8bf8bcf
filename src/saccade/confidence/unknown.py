"""Pictures unlike all that the network learned from."""

import math

import numpy as np

from saccade.core.calibration import Unknown
from saccade.core.errors import BadData, BadUsage
from saccade.core.scores import BEST_SCORE, Score, unknown_score

SHARE = 0.05  # of known pictures that may be called unknown


def fit_unknown(logits: np.ndarray, *, share: float = SHARE, score: Score = BEST_SCORE) -> Unknown:
    """The threshold that at most this share of new known pictures is above, by their raw logits.

    It is a split conformal quantile: the bound holds for any network, on average over calibration
    sets. With fewer than 1 / share - 1 pictures none can be promised, and it is the highest score.

    Raises:
        BadData: the logits are not finite [n, classes], n at least 1.
        BadUsage: a share that is not between 0 and 1.

    >>> known = np.random.default_rng(0).normal(size=(999, 10))
    >>> round(fit_unknown(known).share, 3)
    0.049
    """
    if not 0 < share < 1:
        raise BadUsage(f"a share is above 0 and below 1, got {share}")
    logits = np.asarray(logits, np.float64)
    if logits.ndim != 2 or not len(logits) or not np.isfinite(logits).all():
        raise BadData(f"logits are finite and [n, classes], got {list(logits.shape)}")
    scores = np.sort(unknown_score(logits, score))
    n = len(scores)
    place = min(math.ceil((n + 1) * (1 - share) - 1e-9), n)
    threshold = float(scores[place - 1])
    return Unknown(score, threshold, float((scores > threshold).mean()))


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
