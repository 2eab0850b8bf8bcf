"""A Chromium to test the page with: the one that is there, Debian's, or Playwright's own.

    python tests/web/browser.py

prints where it is; exits with 1 where none is to be had.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from saccade.view import chromium as chromiums


def find() -> str:
    """The path of a Chromium or Chrome, "" where there is none."""
    return chromiums.find() or playwrights_own()


def playwrights_own() -> str:
    """The one that Playwright has downloaded."""
    try:
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            path = playwright.chromium.executable_path
    except Exception:  # whatever is wrong with it, it is not there
        return ""
    return path if Path(path).is_file() else ""


@contextmanager
def open_chromium() -> Iterator[Any]:
    """Playwright's handle of a Chromium, which ends with the block."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=find(), args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium
        chromium.close()


def draw_a_seven(page: Any) -> None:
    """With the mouse, on the page's pad."""
    box = page.locator(".pad").bounding_box()

    def to(x: float, y: float, steps: int = 12) -> None:
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=steps)

    to(0.3, 0.25, 1)
    page.mouse.down()
    to(0.7, 0.25)
    to(0.42, 0.85)
    page.mouse.up()


def get() -> str:
    """Installs one; "" where that can't be done."""
    if shutil.which("apt-get") and getattr(os, "geteuid", lambda: 1)() == 0:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(["apt-get", "update"], **quiet)
        subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", "chromium"], **quiet)
    if not find():
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"])
    return find()


if __name__ == "__main__":
    found = find() or get()
    print(found or "NO CHROMIUM IS TO BE HAD: THE PAGE IS NOT TESTED")
    sys.exit(0 if found else 1)
