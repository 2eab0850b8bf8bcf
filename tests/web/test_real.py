"""The real thing: a training, `saccade view` and a browser, and what one does to the other."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import saccade
from saccade.run.directory import Run

from .conftest import missing

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "all is there")

DEADLINE = 60
LONG = ("--model", "conv", "--steps", "1000000", "--eval-every", "200", "--patience", "0")


def start(*words, cwd, **options):
    source = str(Path(saccade.__file__).resolve().parents[1])
    environment = {**os.environ, "PYTHONPATH": source, "SACCADE_NO_BROWSER": "1"}
    command = [sys.executable, "-m", "saccade", *map(str, words)]
    return subprocess.Popen(command, cwd=cwd, env=environment, text=True, **options)


def wait_for(what):
    deadline = time.monotonic() + DEADLINE
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.05)
    return found


def told(run, request):
    return [e for e in run.events() if e["event"] == "Intervened" and e["request"] == request]


def steps_of(run):
    return max((e["last"] for e in run.events() if e["event"] == "StepsDone"), default=0)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a trained run, `runs/trained`."""
    place = tmp_path_factory.mktemp("real")
    words = ("train", "digits", "--model", "conv", "--steps", 2000, "--no-view")
    assert start(*words, "--out", "runs/trained", cwd=place).wait(DEADLINE) == 0
    return place


@pytest.fixture(scope="module")
def address(place):
    """What `saccade view` prints."""
    server = start("view", "runs", "--no-browser", cwd=place, stdout=subprocess.PIPE)
    yield server.stdout.readline().strip()
    server.terminate()
    server.communicate()


@pytest.fixture
def training(place):
    """A run that trains for long, and its process."""
    run = Run(place / "runs" / "long")
    process = start("train", "digits", *LONG, "--out", run.path, "--no-view", cwd=place)
    wait_for(lambda: (run.path / "run.json").exists() and steps_of(run) > 400)
    yield run, process
    process.kill()
    process.wait()
    shutil.rmtree(run.path, ignore_errors=True)


@pytest.fixture
def open_run(browser, address):
    """Opens the page of a run as somebody who was given the address; complaints fail the test."""
    contexts, complaints = [], []

    def open_at(name):
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        context.set_default_timeout(1000 * DEADLINE)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address + "#/")
        page.click(f"a:has-text('{name}')")
        page.wait_for_selector("[data-pane='6'] canvas[data-errors]")
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert complaints == []


def shown_step(page):
    return int(page.inner_text("[data-figure=step]").split("/")[0].replace(",", ""))


def test_what_is_asked_on_the_page_happens_to_the_run(training, open_run):
    run, process = training
    page = open_run("long")
    page.click("text=Pause training")
    [pause] = wait_for(lambda: told(run, "pause"))
    assert pause["source"] == "page"
    page.wait_for_selector("button:has-text('Go on')")
    assert steps_of(run) == pause["step"]
    page.keyboard.press("Shift+Space")
    wait_for(lambda: told(run, "resume"))
    wait_for(lambda: steps_of(run) > pause["step"])
    page.fill("input[aria-label='Learning rate']", "0.001")
    page.keyboard.press("Enter")
    assert wait_for(lambda: told(run, "learning_rate"))[0]["value"] == 0.001
    page.fill("input[aria-label='More epochs']", "2")
    page.keyboard.press("Enter")
    [more] = wait_for(lambda: told(run, "epochs"))
    page.wait_for_function(
        "t => document.querySelector('[data-figure=step]').textContent.includes(t)",
        arg=f"{more['total_steps']:,}",
    )
    page.click("text=Stop and keep")
    page.click("dialog button:has-text('Stop and keep')")
    assert process.wait(DEADLINE) == 0
    page.wait_for_selector("text=Test accuracy")
    test = json.loads((run.path / "eval" / "metrics.json").read_text())["test"]
    assert f"{100 * test['accuracy']:.2f} %" in page.inner_text(".tested")


def test_who_opens_the_address_of_one_run_sees_that_run(browser, place):
    words = ("view", "runs/trained", "--no-browser")
    server = start(*words, cwd=place, stdout=subprocess.PIPE)
    page = browser.new_page()
    try:
        page.goto(server.stdout.readline().strip())
        page.wait_for_selector("[data-pane='6'] canvas[data-errors]")
        page.evaluate("location.hash = '#/'")
        page.click("a:has-text('trained')")
        page.wait_for_selector("[data-pane='6'] canvas[data-errors]")
    finally:
        page.close()
        server.terminate()
        server.communicate()


def test_two_tabs_see_the_same_and_a_reload_loses_nothing(training, open_run):
    one, other = open_run("long"), open_run("long")
    before = shown_step(one)
    for page in (one, other):
        page.wait_for_function(
            "s => parseInt(document.querySelector('[data-figure=step]')"
            ".textContent.replace(/,/g, '')) > s",
            arg=before,
        )
    one.reload()
    one.wait_for_selector("[data-pane='6'] canvas[data-errors]")
    assert shown_step(one) >= before
    one.keyboard.press("4")
    one.wait_for_selector("[data-pane='4'] option:has-text('conv2d 1')", state="attached")
    labels = one.locator("[data-pane='4'] select option").all_inner_texts()
    assert {"conv2d 1 kernel", "conv2d 3 bias", "dense 2 kernel"} <= set(labels)


def test_the_pictures_agree_with_the_run(place, open_run):
    page = open_run("trained")
    run = Run(place / "runs" / "trained")
    last = [e for e in run.events() if e["event"] == "Evaluated"][-1]
    wrong = round((1 - last["accuracy"]) * last["n"])
    page.wait_for_selector(f"[data-pane='6'] canvas[data-errors='{wrong}']")
    assert f"{wrong} of {last['n']} wrong" in page.inner_text("[data-pane='6']")
    test = run.metrics["test"]
    assert f"{100 * test['accuracy']:.2f} %" in page.inner_text(".tested")


STROKES = {
    "1": [[(0.5, 0.1), (0.5, 0.9)]],
    "7": [[(0.25, 0.15), (0.75, 0.15), (0.45, 0.9)]],
    "0": [[(0.5, 0.1), (0.72, 0.3), (0.72, 0.7), (0.5, 0.9), (0.28, 0.7), (0.28, 0.3), (0.5, 0.1)]],
}


@pytest.mark.parametrize("digit", STROKES)
def test_a_drawn_digit_is_recognised(open_run, digit):
    page = open_run("trained")
    page.click("text=Draw")
    pad = page.locator("canvas.pad").bounding_box()
    for stroke in STROKES[digit]:
        points = [(pad["x"] + x * pad["width"], pad["y"] + y * pad["height"]) for x, y in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=12)
        page.mouse.up()
    page.wait_for_selector("text=by the network of step")
    page.wait_for_function(
        """digit => {
            const rows = [...document.querySelectorAll('.bar-row')].map(row =>
                [row.querySelector('.name').textContent,
                 parseFloat(row.querySelector('.figure').textContent)]);
            const best = rows.reduce((a, b) => (b[1] > a[1] ? b : a));
            return best[0] === digit && best[1] > 50;
        }""",
        arg=digit,
    )


def test_a_run_that_is_deleted_is_said_and_the_others_stay(training, open_run, place):
    run, process = training
    page = open_run("long")
    process.kill()
    process.wait()
    shutil.rmtree(run.path)
    page.wait_for_selector("text=folder is gone")
    page.click("a[href='#/']")
    page.wait_for_selector("text=trained")
