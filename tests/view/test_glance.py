"""What a notebook shows of a run: of any run, whatever is in it."""

import re
import subprocess
import sys

import pytest

from saccade.run.directory import Run, create_run
from saccade.view.glance import WORST, glance

from .conftest import Page

HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>')


def shown(run):
    page = Page(glance(run))
    assert page.errors == []
    assert not page.all("script")
    return page


def titles(page):
    return [heading.text for heading in page.all("h2")]


def words(page):
    return page.all("div", "saccade-run")[0].text


def test_a_finished_run_has_its_number_curves_confusion_and_mistakes(digits_run):
    page = shown(digits_run)
    test = digits_run.metrics["test"]
    assert f"{100 * test['accuracy']:.2f} %" in page.all("strong")[0].text
    assert titles(page)[:2] == ["Curves", "Confusion"] and "worst" in titles(page)[2]
    assert len(page.all("svg", "chart")) == 2
    assert len(page.all("img")) == WORST
    assert all(image.attributes["src"].startswith("data:image/png") for image in page.all("img"))


def test_it_is_small_and_needs_nothing_else(digits_run):
    html = glance(digits_run)
    assert len(html) < 200_000
    for word in ("http:", "https:", "url(", "@import", "<link", "<iframe"):
        assert word not in html


def test_its_style_is_for_itself_alone(digits_run):
    [style] = shown(digits_run).all("style")
    assert style.text.startswith(".saccade-run.saccade-run.saccade-run {")
    assert style.text.count("{") == style.text.count("}")
    assert not re.search(r"(?<!t)body|:root|\bhtml\b", style.text)


def test_names_are_text_whatever_they_are(tell):
    page = shown(tell(classes=HOSTILE, names=(HOSTILE[0],) * 6, data={"name": HOSTILE[1]}))
    assert HOSTILE[0] in words(page) and HOSTILE[1] in words(page)
    assert not any("onerror" in element.attributes for element in page.elements)


@pytest.mark.parametrize("events", range(1, 9))
def test_a_run_at_any_moment_has_what_there_is(tell, events):
    page = shown(tell(events))
    assert "of 40" in words(page)
    assert ("Curves" in titles(page)) and "Confusion" not in titles(page)
    assert len(page.all("svg", "chart")) == (2 if events > 1 else 0)


def test_a_run_that_is_training_says_so(tell, monkeypatch):
    monkeypatch.setattr("saccade.run.lock.is_writing", lambda path: True)
    assert "still training" in words(shown(tell(5)))


DAMAGE = {
    "no run.json": lambda path: (path / "run.json").unlink(),
    "run.json is no JSON": lambda path: (path / "run.json").write_text("{"),
    "run.json is a list": lambda path: (path / "run.json").write_text("[]"),
    "run.json lacks all": lambda path: (path / "run.json").write_text('{"schema": 1}'),
    "events lack their fields": lambda path: (path / "events.jsonl").write_text(
        '{"event": "StepsDone"}\n{"event": "Evaluated"}\n'
    ),
    "no events": lambda path: (path / "events.jsonl").unlink(),
    "no metrics": lambda path: (path / "eval" / "metrics.json").unlink(),
    "no confusion": lambda path: (path / "eval" / "confusion.csv").unlink(),
    "confusion of others": lambda path: (path / "eval" / "confusion.csv").write_text("a,b\n1,x\n"),
    "mistakes of others": lambda path: (path / "eval" / "mistakes.csv").write_text("a\n1\n"),
    "binary mistakes": lambda path: (path / "eval" / "mistakes.csv").write_bytes(b"\xff\0\n\xfe"),
    "no pictures": lambda path: [p.unlink() for p in (path / "eval" / "mistakes").iterdir()],
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_run_shows_what_there_is(run_copy, what):
    DAMAGE[what](run_copy.path)
    assert "copy" in words(shown(Run(run_copy.path))) or "can't be read" in words(
        shown(Run(run_copy.path))
    )


def test_one_damaged_part_leaves_the_others(run_copy, monkeypatch):
    def fail(story):
        raise ZeroDivisionError("<b>oh</b>")

    monkeypatch.setattr("saccade.view.glance.confusion", fail)
    page = shown(run_copy)
    assert "Damaged" in titles(page) and "Curves" in titles(page)
    assert "<b>oh</b>" in words(page)


def test_an_empty_and_a_deleted_run(tmp_path):
    run = create_run(tmp_path / "new")
    assert "never started" in words(shown(run))
    run.path.rmdir()
    assert "no run directory" in words(shown(run))


def test_ipython_shows_a_run_by_it(digits_run):
    pytest.importorskip("IPython")
    code = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "import saccade, sys\n"
        "assert 'saccade.view' not in sys.modules and 'numpy' not in sys.modules\n"
        f"run = saccade.open_run({str(digits_run.path)!r})\n"
        "shown, _ = shell.display_formatter.format(run)\n"
        "sys.exit(not ('<svg' in shown['text/html'] and 'Run(' in shown['text/plain']))\n"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
