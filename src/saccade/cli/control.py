"""saccade control"""

import sys
from pathlib import Path
from typing import Literal

from saccade.core.errors import BadRun, BadUsage
from saccade.run.control import write_request
from saccade.run.directory import open_run

Word = Literal["pause", "resume", "stop", "save", "learning-rate", "epochs"]


def control(run: Path, request: Word, number: float | None = None, /, *, yes: bool = False) -> int:
    """Steer a run while it trains.

    What is asked is done after the chunk of steps that is being made, within a second, and noted in
    the run's log with its step.

    Examples:

        saccade control runs/mine pause
        saccade control runs/mine resume
        saccade control runs/mine learning-rate 0.0005
        saccade control runs/mine epochs 5
        saccade control runs/mine stop

    Parameters
    ----------
    run: Path
        A run directory, or a run's name.
    request: str
        pause; resume; stop (end now as if the last step were done, and read test); save;
        learning-rate (the highest of the schedule from now on); epochs (so many more).
    number: float
        The learning rate, or how many epochs more.
    yes: bool
        Do not ask before stopping.
    """
    opened = open_run(run)
    if opened.state != "running":
        raise BadRun(f"{opened.path} is {opened.state}; only a run that trains can be steered")
    name = request.replace("-", "_")
    if name in ("learning_rate", "epochs") and number is None:
        raise BadUsage(f"`{request}` takes a number: saccade control {run} {request} NUMBER")
    if request == "stop" and not yes and not _sure(opened.path):
        print("nothing was asked of it", file=sys.stderr)
        return 1
    write_request(opened.path, name, number, source="control")
    asked = request if number is None else f"{request} {number:g}"
    print(f"asked {opened.path}: {asked}", file=sys.stderr)
    return 0


def _sure(path: Path) -> bool:
    """Asks on a terminal; a script means what it says."""
    if not sys.stdin.isatty():
        return True
    question = f"End {path} now? It evaluates, reads test and can't be resumed. [y/N] "
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
