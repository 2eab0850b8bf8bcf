"""saccade rerun"""

import json as json_format
import sys
from pathlib import Path

from saccade.core.errors import BadRun, BadUsage
from saccade.run.directory import Run, open_run


def rerun(
    run: Path,
    /,
    *,
    model: str | None = None,
    out: Path | None = None,
    name: str | None = None,
    no_view: bool = False,
    json: bool = False,
) -> int:
    """Repeat a finished run from its own record, and say whether the result is identical.

    The same data, network, recipe, seed and forms; what was asked of it on its way is done again at
    the same steps. Losses, evaluations and last weights are compared to the last bit. Exit code 0
    if they are identical, 1 if not.

    Examples:

        saccade rerun runs/mine
        saccade rerun runs/mine --name mine-again --json

    Parameters
    ----------
    run: Path
        A run directory, or a run's name.
    model: str
        FILE.py:FUNCTION, if the run is of a network of your own.
    out: Path
        The new run directory itself; must be new.
    name: str
        Its name in ./runs ($SACCADE_RUNS).
    no_view: bool
        Do not open the live page.
    json: bool
        The last line of stdout is one JSON value.
    """
    from saccade.cli.plan import repeated_plan
    from saccade.cli.training import carry_out
    from saccade.run.checkpoint import KEEP
    from saccade.run.sameness import differences

    before = open_run(run)
    if before.state != "finished":
        raise BadRun(f"{before.path} is {before.state}; only a finished run can be repeated")
    if out is not None and name is not None:
        raise BadUsage("--out and --name both say where the run goes; give one")
    plan = repeated_plan(before, model, out, name)
    code = carry_out(plan, None, KEEP, as_json=False, view=not no_view)
    if code:
        return code
    after = Run(plan.run.path)
    parted = differences(before, after)
    _say(before, after, parted)
    if json:
        told = {"run": str(after.path), "of": str(before.path)}
        print(json_format.dumps({**told, "identical": not parted, "differences": parted}))
    return 1 if parted else 0


def _say(before: Run, after: Run, parted: list[str]) -> None:
    if not parted:
        print(f"identical to {before.path}: losses, evaluations and last weights, to the last bit")
        return
    print(f"not identical to {before.path}:")
    for line in parted:
        print(f"  {line}")
    for what in ("versions", "device"):
        was, now = before.facts[what], after.facts[what]
        for key in was:
            if was[key] != now.get(key):
                print(f"  {key} was {was[key]}, is {now.get(key)}", file=sys.stderr)
