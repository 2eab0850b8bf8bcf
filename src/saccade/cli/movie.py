"""saccade movie"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from saccade.cli.progress import reading_progress
from saccade.cli.words import Whole
from saccade.core.errors import BadRun, BadUsage
from saccade.run.directory import Run, open_run

Key = Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
LEAST, MOST = 320, 3840


def movie(
    run: Path,
    /,
    *,
    to: Path | None = None,
    graphs: Key = "0",
    width: Whole = 1280,
    height: Whole = 800,
) -> int:
    """Record how a run learned, as a film of its live page.

    The page is played from the first snapshot to the last in an installed Chromium, Chrome or Edge,
    without a window; the browser does the recording (MP4 or WebM, whichever it can).

    Examples:

        saccade movie runs/mine
        saccade movie runs/mine --graphs 6 --to watched

    Parameters
    ----------
    run: Path
        A run directory, or a run's name.
    to: Path
        Where it shall lie, without an ending: that is .mp4 or .webm. Default: ./NAME.
    graphs: str
        What is seen, as the page's keys: 0 all; 1 to 6 one; 7 accuracy and loss; 8 weights and
        biases; 9 batch and watched pictures.
    width: int
        Of the page, in pixels.
    height: int
        Of the page, in pixels.
    """
    from saccade.view import chromium
    from saccade.view.movie import KINDS, record_movie

    opened = open_run(run)
    if len(list((opened.path / "snapshots").glob("*.npz"))) < 2:
        raise BadRun(f"{opened.path} has no two snapshots: nothing in it moves")
    if not (LEAST <= width <= MOST and LEAST <= height <= MOST):
        raise BadUsage(f"a film has {LEAST} to {MOST} pixels each way, got {width}x{height}")
    name = to or Path(opened.path.name)
    base = name.with_suffix("") if name.suffix in KINDS else name
    for kind in KINDS:
        if (there := Path(f"{base}{kind}")).exists():
            raise BadUsage(f"{there} is there already. Remove it, or name another with --to")
    browser = chromium.find()
    if not browser:
        raise BadUsage(
            "a film takes an installed Chromium, Chrome or Edge, and none was found. Install one, "
            "or record it with the button Movie of `saccade view` in any browser"
        )
    with (
        tempfile.TemporaryDirectory() as folder,
        _page(opened) as address,
        reading_progress() as bar,
    ):
        task = bar.add_task("recording", text="snapshots") if bar else None

        def told(snapshot: int, last: int) -> None:
            if bar and task is not None:
                bar.update(task, completed=snapshot, total=last)

        film = record_movie(browser, address, Path(folder), graphs, (width, height), told)
        target = Path(f"{base}{film.suffix}")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(film, target)
    print(target)
    return 0


@contextmanager
def _page(run: Run) -> Iterator[str]:
    """The address of a server for this run alone, which can not steer it."""
    words = ["-m", "saccade", "view", str(run.path), "--no-browser", "--read-only"]
    quiet, pipe = subprocess.DEVNULL, subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, *words], stdout=pipe, stderr=quiet, text=True
    ) as process:
        try:
            address = process.stdout.readline().strip() if process.stdout else ""
            if not address:
                raise BadRun(f"{run.path} can't be shown; `saccade view {run.path}` says why")
            yield address
        finally:
            process.terminate()
