"""A film of the live page: a browser without a window plays it and records what it draws."""

import time
from collections.abc import Callable
from pathlib import Path

from saccade.core.errors import BrowserFailed
from saccade.view.chromium import Tab, open_tab

KINDS = (".mp4", ".webm")
AT_RUN = "location.hash.startsWith('#/run/') && location.hash.split('?')[0]"
READY = """(() => {
    const pane = document.querySelector("main.panes canvas[data-errors], main.panes .uplot");
    const snapshots = document.querySelector("input[type=range]");
    return pane && snapshots && Number(snapshots.max) > 0;
})()"""
PLACE = """(() => {
    const { value, max } = document.querySelector("input[type=range]");
    return [Number(value), Number(max), document.querySelector("output.notice").textContent];
})()"""
PATIENCE = 20.0  # seconds without a next snapshot, or without the file after the last one


def record_movie(
    browser: str,
    address: str,
    folder: Path,
    graphs: str = "0",
    size: tuple[int, int] = (1280, 800),
    told: Callable[[int, int], None] = lambda snapshot, last: None,
) -> Path:
    """Plays the only run of a page's address and returns the film's file in `folder`.

    `graphs` is a key of the page; `size` its width and height in pixels; `told` hears which
    snapshot is being shown.

    Raises:
        BrowserFailed: the browser does not start, or records nothing.
    """
    with open_tab(browser, *size, folder) as tab:
        tab.call("Page.navigate", url=address)  # of one run: its page
        run = tab.wait_for(AT_RUN)
        tab.evaluate(f"location.hash = {run!r} + '?view={graphs}'")
        tab.wait_for(READY)
        tab.evaluate("document.querySelector('[data-tool=movie]').click()")
        return _film(tab, folder, told)


def _film(tab: Tab, folder: Path, told: Callable[[int, int], None]) -> Path:
    since, before = time.monotonic(), -1
    while time.monotonic() - since < PATIENCE:
        # While the browser writes, the file has another ending.
        if films := [file for file in folder.iterdir() if file.suffix in KINDS]:
            return films[0]
        place, last, said = tab.evaluate(PLACE)
        if "cannot record" in said:
            raise BrowserFailed(said)
        if place != before:
            since, before = time.monotonic(), place
            told(place, last)
        time.sleep(0.1)
    raise BrowserFailed("the film did not come: the browser wrote no file")
