"""Which scaling: the one that does best on answers it was not fitted on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

import numpy as np

from saccade.confidence.answers import checked
from saccade.confidence.folds import folds
from saccade.confidence.scaling import fit_scaling
from saccade.core.calibration import Method
from saccade.core.errors import BadData

FOLDS = 5
CLEARLY = 1.0  # standard errors of the mean difference


@dataclass(frozen=True, eq=False)
class Trial:
    """Answers that were calibrated without being fitted on: logits float64 [n, classes].

    `loss` is their mean cross entropy in nats, `losses` that of each picture, float64 [n].
    """

    method: Method
    logits: np.ndarray
    losses: np.ndarray

    @property
    def loss(self) -> float:
        """Mean cross entropy in nats."""
        return float(self.losses.mean())


def try_methods(
    logits: np.ndarray, labels: np.ndarray, *, groups: np.ndarray | None = None, seed: int = 0
) -> dict[Method, Trial]:
    """Every method, cross-validated: each fold is calibrated by a fit to the others.

    Raises:
        BadData: the logits are not finite, do not fit the labels, or are of one picture or group.
    """
    logits, labels = checked(logits, labels)
    parts = len(labels) if groups is None else len(np.unique(groups))
    if parts < 2:
        raise BadData("a calibration takes at least two pictures, of two groups if there are some")
    fold = folds(labels, min(FOLDS, parts), groups=groups, seed=seed)
    trials: dict[Method, Trial] = {}
    for method in get_args(Method):
        calibrated = np.empty_like(logits)
        for number in range(fold.max() + 1):
            held = fold == number
            fitted = fit_scaling(logits[~held], labels[~held], method)
            calibrated[held] = fitted.logits(logits[held])
        trials[method] = Trial(method, calibrated, _losses(calibrated, labels))
    return trials


def best_method(trials: Mapping[Method, Trial]) -> Method:
    """A temperature, unless a vector is clearly better, or the network itself is not worse.

    Clearly is by more than a standard error of the mean difference: a vector has many more numbers
    to fit, and may change which class is the likeliest.
    """
    none, temperature, vector = (trials[name] for name in ("none", "temperature", "vector"))
    gain = temperature.losses - vector.losses
    error = gain.std(ddof=1) / np.sqrt(len(gain))
    if gain.mean() > CLEARLY * error and vector.loss < none.loss:
        return "vector"
    return "temperature" if temperature.loss < none.loss else "none"


def _losses(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    top = logits.max(axis=1, keepdims=True)
    log_sum = top[:, 0] + np.log(np.exp(logits - top).sum(axis=1))
    losses: np.ndarray = log_sum - logits[np.arange(len(labels)), labels]
    return losses
