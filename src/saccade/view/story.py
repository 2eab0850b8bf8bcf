"""What a run directory tells, read once; what is missing is noted instead of raised."""

import csv
import json
import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saccade.core.errors import BadRun
from saccade.run.checkpoint import named
from saccade.run.directory import Run, State, model_option, open_run
from saccade.run.events import Accuracy
from saccade.run.tables import read_table

_NEEDED = {
    "data": ("name", "statement", "fingerprint", "classes", "train", "validation", "test"),
    "model": ("name", "parameters", "input_shape"),
    "recipe": ("name", "watch"),
    "device": (),
    "versions": (),
}


@dataclass(frozen=True)
class Result:
    """What eval/metrics.json holds: the one reading of test, and how long it took to get there."""

    steps: int
    reason: str
    seconds: float
    images_per_second: float | None
    validation: Accuracy | None
    test: Accuracy
    step_read: int
    best_watched: float

    @property
    def mistakes(self) -> int:
        """How many test pictures were named wrong."""
        return self.test.n - round(self.test.accuracy * self.test.n)


@dataclass(frozen=True)
class Story:
    """A run, as far as it came.

    `facts` is run.json, `{}` where that can't be read, and then `problem` says why; `result` is
    None for a run that is not finished or lacks its metrics. `losses` and `accuracies` are those of
    the training batches, (step, value); `evaluations` are the log's lines, oldest first; `reason`
    is why it ended early; `resumed` are the steps it was resumed at, `interventions` the log's
    lines of what was asked on the way.
    """

    path: Path
    state: State
    problem: str
    facts: Mapping[str, Any]
    result: Result | None
    losses: Sequence[tuple[float, float]]
    accuracies: Sequence[tuple[float, float]]
    evaluations: Sequence[Mapping[str, Any]]
    reason: str
    resumed: Sequence[int]
    interventions: Sequence[Mapping[str, Any]]
    checkpoints: Mapping[str, int]
    test_reads: int

    @property
    def watched_test(self) -> bool:
        """Whether test was evaluated during training."""
        return bool(self.facts["recipe"]["watch"] == "test")

    @property
    def held_out(self) -> bool:
        """Whether there are validation pictures, by which weights were chosen."""
        return bool(self.facts["recipe"]["watch"] == "validation")

    @property
    def classes(self) -> Sequence[str]:
        """The names of the classes, in the order of every table."""
        classes: Sequence[str] = self.facts["data"]["classes"]
        return classes

    @property
    def step(self) -> int:
        """The last update that the log knows."""
        return int(self.losses[-1][0]) if self.losses else 0

    @property
    def total_steps(self) -> int | None:
        """How many updates there were to be, with the epochs that were asked for on the way."""
        if self.interventions:
            return int(self.interventions[-1]["total_steps"])
        total: int | None = self.facts.get("total_steps")
        return total

    @property
    def best(self) -> Mapping[str, Any] | None:
        """The best evaluation of the watched split, None where there was no evaluation."""
        return next((e for e in reversed(self.evaluations) if e["best"]), None)

    @property
    def commands(self) -> list[str]:
        """What to type next."""
        run, own = shlex.quote(str(self.path)), model_option(self.facts)
        predict = f"saccade predict {run} PICTURE...{own}"
        if self.state == "finished":
            return [predict, f"saccade eval {run}{own}"]
        # A run that failed before its first save would only fail again.
        resumable = self.state != "running" and (self.checkpoints or self.state != "failed")
        lines = [f"saccade train --resume {run}{own}"] if resumable else []
        if self.checkpoints:
            lines.append(predict)
            if self.held_out:
                lines.append(f"saccade eval {run} --split validation{own}")
        return lines

    def rows(self, file: str) -> list[dict[str, str]]:
        """The rows of a table in eval/, `[]` where it is missing or no table."""
        try:
            rows = read_table(self.path / "eval" / file)
        except (OSError, csv.Error, IndexError):
            return []
        return [{key: value or "" for key, value in row.items() if key} for row in rows]


def read_story(run: Run | str | Path) -> Story:
    """Everything the report and the card tell of a run.

    Raises:
        BadRun: there is no such run directory.
    """
    opened = Run(run.path) if isinstance(run, Run) else open_run(run)
    if not opened.path.is_dir():
        raise BadRun(f"there is no run directory {opened.path}")
    events = list(opened.events())
    facts, problem = _facts(opened)
    state = opened.state
    started = [event["step"] for event in events if event["event"] == "Started"]
    return Story(
        path=opened.path,
        state=state,
        problem=problem,
        facts=facts,
        result=_result(opened) if facts and state == "finished" else None,
        losses=_batches(events, "losses"),
        accuracies=_batches(events, "accuracies"),
        evaluations=[event for event in events if event["event"] == "Evaluated"],
        reason=str(events[-1].get("reason", "")) if events else "",
        resumed=[step for step in started if step > 0],
        interventions=[event for event in events if event["event"] == "Intervened"],
        checkpoints=_checkpoints(opened),
        test_reads=_lines(opened.path / "eval" / "test_reads.jsonl"),
    )


def _facts(run: Run) -> tuple[Mapping[str, Any], str]:
    try:
        facts = run.facts
        for part, names in _NEEDED.items():
            for name in names:
                facts[part][name]
    except BadRun as error:
        return {}, str(error)
    except (KeyError, TypeError, AttributeError, OSError) as error:
        return {}, f"{run.path / 'run.json'} is damaged: {error!r}"
    return facts, ""


def _result(run: Run) -> Result | None:
    try:
        values = dict(run.metrics)
        validation = values.pop("validation")
        return Result(
            **{**values, "test": Accuracy(**values["test"])},
            validation=Accuracy(**validation) if validation else None,
        )
    except (OSError, ValueError, KeyError, TypeError, BadRun):
        return None


def _batches(events: Sequence[Mapping[str, Any]], what: str) -> list[tuple[float, float]]:
    return [
        (step, value)
        for event in events
        if event["event"] == "StepsDone"
        for step, value in enumerate(event[what], event["first"])
        if value is not None and math.isfinite(value)
    ]


def _checkpoints(run: Run) -> Mapping[str, int]:
    try:
        return named(run.checkpoints)
    except (OSError, json.JSONDecodeError):
        return {}


def _lines(path: Path) -> int:
    try:
        return len(path.read_bytes().splitlines())
    except OSError:
        return 0
