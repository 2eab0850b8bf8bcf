"""eval/calibration.json: a run's calibration, and the weights it belongs to."""

import hashlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from safetensors.numpy import save

from saccade.core.calibration import Calibration
from saccade.core.errors import BadData, BadRun
from saccade.run import durable
from saccade.run.directory import Run

SCHEMA = 1
FILE = "calibration.json"


@dataclass(frozen=True)
class Kept:
    """A calibration with the step and the sha256 of its weights; `figures` is how good it is."""

    calibration: Calibration
    step: int
    weights_sha256: str
    figures: Mapping[str, Any]

    def is_of(self, weights: Mapping[str, np.ndarray]) -> bool:
        """Whether it was fitted to just these weights."""
        return self.weights_sha256 == weights_sha256(weights)


def weights_sha256(weights: Mapping[str, np.ndarray]) -> str:
    """That of the weights' file in a checkpoint: equal weights are equal bytes."""
    ordered = {key: np.asarray(weights[key], order="C") for key in sorted(weights)}
    return hashlib.sha256(save(ordered)).hexdigest()


def write_calibration(run: Run, kept: Kept) -> None:
    """Writes eval/calibration.json, whole or not at all."""
    durable.make_directory(run.path / "eval")
    values = {
        "schema": SCHEMA,
        "step": kept.step,
        "weights_sha256": kept.weights_sha256,
        "calibration": kept.calibration.to_json(),
        **kept.figures,
    }
    durable.write_json(run.path / "eval" / FILE, values)


def read_calibration(run: Run) -> Kept | None:
    """What `write_calibration` wrote, None where there is none.

    Raises:
        BadRun: it is damaged, or another version's.
    """
    path = run.path / "eval" / FILE
    again = "`saccade calibrate` writes it anew"
    try:
        values = durable.read_json(path)
    except FileNotFoundError:
        return None
    except BadRun as error:
        raise BadRun(f"{error}; {again}") from None
    schema = values.pop("schema", None)
    if schema != SCHEMA:
        raise BadRun(f"{path} has schema {schema!r:.40}, this saccade reads {SCHEMA}; {again}")
    step, told = values.pop("step", None), values.pop("weights_sha256", None)
    if not isinstance(step, int) or not isinstance(told, str):
        raise BadRun(f"{path} does not say which weights it is of; {again}")
    try:
        calibration = Calibration.from_json(values.pop("calibration", None))
    except BadData as error:
        raise BadRun(f"{path} is damaged: {error}; {again}") from None
    return Kept(calibration, step, told, values)


def fitting_calibration(
    run: Run, weights: Mapping[str, np.ndarray], classes: int
) -> Calibration | None:
    """The run's calibration if it was fitted to these weights; one of others is warned of.

    Raises:
        BadRun: it is damaged, or is not of as many classes.
    """
    kept = read_calibration(run)
    if kept is None:
        return None
    if kept.calibration.classes != classes:
        raise BadRun(
            f"{run.path / 'eval' / FILE} is of {kept.calibration.classes} classes, the run has "
            f"{classes}; `saccade calibrate` writes it anew"
        )
    if not kept.is_of(weights):
        warnings.warn(
            f"the calibration of {run.path} is of other weights (step {kept.step:,}) and is not "
            f"used; `saccade calibrate` fits one to these",
            stacklevel=2,
        )
        return None
    return kept.calibration
