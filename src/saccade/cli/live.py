"""The live page beside a training: a server of its own, so that nothing it does can touch the run."""

import os
import subprocess
import sys
import threading
from pathlib import Path

WAIT = 5.0


def start_page(run: Path) -> threading.Thread:
    """Starts the page server on a run and says its address as soon as it is known.

    It outlives this command: it ends by itself a minute after the run and the last tab have. Join
    what comes back (`WAIT` seconds at most) before the command ends.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "saccade", "view", str(run), "--until-done"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        **_apart(),
    )
    said = threading.Thread(target=_say_address, args=(process,), daemon=True)
    said.start()
    return said


def _apart() -> dict[str, object]:
    """Neither Ctrl-C nor a closed terminal reaches it."""
    if os.name == "nt":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined]
    return {"start_new_session": True}


def _say_address(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None  # noqa: S101  (it is a pipe)
    with process.stdout as lines:
        address = lines.readline().strip()
    said = address or "the page could not be opened; `saccade view` says why"
    print(f"{'page':<9}{said}", file=sys.stderr, flush=True)
