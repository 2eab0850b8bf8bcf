"""saccade runs"""

import json as json_format
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cyclopts import App

from saccade.core.errors import BadRun
from saccade.run.directory import Run, list_runs, open_run, runs_folder

app = App(name="runs", help_format="plaintext")


@app.default
def runs(folder: Path | None = None, /, *, json: bool = False) -> int:
    """List the runs.

    Examples:

        saccade runs
        saccade runs ./other-runs --json
        saccade runs compare RUN RUN

    Parameters
    ----------
    folder: Path
        Where to look. Default: $SACCADE_RUNS, else ./runs.
    json: bool
        The last line of stdout is one JSON value.
    """
    where = folder or runs_folder()
    if folder is not None and not folder.is_dir():
        raise BadRun(f"there is no folder {folder}")
    rows = [_row(run) for run in list_runs(where)]
    if json:
        print(json_format.dumps(rows))
        return 0
    if not rows:
        print(f"no runs in {where}. `saccade train digits` makes one")
        return 0
    wide = max(len(row["run"]) for row in rows)
    for row in rows:
        print(f"{row['run']:<{wide}}  {row['state']:<11}  {row['result']}")
    return 0


@app.command
def compare(first: Path, second: Path, /, *, json: bool = False) -> int:
    """Hold two finished runs against each other, picture by picture.

    Examples:

        saccade runs compare runs/2026-11-21-mnist-conv runs/2026-11-21-mnist-conv-bn

    Parameters
    ----------
    first: Path
        A run directory, or a run's name.
    second: Path
        Another one, of the same data.
    json: bool
        The last line of stdout is one JSON value.
    """
    from saccade.view.compare import compare as hold_against

    result = hold_against(open_run(first), open_run(second))
    if json:
        print(json_format.dumps({**asdict(result), "words": result.words}))
        return 0
    wide = max([len("test accuracy"), *(len(what) for what, _, _ in result.differences)])
    column = max([12, *(len(one) for _, one, _ in result.differences)])
    for what, one, other in result.differences:
        print(f"{what:<{wide}}  {one:<{column}}  {other}")
    print(f"{'first':<{wide}}  {result.first}")
    print(f"{'second':<{wide}}  {result.second}")
    print(result.words)
    return 0


def _row(run: Run) -> dict[str, Any]:
    row: dict[str, Any] = {"run": str(run.path), "state": run.state, "result": ""}
    try:
        facts, metrics = run.facts, run.metrics
        row |= {"data": facts["data"]["name"], "model": facts["model"]["name"]}
        row["test"] = metrics.get("test")
    except (BadRun, KeyError, TypeError, ValueError) as error:
        return {**row, "result": f"can't be read: {error}"}
    row["result"] = _result(run, row["test"])
    return row


def _result(run: Run, test: dict[str, Any] | None) -> str:
    if test is not None:
        low, high = 100 * test["low"], 100 * test["high"]
        return f"test {100 * test['accuracy']:.2f} % ({low:.2f} to {high:.2f})"
    seen = [e for e in run.events() if e["event"] == "Evaluated"]
    if not seen:
        return "not evaluated yet"
    last = seen[-1]
    return f"{last['split']} {100 * last['accuracy']:.2f} % at step {last['step']:,}; test not read"
