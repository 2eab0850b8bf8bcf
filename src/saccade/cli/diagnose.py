"""saccade diagnose"""

import json as json_format
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from saccade.cli.words import this_command
from saccade.diagnose.finding import Finding
from saccade.run.directory import Run, State, open_run


def diagnose(run: Path, /, *, json: bool = False) -> int:
    """Say what went wrong in a run, on what evidence, and one thing to try for each.

    Reads the run's record only: the learning rate, the start, dead units, classes, labels,
    overfitting, the end. A run that still trains is judged as far as it has come. Exits 0 whether
    or not there are findings; docs/guide/diagnose.md explains every one.

    Examples:

        saccade diagnose runs/2026-11-21-mnist-mlp
        saccade diagnose 2026-11-21-mnist-mlp --json

    Parameters
    ----------
    run: Path
        A run directory, or a run's name.
    json: bool
        The last line of stdout is one JSON value.
    """
    from rich.console import Console

    from saccade.diagnose.checks import diagnose as examine
    from saccade.diagnose.trace import read_trace

    trace = read_trace(open_run(run))
    path, findings = trace.run.path, examine(trace)
    if json:
        found = [finding.to_json() for finding in findings]
        values = {"run": str(path), "state": trace.state, "step": trace.steps, "findings": found}
        print(json_format.dumps(values, allow_nan=False))
        return 0
    terminal = Console(highlight=False, soft_wrap=True)
    terminal.print(f"{path}: {trace.state}, step {trace.steps:,}", markup=False)
    for text, style in lines(findings, trace.state):
        terminal.print(text, style=style, markup=False)
    return 0


def lines(findings: Sequence[Finding], state: State) -> Iterator[tuple[str, str]]:
    """What is printed, each line with its style."""
    if not any(finding.problem for finding in findings):
        yield "nothing wrong was found" + ("" if state == "finished" else " so far"), "green"
    for finding in findings:
        yield "", ""
        if finding.problem:
            yield finding.says, "bold yellow"
        else:
            yield f"Note: {finding.says}", "bold"
        yield from ((f"  {line}", "") for line in finding.evidence)
        if finding.command:
            yield f"  try  {this_command()}{finding.command.removeprefix('saccade')}", "cyan"
        yield f"       {finding.hope}", "dim"


def say_in_short(run: Run) -> None:
    """The problems of a run in a line each, on stderr; nothing where there are none."""
    from saccade.diagnose.checks import diagnose as examine
    from saccade.diagnose.trace import read_trace

    problems = [each for each in examine(read_trace(Run(run.path))) if each.problem]
    if not problems:
        return
    for place, finding in enumerate(problems):
        topic = "" if place else "found"
        print(f"{topic:<9}{finding.says}: {finding.evidence[0]}", file=sys.stderr)
    print(f"{'why':<9}{this_command()} diagnose {run.path}", file=sys.stderr)
