"""A browser that is there answers; one that does not start, or dies, is said in words."""

import os
import sys

import pytest

from saccade.core.errors import BrowserFailed
from saccade.view import chromium

needs_one = pytest.mark.skipif(not chromium.find(), reason="needs an installed Chromium")


def pretender(folder, *lines):
    """A program that takes a browser's place."""
    file = folder / "browser"
    file.write_text("\n".join([f"#!{sys.executable}", *lines]))
    file.chmod(0o755)
    return str(file)


def test_without_one_nothing_is_found(monkeypatch, tmp_path):
    monkeypatch.setattr(chromium, "PLACES", (str(tmp_path / "chrome"),))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert chromium.find() == ""
    (tmp_path / "chrome").touch()
    assert chromium.find() == str(tmp_path / "chrome")


@needs_one
def test_a_page_is_asked_and_answers(tmp_path):
    with chromium.open_tab(chromium.find(), 400, 300, tmp_path) as tab:
        assert tab.evaluate("[innerWidth, innerHeight]") == [400, 300]
        assert tab.evaluate("Promise.resolve(6 * 7)") == 42
        with pytest.raises(BrowserFailed, match="the page failed"):
            tab.evaluate("nothing.of.that")
        with pytest.raises(BrowserFailed, match=r"refused No\.such"):
            tab.call("No.such")
        with pytest.raises(BrowserFailed, match="does not come so far: false"):
            tab.wait_for("false", patience=0.1)


@needs_one
def test_a_browser_that_dies_is_said(tmp_path):
    with chromium.open_tab(chromium.find(), 400, 300, tmp_path) as tab:
        with pytest.raises(BrowserFailed):
            tab.call("Browser.crash")
            tab.evaluate("1")


@pytest.mark.skipif(os.name == "nt", reason="a script that pretends")
@pytest.mark.parametrize("how", ["ends at once", "is no program", "listens nowhere"])
def test_what_does_not_start_is_said(tmp_path, monkeypatch, how):
    monkeypatch.setattr(chromium, "PATIENCE", 0.5)
    lines = {
        "ends at once": ["raise SystemExit(1)"],
        "listens nowhere": ["import threading", "threading.Event().wait()"],
    }
    browser = str(tmp_path) if how == "is no program" else pretender(tmp_path, *lines[how])
    with pytest.raises(BrowserFailed, match="does not start"):
        with chromium.open_tab(browser, 400, 300, tmp_path):
            pass
