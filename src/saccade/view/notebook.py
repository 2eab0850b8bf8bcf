"""`saccade.watch`: the live page of a run in a notebook."""

from pathlib import Path
from typing import TYPE_CHECKING

from saccade.core.errors import BadUsage
from saccade.run.directory import Run, open_run
from saccade.view.live.static import NOTEBOOK

if TYPE_CHECKING:
    from saccade.view.live.widget import RunWidget

WIDGETS = ("anywidget", "ipywidgets", "traitlets")


def watch(run: Run | str | Path) -> "RunWidget":
    """The live page of a run, as a notebook's widget: while it trains, in a cell too, and after.

        run = saccade.create_run("runs/first")
        saccade.watch(run)

    as the last line of a cell shows it; training that run in the next cell moves it. It needs
    `pip install 'saccade[notebook]'`. Steering works while the kernel is not busy with a cell.

    Raises:
        BadRun: there is no run at this path, or of this name.
        BadUsage: anywidget is not installed, or the page was not built.

    >>> watch("no-such-run")
    Traceback (most recent call last):
    saccade.core.errors.BadRun: there is no run `no-such-run`. `saccade runs` lists those in runs
    """
    opened = run if isinstance(run, Run) else open_run(run)
    if not NOTEBOOK.is_file():
        raise BadUsage(
            "the page was not built into this installation. A released wheel has it; in a "
            "checkout: cd web && npm ci && npm run build"
        )
    try:
        from saccade.view.live.widget import RunWidget
    except ModuleNotFoundError as error:
        if error.name not in WIDGETS:
            raise
        raise BadUsage(
            f"{error.name} is not installed, which shows a run in a notebook: "
            "pip install 'saccade[notebook]'"
        ) from None
    return RunWidget(opened)
