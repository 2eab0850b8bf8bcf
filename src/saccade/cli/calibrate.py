"""saccade calibrate"""

import json as json_format
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

NAMES = {"nll": "NLL, nats", "ece": "ECE", "classwise_ece": "class-wise ECE", "brier": "Brier"}


def calibrate(
    run: Path,
    /,
    *,
    method: Literal["auto", "temperature", "vector", "none"] = "auto",
    precision: float = 0.95,
    coverage: float = 0.9,
    sets: Literal["LAC", "APS"] = "LAC",
    test: bool = False,
    model: str | None = None,
    json: bool = False,
) -> int:
    """Make a run's confidence mean something: of answers called 80 % sure, 80 % shall be right.

    Fits probabilities, the threshold below which an answer is handed to a person, the one above
    which a picture is unlike all that is known, and sets of classes that hold the true one. Fitted
    on the validation split, or, where a run has none, with three more networks that are trained
    with parts of train held out; never on test. `saccade predict` then uses it, and the run's
    report shows it; docs/guide/confidence.md explains every number.

    Examples:

        saccade calibrate runs/2026-11-22-mnist-conv
        saccade calibrate runs/photos --precision 0.99 --coverage 0.95
        saccade calibrate runs/mine --method vector --test --json

    Parameters
    ----------
    run: Path
        A run directory, or a run's name.
    method: str
        One number for all logits (temperature), two a class (vector), none, or auto: the better one
        on answers it was not fitted on.
    precision: float
        The share of right answers, among those that are accepted, to promise.
    coverage: float
        How often a set of classes shall hold the true one.
    sets: str
        LAC: the smallest sets, some of them empty. APS: never empty.
    test: bool
        Measure it on test, too; the reading is noted in the run's eval/test_reads.jsonl.
    model: str
        FILE.py:FUNCTION again, if the run's network is your own.
    json: bool
        The last line of stdout is one JSON value.
    """
    from saccade.train.calibrate import calibrate as fit_calibration
    from saccade.view.report import write_report

    found = fit_calibration(
        run,
        method,
        precision=precision,
        coverage=coverage,
        sets=sets,
        test=test,
        model=model,
        watch=_watch,
    )
    _tell(found, sys.stderr if json else sys.stdout)
    print(f"the diagram: {write_report(found.run)}", file=sys.stderr)
    if json:
        told = found.to_json()
        told.pop("curve")
        values = {
            "run": str(found.run.path),
            "step": found.step,
            "calibration": found.calibration.to_json(),
            **told,
        }
        print(json_format.dumps(values, allow_nan=False))
    return 0


def _watch(training: Any) -> Iterator[Any]:
    """Shows a training of a network with part of train held out."""
    from saccade.cli.progress import training_progress

    if training.number == 1:
        print(
            f"this run held nothing out: {training.total} networks of its recipe are trained, "
            f"each with another part of train held out",
            file=sys.stderr,
        )
    print(f"network {training.number} of {training.total}", file=sys.stderr, flush=True)
    with training_progress(0, training.steps) as show:
        for event in training.events:
            show(event)
            yield event


def _tell(found: Any, to: Any) -> None:
    """The table, and every threshold in words."""
    print(f"fitted on {found.what}, weights of step {found.step:,}", file=to)
    for what, judged in (("cross-validated on them", found.held), ("on test", found.test)):
        if judged is not None:
            _table(what, judged, to)
    record, held = found.calibration, found.held
    losses = ", ".join(f"{name} {loss:.4f}" for name, loss in found.losses.items())
    scales = record.scale
    told = {
        "none": "probabilities stay as they are",
        "temperature": f"temperature {1 / scales[0]:.3f}",
        "vector": f"a scale ({min(scales):.3f} to {max(scales):.3f}) and an offset a class",
    }
    print(f"method: {told[record.method]}; cross-validated NLL: {losses}", file=to)
    for line in (_reject(found), _unknown(found), _sets(record.conformal, held, found.test)):
        print(line, file=to)


def _table(what: str, judged: Any, to: Any) -> None:
    print(f"{what}, n = {judged.n:,}", file=to)
    print(f"  {'':<15}{'before':>8}  {'95 % interval':<19}{'after':>8}  95 % interval", file=to)
    for name, title in NAMES.items():
        before, after = judged.before[name], judged.after[name]
        cells = [f"{m.value:8.4f}  {f'{m.low:.4f} to {m.high:.4f}':<19}" for m in (before, after)]
        print(f"  {title:<15}{''.join(cells).rstrip()}", file=to)
    shares = f"{judged.accuracy_before:8.4f}{'':<21}{judged.accuracy_after:8.4f}"
    print(f"  {'accuracy':<15}{shares}", file=to)


def _reject(found: Any) -> str:
    reject = found.calibration.reject
    if reject.threshold is None:
        return (
            f"reject: {100 * reject.precision:g} % right can't be promised at any threshold with "
            f"these {reject.n:,} pictures (at most {100 * found.highest:.1f} %), so nothing is "
            f"accepted. Ask for a lower --precision"
        )
    line = (
        f"reject: below {reject.threshold:.4f}; {100 * reject.coverage:.1f} % are kept, of which "
        f"at least {100 * reject.precision:g} % are right (95 % sure)"
    )
    if found.test is not None and found.test.precision is not None:
        share, low, high = (100 * each for each in found.test.precision)
        line += (
            f"; on test {100 * found.test.kept:.1f} % kept, {share:.2f} % right "
            f"({low:.2f} to {high:.2f})"
        )
    return line


def _unknown(found: Any) -> str:
    unknown = found.calibration.unknown
    line = (
        f"unknown: {unknown.score} above {unknown.threshold:.3f}; so are "
        f"{100 * unknown.share:.1f} % of the known pictures"
    )
    return line + (f", {100 * found.test.unknown:.1f} % of test" if found.test else "")


def _sets(conformal: Any, held: Any, test: Any) -> str:
    judged, where = (held, "") if test is None else (test, " on test")
    sets = judged.sets
    line = (
        f"sets: {conformal.kind}, quantile {conformal.quantile:.6g} for "
        f"{100 * conformal.coverage:g} % coverage;{where} {sets.mean_size:.2f} classes on average, "
        f"{100 * sets.single:.1f} % of just one"
    )
    if test is not None:
        line += f", coverage {100 * sets.coverage:.2f} %"
    if sets.empty:
        line += (
            f", {100 * sets.empty:.1f} % empty; a higher --coverage makes them fewer, --sets APS "
            f"leaves none"
        )
    return line
