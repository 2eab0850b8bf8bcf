"""Whether two runs are the same to the last bit, and if not, where they part."""

import csv
from collections.abc import Iterator

import numpy as np

from saccade.run.checkpoint import read_checkpoint
from saccade.run.directory import Run


def differences(one: Run, other: Run) -> list[str]:
    """How two finished runs differ in losses, evaluations and last weights; [] if in nothing.

    Times are not compared, nor where the work was cut into chunks.

    Raises:
        BadRun: a run has no checkpoint, or a file of it is damaged.
    """
    return [*_losses(one, other), *_evaluations(one, other), *_weights(one, other)]


def _losses(one: Run, other: Run) -> Iterator[str]:
    before, after = (_told_losses(run) for run in (one, other))
    if len(before) != len(after):
        yield f"{len(before):,} steps, then {len(after):,}"
    both = min(len(before), len(after))
    parted = np.flatnonzero(before[:both] != after[:both])
    if len(parted):
        first = parted[0]
        yield (
            f"the losses part at step {first + 1:,}: {before[first]:.9g}, then {after[first]:.9g}"
        )


def _told_losses(run: Run) -> np.ndarray:
    done = [event["losses"] for event in run.events() if event["event"] == "StepsDone"]
    return np.concatenate([np.array(losses, np.float64) for losses in done] or [np.zeros(0)])


def _evaluations(one: Run, other: Run) -> Iterator[str]:
    before, after = (_table(run) for run in (one, other))
    if before == after:
        return
    parted = [step for step in before if after.get(step) != before[step]]
    step = parted[0] if parted else next(step for step in after if step not in before)
    yield f"the evaluations part at step {step}"


def _table(run: Run) -> dict[str, list[str]]:
    with (run.path / "metrics.csv").open(newline="", encoding="utf-8") as file:
        return {row[0]: row[1:] for row in csv.reader(file)}


def _weights(one: Run, other: Run) -> Iterator[str]:
    before, after = (read_checkpoint(run.checkpoints, "last").weights for run in (one, other))
    if {name: value.shape for name, value in before.items()} != {
        name: value.shape for name, value in after.items()
    }:
        yield "the networks have other weights"
        return
    parted = [name for name in before if before[name].tobytes() != after[name].tobytes()]
    if parted:
        largest = max(float(np.abs(before[name] - after[name]).max()) for name in parted)
        share = f"{len(parted)} of {len(before)}"
        yield f"{share} arrays of the last weights differ, by at most {largest:.3g}"
