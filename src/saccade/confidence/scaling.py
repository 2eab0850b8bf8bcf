"""Temperature and vector scaling: a scale and an offset a class, fitted by likelihood.

Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", 2017. Both are fitted
with a prior, so that a few pictures, or some that the network tells apart without a mistake, give a
sensible answer: the likelihood alone would then ask for an infinite scale. To make a network surer
takes more evidence than to make it less sure: as a rule networks are too sure, and the pictures
fitted on are often those that its weights were chosen by.
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

from saccade.confidence.answers import checked
from saccade.core.calibration import Calibration, Method, identity
from saccade.core.scores import softmax

# Standard deviations of the priors: of the logarithm of 1 / temperature about 0, below and above
# it, and of how far a class's scale (logarithm) and offset are from those of the temperature.
LESS_SURE, SURER, SCALE, OFFSET = 1.0, 0.1, 0.25, 0.5
MOST = np.log(50.0)  # no scale beyond 1/50 to 50


def fit_scaling(logits: np.ndarray, labels: np.ndarray, method: Method) -> Calibration:
    """The calibration of this method for raw logits [n, classes] with true labels [n].

    On these pictures its loss is never above that of the network, nor that of a vector above the
    temperature's.

    Raises:
        BadData: the logits are not finite, or do not fit the labels.

    >>> rng = np.random.default_rng(0)
    >>> logits = rng.normal(0, 2, (4000, 3))
    >>> labels = (logits + rng.gumbel(size=(4000, 3))).argmax(axis=1)  # drawn as they say
    >>> fitted = fit_scaling(4 * logits, labels, "temperature")  # but told four times as sure
    >>> round(1 / fitted.scale[0], 1), fitted.offset
    (4.0, (0.0, 0.0, 0.0))
    """
    logits, labels = checked(logits, labels)
    classes = logits.shape[1]
    if method == "none":
        return identity(classes)
    scale = fit_temperature(logits, labels)
    even = Calibration("temperature", (scale,) * classes, (0.0,) * classes)
    return even if method == "temperature" else _fit_vector(logits, labels, even)


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """1 / temperature."""
    labelled = logits[np.arange(len(labels)), labels]

    def objective(log_scale: np.ndarray) -> tuple[float, np.ndarray]:
        scale = np.exp(log_scale[0])
        loss, shares = _loss(logits * scale, labels)
        slope = scale * ((shares * logits).sum(axis=1) - labelled).mean()
        deviation = SURER if log_scale[0] > 0 else LESS_SURE
        prior = log_scale[0] / (deviation**2 * len(labels))
        return loss + prior * log_scale[0] / 2, np.array([slope + prior])

    found = _minimum(objective, np.zeros(1), [(-MOST, MOST)])
    return float(np.exp(found[0]))


def _fit_vector(logits: np.ndarray, labels: np.ndarray, start: Calibration) -> Calibration:
    n, classes = logits.shape
    centre = np.concatenate([np.log(start.scale), start.offset])
    tightness = np.repeat([SCALE**-2, OFFSET**-2], classes) / n
    truth = np.zeros((n, classes))
    truth[np.arange(n), labels] = 1

    def objective(values: np.ndarray) -> tuple[float, np.ndarray]:
        scale = np.exp(values[:classes])
        loss, shares = _loss(logits * scale + values[classes:], labels)
        excess = (shares - truth) / n
        slope = np.concatenate([scale * (excess * logits).sum(axis=0), excess.sum(axis=0)])
        away = values - centre
        return loss + (tightness * away**2).sum() / 2, slope + tightness * away

    bounds = [(-MOST, MOST)] * classes + [(-MOST, MOST)] * classes
    found = _minimum(objective, centre, bounds)
    scale, offset = np.exp(found[:classes]), found[classes:] - found[classes:].mean()
    return Calibration("vector", tuple(scale.tolist()), tuple(offset.tolist()))


def _loss(logits: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean cross entropy in nats, and the probabilities."""
    top = logits.max(axis=1, keepdims=True)
    log_sum = top[:, 0] + np.log(np.exp(logits - top).sum(axis=1))
    loss = (log_sum - logits[np.arange(len(labels)), labels]).mean()
    return float(loss), softmax(logits)


def _minimum(
    objective: Callable[[np.ndarray], tuple[float, np.ndarray]],
    start: np.ndarray,
    bounds: list[tuple[float, float]],
) -> np.ndarray:
    """L-BFGS-B's; the start itself where nothing better was found."""
    found: np.ndarray = minimize(
        objective, start, jac=True, method="L-BFGS-B", bounds=bounds, tol=1e-10
    ).x
    return found if objective(found)[0] <= objective(start)[0] else start
