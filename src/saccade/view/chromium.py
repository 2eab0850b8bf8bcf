"""A Chromium without a window, spoken to as its developer tools speak to it.

The protocol is Chrome's own (https://chromedevtools.github.io/devtools-protocol/); only what the
recording of a movie needs is here.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from saccade.core.errors import BrowserFailed

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
# The rest keeps it from calling anyone but the page.
FLAGS = (
    "--headless=new",
    "--remote-debugging-port=0",
    "--no-first-run",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 30.0  # seconds for its start, and for any one answer


def find() -> str:
    """The path of an installed Chromium, Chrome or Edge, "" where there is none."""
    on_path = next(filter(None, map(shutil.which, NAMES)), "")
    return on_path or next((place for place in PLACES if Path(place).is_file()), "")


class Tab:
    """A tab of a running browser."""

    def __init__(self, socket: ClientConnection):
        self._socket = socket
        self._asked = 0
        self._session = ""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """What the browser answers to one call.

        Raises:
            BrowserFailed: it refuses, or does not answer.
        """
        self._asked += 1
        asked: dict[str, object] = {"id": self._asked, "method": method, "params": parameters}
        if self._session:
            asked["sessionId"] = self._session
        try:
            self._socket.send(json.dumps(asked))
            # Between asking and answer it tells of events, which nobody here has asked for.
            while (answer := json.loads(self._socket.recv(PATIENCE))).get("id") != self._asked:
                pass
        except (WebSocketException, OSError, ValueError) as error:
            raise BrowserFailed(f"the browser does not answer: {error}") from None
        if "error" in answer:
            raise BrowserFailed(f"the browser refused {method}: {answer['error'].get('message')}")
        result: dict[str, Any] = answer["result"]
        return result

    def evaluate(self, script: str) -> Any:
        """The value of an expression in the page; a promise is waited for.

        Raises:
            BrowserFailed: it throws.
        """
        told = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in told:
            raise BrowserFailed(f"the page failed: {told['exceptionDetails'].get('text')}")
        return told["result"].get("value")

    def wait_for(self, script: str, patience: float = PATIENCE) -> Any:
        """The first value of an expression that counts as true.

        Raises:
            BrowserFailed: it does not come in time.
        """
        end = time.monotonic() + patience
        while not (value := self.evaluate(script)):
            if time.monotonic() > end:
                raise BrowserFailed(f"the page does not come so far: {script}")
            time.sleep(0.05)
        return value


@contextmanager
def open_tab(browser: str, width: int, height: int, downloads: Path) -> Iterator[Tab]:
    """A tab of a browser that ends with the block; what it downloads lies in `downloads`.

    Raises:
        BrowserFailed: it does not start.
    """
    with ExitStack() as stack:
        profile = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        process = _start(browser, profile)
        stack.callback(_end, process)
        address = _address(process, profile)
        try:
            socket = stack.enter_context(connect(address, max_size=None))
        except (WebSocketException, OSError) as error:
            raise BrowserFailed(f"{browser} does not answer: {error}") from None
        tab = Tab(socket)
        tab.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
        tab.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        yield tab


def _start(browser: str, profile: Path) -> "subprocess.Popen[bytes]":
    flags = [*FLAGS, f"--user-data-dir={profile}"]
    if getattr(os, "geteuid", lambda: 1)() == 0:
        flags.append("--no-sandbox")  # as root it starts with none
    quiet = subprocess.DEVNULL
    try:
        return subprocess.Popen([browser, *flags, "about:blank"], stdout=quiet, stderr=quiet)
    except OSError as error:
        raise BrowserFailed(f"{browser} does not start: {error.strerror}") from None


def _address(process: "subprocess.Popen[bytes]", profile: Path) -> str:
    """It writes where it listens into a file of its profile."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            port, path = (profile / "DevToolsActivePort").read_text().split()
            return f"ws://127.0.0.1:{port}{path}"
        except (OSError, ValueError):
            time.sleep(0.05)
    raise BrowserFailed("the browser does not start")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
