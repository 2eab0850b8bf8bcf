"""What is read off logits and probabilities: a softmax, how strange, how ill a class fits."""

from typing import Literal

import numpy as np

Score = Literal["energy or distance", "energy", "max logit", "max probability"]
Kind = Literal["LAC", "APS"]


def unknown_score(raw: np.ndarray, score: Score) -> np.ndarray:
    """One of the scores that need nothing but raw logits [n, classes], float64 [n].

    Larger is stranger. All begin with taking a row's mean off it (`centred`). `energy` is
    -logsumexp (Liu et al. 2020), `max logit` is -max (Hendrycks et al. 2022), `max probability` is
    1 - max softmax (Hendrycks and Gimpel 2017).

    >>> unknown_score(np.array([[9.0, 0.0], [0.1, 0.0]]), "energy").round(3).tolist()
    [-4.5, -0.694]
    """
    values = centred(raw)
    top: np.ndarray = values.max(axis=1)
    if score == "max logit":
        return -top
    inverse: np.ndarray = np.exp(values - top[:, None]).sum(axis=1)
    if score == "max probability":
        return 1 - 1 / inverse
    energy: np.ndarray = -(top + np.log(inverse))
    return energy


def centred(raw: np.ndarray) -> np.ndarray:
    """Logits, float64 [n, classes], without their mean, which a softmax does not see.

    A binary network's logits (0, z) then treat both classes alike.
    """
    raw = np.asarray(raw, np.float64)
    values: np.ndarray = raw - raw.mean(axis=1, keepdims=True)
    return values


def nonconformity(probabilities: np.ndarray, kind: Kind) -> np.ndarray:
    """How ill each class fits, float64 [n, classes], 0..1; the set is what fits well enough.

    `LAC` is 1 - p (Sadinle, Lei and Wasserman 2019). `APS` is the probability of all classes that
    are likelier (Romano, Sesia and Candès 2020, with u = 0): the likeliest class always fits.

    >>> torn = np.array([[0.6, 0.3, 0.1]])
    >>> nonconformity(torn, "LAC").round(3).tolist(), nonconformity(torn, "APS").round(3).tolist()
    ([[0.4, 0.7, 0.9]], [[0.0, 0.6, 0.9]])
    """
    if kind == "LAC":
        fits_not: np.ndarray = 1 - probabilities
        return fits_not
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=1)
    above: np.ndarray = np.minimum(np.cumsum(ranked, axis=1) - ranked, 1.0)
    scores = np.empty_like(above)
    np.put_along_axis(scores, order, above, axis=1)
    return scores


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities, float64 [n, classes], rows sum to 1."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: np.ndarray = shifted / shifted.sum(axis=1, keepdims=True)
    return probabilities
