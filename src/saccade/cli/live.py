"""The live page beside a training: a server of its own, so that it can not touch the run."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 5.0  # seconds that the end of a short training waits for the address


@contextmanager
def live_page(runs: Path, wanted: bool = True) -> Iterator[None]:
    """Starts the page server on a run, or a folder of runs, and says its address once it is known.

    It outlives this command: it ends by itself a minute after the training and the last tab have.
    """
    if not wanted:
        yield
        return
    process = subprocess.Popen(
        [sys.executable, "-m", "saccade", "view", str(runs), "--until-done"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=os.name != "nt",  # neither Ctrl-C nor a closed terminal reaches it
    )
    said = threading.Thread(target=_say_address, args=(process,), daemon=True)
    said.start()
    try:
        yield
    finally:
        said.join(PATIENCE)


def _say_address(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None  # noqa: S101  (it is a pipe)
    with process.stdout as lines:
        address = lines.readline().strip()
    said = address or "the page could not be opened; `saccade view` says why"
    print(f"{'page':<9}{said}", file=sys.stderr, flush=True)
