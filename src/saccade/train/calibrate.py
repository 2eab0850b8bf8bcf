"""Fits a run's calibration and judges it, without ever fitting on test."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from saccade.confidence.choosing import Trial, best_method, try_methods
from saccade.confidence.conformal import Sets, fit_conformal, sets_on
from saccade.confidence.measures import Measured, Name, measure
from saccade.confidence.reject import Coverage, coverage_curve, fit_reject, highest_promise
from saccade.confidence.reliability import Bin, reliability
from saccade.confidence.scaling import fit_scaling
from saccade.confidence.unknown import fit_unknown
from saccade.core.calibration import Calibration, Method
from saccade.core.errors import BadUsage
from saccade.core.interval import wilson
from saccade.core.records import Predictions
from saccade.core.scores import Kind, softmax
from saccade.run.calibration import Kept, weights_sha256, write_calibration
from saccade.run.directory import Run
from saccade.run.events import Accuracy
from saccade.train.evaluate import part_of, reload
from saccade.train.outside import Outside, Watch, outside_answers
from saccade.train.restore import Own, Trained, restore
from saccade.train.results import note_test_read

MOST_POINTS = 200  # of a coverage curve that is kept


@dataclass(frozen=True)
class Judged:
    """How a calibration does on `n` pictures: measures and accuracy, 0..1, before and after.

    `kept` is the share that is not rejected and `precision` that of right answers among them with
    its 95 % Wilson interval, None where none is kept; `unknown` is the share that is called so.
    """

    n: int
    before: Mapping[Name, Measured]
    after: Mapping[Name, Measured]
    accuracy_before: float
    accuracy_after: float
    kept: float
    precision: tuple[float, float, float] | None
    unknown: float
    sets: Sets
    reliability_before: tuple[Bin, ...]
    reliability_after: tuple[Bin, ...]


@dataclass(frozen=True, eq=False)
class Calibrated:
    """A run's calibration, what it was fitted on, and how good it is.

    `losses` are the cross-validated ones, mean nats, of the methods that were tried. `held` judges
    answers that were calibrated by fits to the other folds; its thresholds were fitted on the same
    ones. `highest` is the highest precision that could be promised; `test` is None unless asked.
    """

    run: Run
    calibration: Calibration
    step: int
    what: str
    losses: Mapping[Method, float]
    held: Judged
    highest: float
    curve: Coverage
    test: Judged | None

    def to_json(self) -> dict[str, Any]:
        """All figures, for eval/calibration.json."""
        points = np.unique(np.linspace(0, len(self.curve.kept) - 1, MOST_POINTS).astype(int))
        curve = [
            [float(values[i]) for values in (self.curve.coverage, self.curve.precision)]
            for i in points
        ]
        return {
            "fitted_on": self.what,
            "cross_validated_nll": dict(self.losses),
            "highest_precision": self.highest,
            "held_out": asdict(self.held),
            "test": asdict(self.test) if self.test else None,
            "curve": curve,
        }


def calibrate(
    run: str | Path | Run,
    method: Literal["auto"] | Method = "auto",
    *,
    precision: float = 0.95,
    coverage: float = 0.9,
    sets: Kind = "LAC",
    test: bool = False,
    model: Own = None,
    watch: Watch = lambda training: training.events,
) -> Calibrated:
    """Makes a run's confidence mean something, and keeps how in its eval/calibration.json.

    Fitted on its validation split, or, where it has none, on answers of networks that are trained
    with parts of train held out (`watch` is given each). `auto` takes a temperature unless a vector
    has a clearly lower cross-validated loss. `precision` is that of the answers that are to be
    accepted, `coverage` how often a set of classes shall hold the true one. With `test`, it is
    judged there as well, and the reading is noted.

    Raises:
        BadRun: no such run, or it has no checkpoint yet.
        BadUsage: a precision or coverage that is not between 0 and 1.
        BadData: the data is no longer what the run was trained on, or too little.

    >>> import saccade, tempfile, pathlib
    >>> run = saccade.create_run(pathlib.Path(tempfile.mkdtemp()) / "run")
    >>> events = saccade.fit("softmax", saccade.load("digits"), saccade.recipe("softmax", steps=99))
    >>> _ = saccade.finish(saccade.record(events, run))
    >>> found = calibrate(run, "temperature", precision=0.8)
    >>> found.calibration.classes, found.held.after["nll"].value < found.held.before["nll"].value
    (10, True)
    """
    _check(precision, coverage)
    trained = restore(run, model=model)
    dataset = reload(trained.run)
    outside = outside_answers(trained, dataset, watch)
    logits, labels = outside.predictions.logits, outside.predictions.labels
    trials = try_methods(logits, labels, groups=outside.groups)
    chosen: Method = best_method(trials) if method == "auto" else method
    fitted = _fitted(outside, trials[chosen], precision, coverage, sets)
    shares = softmax(trials[chosen].logits)
    curve = coverage_curve(shares, labels)
    found = Calibrated(
        run=trained.run,
        calibration=fitted,
        step=trained.step,
        what=outside.what,
        losses={name: trial.loss for name, trial in trials.items()},
        held=judge(fitted, outside.predictions, shares),
        highest=highest_promise(curve),
        curve=curve,
        test=_on_test(trained, dataset, fitted) if test else None,
    )
    weights = weights_sha256(trained.weights)
    write_calibration(trained.run, Kept(fitted, trained.step, weights, found.to_json()))
    return found


def _check(precision: float, coverage: float) -> None:
    for name, value in (("--precision", precision), ("--coverage", coverage)):
        if not 0 < value < 1:
            raise BadUsage(f"{name} is above 0 and below 1, got {value}")


def _fitted(
    outside: Outside, trial: Trial, precision: float, coverage: float, sets: Kind
) -> Calibration:
    """Scales of all answers; thresholds of answers that scales were not fitted on."""
    logits, labels = outside.predictions.logits, outside.predictions.labels
    shares = softmax(trial.logits)
    return replace(
        fit_scaling(logits, labels, trial.method),
        reject=fit_reject(shares, labels, precision),
        unknown=fit_unknown(logits, labels),
        conformal=fit_conformal(shares, labels, coverage, sets),
    )


def judge(
    calibration: Calibration, answers: Predictions, shares: np.ndarray | None = None
) -> Judged:
    """How a calibration does on these answers; `shares` are theirs, calibrated another way."""
    raw, labels = answers.logits, answers.labels
    if shares is None:
        shares = calibration.probabilities(raw)
    right = shares.argmax(axis=1) == labels
    threshold = calibration.reject.threshold if calibration.reject else 0.0
    kept = shares.max(axis=1) >= (2.0 if threshold is None else threshold)
    hits, n = int(right[kept].sum()), int(kept.sum())
    fitted = calibration.conformal
    if fitted is None:
        raise ValueError("only a calibration with sets can be judged")
    decisions = replace(calibration, reject=None).decisions(raw)
    return Judged(
        n=len(labels),
        before=measure(answers.probabilities, labels),
        after=measure(shares, labels),
        accuracy_before=answers.accuracy,
        accuracy_after=float(right.mean()),
        kept=n / len(labels),
        precision=(hits / n, *wilson(hits, n)) if n else None,
        unknown=decisions.count("unknown") / len(labels),
        sets=sets_on(fitted, shares, labels),
        reliability_before=tuple(reliability(answers.probabilities, labels)),
        reliability_after=tuple(reliability(shares, labels)),
    )


def _on_test(trained: Trained, dataset: Any, calibration: Calibration) -> Judged:
    part = part_of(trained, dataset, "test")
    engine, weights = trained.engine, trained.weights
    answers = engine.answer(weights, engine.resident(part, weights))
    note_test_read(trained.run, "saccade calibrate --test", asdict(Accuracy.of(answers)))
    return judge(calibration, answers)
