"""What calibration is worth: before and after on test, over seeds; sets, and strangers found.

    python benchmarks/calibration.py                        every data set that is here, 5 seeds
    python benchmarks/calibration.py --sets mnist,digits --seeds 2 --steps 300

A row a training goes to benchmarks/calibration.json as soon as it is measured; one that is there is
not measured again, so a benchmark that was stopped goes on. Calibrations are fitted on validation
and test is read to judge them, once each.
"""

import argparse
import json
import platform
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import saccade
from saccade.confidence.unknown import auroc, fit_unknown
from saccade.core.calibration import Calibration
from saccade.core.errors import MissingFile
from saccade.core.interval import student_quantile
from saccade.core.scores import unknown_score
from saccade.run import durable
from saccade.train.calibrate import calibrate
from saccade.train.evaluate import reload
from saccade.train.outside import outside_answers
from saccade.train.restore import Trained, restore

# Data set and network; the first of the names that is here is taken.
SETS = {
    "digits": (("digits",), "conv-bn"),
    "mnist": (("mnist",), "conv-bn"),
    "mnist-conv": (("mnist",), "conv"),
    "fashion-mnist": (("fashion-mnist",), "conv-bn"),
    "cifar10": (("cifar10", "cifar10-jpeg"), "conv-bn"),
    "flowers": (("flowers",), "residual"),
}
# What a network of the first has never seen.
STRANGERS = {"mnist": "fashion-mnist", "fashion-mnist": "mnist"}
SCORES = ("energy", "max logit", "max probability")


def load(names: tuple[str, ...]) -> tuple[str, saccade.Dataset] | None:
    """The first that is here."""
    for name in names:
        try:
            return name, saccade.load(name)
        except MissingFile:
            continue
    return None


def measure(name: str, seed: int, steps: int | None) -> dict[str, Any] | None:
    """A training, its calibration, and how it does on test; None where the data is not here."""
    names, model = SETS[name]
    if (found := load(names)) is None:
        return None
    data, dataset = found
    recipe = saccade.recipe(model, seed=seed)
    if steps is not None:
        recipe = saccade.recipe(model, seed=seed, steps=steps)
    with tempfile.TemporaryDirectory(prefix="saccade-") as folder:
        run = saccade.create_run(Path(folder) / "run")
        for _ in saccade.record(saccade.fit(model, dataset, recipe), run):
            pass
        calibrated = calibrate(run.path, test=True)
        trained = restore(run.path)
        strange = strangers(trained, data)
    test = calibrated.test
    if test is None:
        raise RuntimeError("it was to be judged on test")
    return {
        "set": name,
        "data": data,
        "model": model,
        "seed": seed,
        "steps": trained.step,
        "n": test.n,
        "fitted_on": calibrated.what,
        "accuracy": [test.accuracy_before, test.accuracy_after],
        "method": calibrated.calibration.method,
        "scale": calibrated.calibration.scale[0],
        **{
            measure: [test.before[measure].value, test.after[measure].value]
            for measure in test.before
        },
        "kept": test.kept,
        "precision": None if test.precision is None else test.precision[0],
        "coverage": test.sets.coverage,
        "mean_set": test.sets.mean_size,
        "empty_sets": test.sets.empty,
        "unknown_share": test.unknown,
        "auroc": strange,
    }


def strangers(trained: Trained, data: str) -> dict[str, float] | None:
    """AUROC of every score between test and the test pictures of another data set, and noise."""
    if data not in STRANGERS:
        return None
    dataset = reload(trained.run)
    held = outside_answers(trained, dataset).predictions
    unknown = fit_unknown(held.logits, held.labels)
    record = Calibration("none", (1.0,) * 10, (0.0,) * 10, unknown=unknown)
    shape = dataset.test.pixels.shape
    noise = np.random.default_rng(0).integers(0, 256, (5000, *shape[1:])).astype(np.uint8)
    others = {STRANGERS[data]: saccade.load(STRANGERS[data]).test.pixels, "noise": noise}
    known = trained.engine.logits(trained.weights, dataset.test.pixels)
    told = {}
    for name, pixels in others.items():
        raw = trained.engine.logits(trained.weights, pixels)
        told[f"{name}: ours"] = auroc(record.unknown_score(known), record.unknown_score(raw))
        for score in SCORES:
            told[f"{name}: {score}"] = auroc(unknown_score(known, score), unknown_score(raw, score))
    return told


def summary(rows: list[Mapping[str, Any]]) -> list[str]:
    """A line a set: means over seeds; of what calibration changes, 95 % intervals (Student's)."""
    lines = []
    for name in SETS:
        mine = [row for row in rows if row["set"] == name]
        if not mine:
            continue
        parts = [f"{name} ({len(mine)} seeds, n = {mine[0]['n']:,})"]
        for measure in ("nll", "ece"):
            before, after = (statistics.fmean(row[measure][i] for row in mine) for i in (0, 1))
            changes = [row[measure][1] - row[measure][0] for row in mine]
            parts.append(f"{measure} {before:.4f} -> {after:.4f}{interval(changes)}")
        parts.append(f"coverage {statistics.fmean(row['coverage'] for row in mine):.4f}")
        if mine[0]["auroc"]:
            for key in mine[0]["auroc"]:
                parts.append(f"{key} {statistics.fmean(row['auroc'][key] for row in mine):.4f}")
        lines.append("; ".join(parts))
    return lines


def interval(values: list[float]) -> str:
    """Of the mean, in words; "" for one value."""
    if len(values) < 2:
        return ""
    mean, error = statistics.fmean(values), statistics.stdev(values) / len(values) ** 0.5
    reach = student_quantile(0.975, len(values) - 1) * error
    return f" ({mean:+.4f}, {mean - reach:+.4f} to {mean + reach:+.4f})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, help="of every training, to try it out")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    asked = {"steps": options.steps, "version": saccade.__version__, "machine": platform.machine()}
    kept = json.loads(options.out.read_text()) if options.out.exists() else {"rows": []}
    if kept["rows"] and kept["steps"] != options.steps:
        parser.error(f"{options.out} has rows of --steps {kept['steps']}; pick another --out")
    rows = kept["rows"]
    for seed in range(options.seeds):  # seeds take turns: all sets have some after a while
        for name in options.sets.split(","):
            if any((row["set"], row["seed"]) == (name, seed) for row in rows):
                continue
            row = measure(name, seed, options.steps)
            if row is None:
                print(f"{name}: not here, left out")
                continue
            rows.append(row)
            durable.write_json(options.out, {**asked, "rows": rows})
            print(json.dumps(row), flush=True)
    print("\n".join(summary(rows)))


if __name__ == "__main__":
    main()
