"""The page as a notebook's widget in a real browser: the built module, and the real widget in Python.

Only what lies between them is made by hand: a model with anywidget's few methods, and a kernel that
can be busy, and then hears nothing.
"""

import base64
import json
import shutil
import sys
from collections import deque
from contextlib import contextmanager

import numpy as np
import pytest

import saccade
from saccade.run import lock
from saccade.run.directory import Run
from saccade.view.live import widget as widgets
from saccade.view.live.answering import Answerer
from saccade.view.live.static import NOTEBOOK

from .browser import open_chromium
from .conftest import missing, unpack

pytest.importorskip("anywidget")
pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "all is there")

PLACE = "http://notebook.example/"
# A notebook with styles and keys of its own, and what anywidget would do.
PAGE = """<!doctype html><title>My notebook</title>
<style>
  body { font: 20px serif; color: #111 } button { background: rgb(255, 0, 0) }
  .pane { border: 7px solid lime } * { letter-spacing: 1px } h2 { font-size: 70px }
</style>
<button id=own>mine</button><section class=pane id=ownpane>mine</section>
<div id=cell-0></div><div id=cell-1></div>
<script type=module>
  import widget from "/notebook.js";
  const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  const text = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer)));
  window.heard = [];
  addEventListener("keydown", event => heard.push(event.key));
  window.models = {};
  window.show = (cell, name, id) => {
    const model = (models[name] ??= {
      listeners: {},
      get: () => id,
      on(event, listener) { (this.listeners[event] ??= []).push(listener) },
      tell(event, ...words) { for (const one of this.listeners[event] ?? []) one(...words) },
      send: (content, _, buffers) => toKernel(name, content, (buffers ?? []).map(text)),
    });
    // A notebook may put it into its document later.
    const place = document.createElement("div");
    const close = widget.render({model, el: place});
    setTimeout(() => document.getElementById(cell).append(place), 30);
    window["close_" + cell] = close;
  };
  setInterval(async () => {
    if (!window.fromKernel) return;
    for (const [name, content, buffers] of await fromKernel()) {
      // A view into something larger, as Jupyter gives them.
      const views = buffers.map(one => {
        const whole = new Uint8Array([1, 2, 3, ...bytes(one), 9]);
        return new DataView(whole.buffer, 3, whole.length - 4);
      });
      models[name].tell("msg:custom", content, views);
    }
  }, 20);
  window.ready = true;
</script>"""


class Kernel:
    """What is between the model in the page and the widget here."""

    def __init__(self, page):
        self.page = page
        self.widgets = {}
        self.busy = False
        self.unheard = []
        self.told = deque()
        self.lost = 0
        page.expose_function("toKernel", self.hear)
        page.expose_function("fromKernel", self.tell)

    def watch(self, run, cell="cell-0", name="one"):
        if name not in self.widgets:
            widget = self.widgets[name] = saccade.watch(run)
            widget.send = lambda content, buffers: self.told.append(
                [name, content, [base64.b64encode(one).decode() for one in buffers]]
            )
        words = [cell, name, self.widgets[name].run_id]
        self.page.evaluate("words => show(...words)", words)

    def hear(self, *message):
        if self.busy:
            self.unheard.append(message)
        else:
            self.deliver(*message)

    def deliver(self, name, content, buffers):
        views = [memoryview(base64.b64decode(one)) for one in buffers]
        self.widgets[name]._handle_custom_msg(json.loads(json.dumps(content)), views)

    def tell(self):
        told = [self.told.popleft() for _ in range(len(self.told))]
        lost = min(self.lost, len(told))
        self.lost -= lost
        return told[lost:]

    def rest(self):
        """The cell has ended."""
        self.busy = False
        for message in self.unheard:
            self.deliver(*message)
        self.unheard = []


class Replay:
    """A run that was trained before, trained again: its log line by line, with its last snapshot."""

    def __init__(self, trained, path):
        self.trained, self.run = trained, Run(path)
        path.mkdir()
        self.lines = (trained.path / "events.jsonl").read_text().splitlines(keepends=True)
        self.snapshot = max((trained.path / "snapshots").iterdir())
        self.labels = unpack((trained.path / "images.bin").read_bytes())[1]["watched_labels"]

    @contextmanager
    def training(self):
        with lock.writing(self.run.path):
            for name in ("run.json", "images.bin"):
                shutil.copy(self.trained.path / name, self.run.path)
            (self.run.path / "snapshots").mkdir()
            yield

    def train(self, to):
        """On to a step, with a snapshot there: `wrong(to)` of the watched pictures."""
        with np.load(self.snapshot) as kept:
            arrays = dict(kept)
        answers = self.labels.copy()
        answers[: wrong(to)] = (answers[: wrong(to)] + 1) % 10
        name = self.run.path / "snapshots" / f"{to:09d}.npz"
        aside = name.with_suffix(".part.npz")
        np.savez(aside, **{**arrays, "watched_answers": answers})
        aside.rename(name)
        with (self.run.path / "events.jsonl").open("a") as log:
            while self.lines and step_of(self.lines[0]) <= to:
                log.write(self.lines.pop(0))

    def finish(self):
        shutil.copytree(self.trained.path / "eval", self.run.path / "eval")
        with (self.run.path / "events.jsonl").open("a") as log:
            log.writelines(self.lines)


def wrong(step):
    return 40 - step // 10


def step_of(line):
    event = json.loads(line)
    return 10**9 if event["event"] == "Finished" else event.get("last", event.get("step", 0))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    run = saccade.create_run(tmp_path_factory.mktemp("trained") / "digits")
    recipe = saccade.recipe("softmax", steps=300, evaluate_every=10)
    for _ in saccade.record(saccade.fit("softmax", saccade.load("digits"), recipe), run):
        pass
    return Run(run.path)


@pytest.fixture
def replay(trained, tmp_path):
    return Replay(trained, tmp_path / "again")


@pytest.fixture(scope="module")
def chromium():
    with open_chromium() as chromium:
        yield chromium


@pytest.fixture
def page(chromium):
    """A notebook with nothing in it; whatever it complains about fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 1600})
    context.set_default_timeout(20_000)
    page = context.new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    files = {"/": ("text/html", PAGE), "/notebook.js": ("text/javascript", NOTEBOOK.read_text())}

    def answer(route):
        kind, body = files.get(route.request.url.removeprefix(PLACE.rstrip("/")), ("", ""))
        route.fulfill(status=200 if kind else 404, content_type=kind, body=body)

    page.route("**/*", answer)
    page.goto(PLACE)
    page.wait_for_function("window.ready")
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def kernel(page):
    kernel = Kernel(page)
    yield kernel
    for widget in kernel.widgets.values():
        widget.close()


def tally(page, cell="#cell-0"):
    return page.inner_text(f"{cell} [data-pane='6'] .tally")


def wait_for_text(page, selector, words):
    page.wait_for_selector(f"{selector}:has-text('{words}')")


def drawn(page, cell="#cell-0"):
    """The panes whose canvases have ink."""
    return page.eval_on_selector_all(
        f"{cell} [data-pane]",
        """panes => panes.filter(pane => [...pane.querySelectorAll("canvas")].some(canvas => {
            if (!canvas.width || !canvas.height || canvas.hidden) return false;
            const {width, height} = canvas;
            const data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
            const colours = new Set(new Uint32Array(data.buffer));
            return colours.size > 12;
        })).map(pane => Number(pane.dataset.pane))""",
    )


def wait_for_panes(page, cell="#cell-0", panes=(1, 2, 3, 4, 5, 6)):
    for _ in range(200):
        if (now := drawn(page, cell)) == list(panes):
            return
        page.wait_for_timeout(50)
    raise AssertionError(now)


def test_a_finished_run_is_all_there(page, kernel, trained):
    kernel.watch(trained)
    wait_for_panes(page)
    # The watched curve's blue, whenever the notebook put the widget into its document.
    page.wait_for_function(
        """() => {
            const {shadowRoot} = document.querySelector("#cell-0 .saccade");
            const canvas = shadowRoot.querySelector("[data-pane='1'] canvas");
            const {width, height} = canvas;
            const data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
            return new Uint32Array(data.buffer).includes(0xffb27200);
        }"""
    )
    wait_for_text(page, "#cell-0 .tested", "Test accuracy")
    test = trained.metrics["test"]
    assert f"{100 * test['accuracy']:.2f} %" in page.inner_text("#cell-0 .tested")
    last = [e for e in trained.events() if e["event"] == "Evaluated"][-1]
    assert tally(page).startswith(f"{round((1 - last['accuracy']) * last['n'])} of {last['n']}")
    page.click("#cell-0 button:has-text('Confusion')")
    page.wait_for_selector("#cell-0 .confusion button.right")


def test_a_busy_kernel_is_watched_by_what_it_tells(page, kernel, replay):
    """From an empty run on, with a kernel that never hears a question."""
    kernel.busy = True
    kernel.watch(replay.run)
    with replay.training():
        replay.train(100)
        wait_for_panes(page)
        wait_for_text(page, "#cell-0 [data-figure=step]", "100 / 300")
        replay.train(200)
        wait_for_text(page, "#cell-0 [data-figure=step]", "200 / 300")
        wait_for_text(page, "#cell-0 [data-pane='6'] .tally", f"{wrong(200)} of 143 wrong")
        replay.train(300)
        replay.finish()
    wait_for_text(page, "#cell-0 .tested", "Test accuracy")
    # However long it lasts, few questions wait for the kernel.
    assert 0 < len(kernel.unheard) <= 4
    kernel.rest()
    wait_for_panes(page)


def test_what_was_told_before_anybody_listened_is_told_again(page, kernel, replay):
    kernel.busy = True
    with replay.training():
        replay.train(100)
        kernel.lost = 4  # images, snapshot, curves, bands
        kernel.watch(replay.run)
        wait_for_panes(page)
    assert kernel.lost == 0


def test_the_slider_goes_back_while_the_kernel_is_busy(page, kernel, replay):
    kernel.busy = True
    kernel.watch(replay.run)
    with replay.training():
        for step in (50, 100, 150):
            replay.train(step)
            wait_for_text(page, "#cell-0 [data-figure=step]", f"{step} / 300")
        page.wait_for_selector("#cell-0 input[type=range]:enabled")
        page.focus("#cell-0 input[type=range]")
        for key, step in (("ArrowLeft", 100), ("Home", 50), ("End", 150)):
            page.keyboard.press(key)
            wait_for_text(page, "#cell-0 .slider .place", f"step {step}")
            wait_for_text(page, "#cell-0 [data-pane='6'] .tally", f"{wrong(step)} of 143 wrong")


def test_a_snapshot_that_was_not_told_comes_when_the_kernel_rests(page, kernel, replay):
    with replay.training():
        replay.train(50)
        replay.train(100)
        kernel.busy = True
        kernel.watch(replay.run)
        wait_for_panes(page)
        page.focus("#cell-0 input[type=range]")
        page.keyboard.press("Home")
        wait_for_text(page, "#cell-0 .slider .place", "step 50")
        assert tally(page) == f"{wrong(100)} of 143 wrong"
        kernel.rest()
        wait_for_text(page, "#cell-0 [data-pane='6'] .tally", f"{wrong(50)} of 143 wrong")


def test_keys_are_heard_where_the_focus_is(page, kernel, trained):
    kernel.watch(trained, "cell-0", "one")
    kernel.watch(trained, "cell-1", "two")
    wait_for_panes(page, "#cell-0")
    wait_for_panes(page, "#cell-1")
    page.click("#own")
    page.keyboard.press("3")
    assert page.evaluate("heard") == ["3"]
    assert page.locator("#cell-0 [data-pane='1']").is_visible()
    page.click("#cell-1 h2 >> nth=1")
    page.keyboard.press("3")
    assert not page.locator("#cell-1 [data-pane='1']").is_visible()
    assert page.locator("#cell-0 [data-pane='1']").is_visible()
    # The notebook does not take what was typed in a widget for its own.
    assert page.evaluate("heard") == ["3"]
    # After a button was pressed the keys are still the widget's.
    page.click("#cell-0 button:has-text('Confusion')")
    page.keyboard.press("g")
    page.keyboard.press("6")
    assert page.locator("#cell-0 [data-pane='6']").is_visible()
    assert not page.locator("#cell-0 [data-pane='2']").is_visible()
    page.keyboard.press("?")
    assert page.locator("#cell-0 dialog").is_visible()
    assert not page.locator("#cell-1 dialog").is_visible()


def test_the_notebook_and_the_widget_leave_each_other_alone(page, kernel, trained):
    before = page.evaluate("[document.title, location.href, localStorage.length, history.length]")
    own = "e => { const s = getComputedStyle(e); return [s.backgroundColor, s.font, s.border] }"
    looks = [page.eval_on_selector(one, own) for one in ("#own", "#ownpane", "body")]
    kernel.watch(trained)
    wait_for_panes(page)
    page.keyboard.press("7")
    page.wait_for_timeout(400)  # a tab of its own would write its address by now
    assert before == page.evaluate(
        "[document.title, location.href, localStorage.length, history.length]"
    )
    assert looks == [page.eval_on_selector(one, own) for one in ("#own", "#ownpane", "body")]
    style = "e => { const s = getComputedStyle(e); return [s.letterSpacing, s.borderTopWidth] }"
    assert page.eval_on_selector("#cell-0 .pane", style) == ["normal", "0px"]
    assert page.eval_on_selector("#cell-0 .pane h2", "e => getComputedStyle(e).fontSize") == "14px"
    assert "serif" not in page.eval_on_selector(
        "#cell-0 .tally", "e => getComputedStyle(e).fontFamily"
    ).split(", ")


def test_one_widget_goes_and_the_other_stays(page, kernel, trained):
    kernel.watch(trained, "cell-0", "one")
    kernel.watch(trained, "cell-1", "two")
    wait_for_panes(page, "#cell-0")
    wait_for_panes(page, "#cell-1")
    page.evaluate("close_cell_0 = window['close_cell-0']()")
    assert page.evaluate("document.querySelectorAll('#cell-0 .saccade').length") == 0
    page.hover("#cell-1 [data-pane='6'] canvas.cells", position={"x": 80, "y": 40})
    page.wait_for_selector(".saccade-above .tooltip")
    page.evaluate("window['close_cell-1']()")
    assert page.evaluate("document.querySelectorAll('.saccade, .saccade-above').length") == 0


def test_one_widget_in_two_places(page, kernel, trained):
    kernel.watch(trained, "cell-0", "one")
    wait_for_panes(page, "#cell-0")
    kernel.watch(trained, "cell-1", "one")
    wait_for_panes(page, "#cell-1")
    page.click("#cell-0 h2 >> nth=0")
    page.keyboard.press("2")
    assert page.locator("#cell-1 [data-pane='1']").is_visible()


def test_steering_reaches_the_run_or_says_that_the_kernel_is_busy(page, kernel, replay):
    kernel.watch(replay.run)
    with replay.training():
        control = replay.run.path / "control"
        control.mkdir()
        (control / "token").write_text("c0ffee")
        replay.train(100)
        page.click("#cell-0 button:has-text('Pause training')")
        wait_for_text(page, "#cell-0 .answer", "Asked: pause")
        [request] = [json.loads(path.read_text()) for path in control.glob("*.json")]
        assert (request["request"], request["source"]) == ("pause", "page")
        kernel.busy = True
        page.click("#cell-0 button:has-text('Save now')")
        wait_for_text(page, "#cell-0 .answer", "the kernel is busy")
        assert len(list(control.glob("*.json"))) == 1


def test_a_drawing_is_answered(page, kernel, trained, monkeypatch):
    program = (
        "import sys, json\nfor line in sys.stdin:\n"
        "    print(json.dumps({'probabilities': [0, 0, 0, .9, .1, 0, 0, 0, 0, 0], 'step': 300}),"
        " flush=True)"
    )
    answerer = Answerer([sys.executable, "-c", program])
    monkeypatch.setattr(widgets, "answerer", lambda: answerer)
    kernel.watch(trained)
    wait_for_panes(page)
    assert answerer.process is None
    page.click("#cell-0 button:has-text('Draw')")
    pad = page.locator("#cell-0 canvas.pad").bounding_box()
    page.mouse.move(pad["x"] + 100, pad["y"] + 50)
    page.mouse.down()
    page.mouse.move(pad["x"] + 100, pad["y"] + 200, steps=4)
    page.mouse.up()
    wait_for_text(page, "#cell-0 .best .figure", "90.0 %")
    answerer.end()


def test_it_says_that_the_run_or_the_kernel_is_gone(page, kernel, replay, trained):
    kernel.watch(replay.run)
    kernel.watch(trained, "cell-1", "two")
    with replay.training():
        replay.train(100)
        wait_for_panes(page)
        shutil.rmtree(replay.run.path)
        wait_for_text(page, "#cell-0 .state", "folder is gone")
    wait_for_panes(page, "#cell-1")
    page.evaluate("models.two.tell('comm:close')")
    wait_for_text(page, "#cell-1 .lost", "The kernel has gone")


def test_it_is_dark_where_the_notebook_is(page, kernel, trained):
    kernel.watch(trained)
    wait_for_panes(page)
    paper = "e => getComputedStyle(e).backgroundColor"
    assert page.eval_on_selector("#cell-0 .pane", paper) == "rgb(255, 255, 255)"
    page.evaluate("document.body.style.color = '#eee'")
    page.wait_for_selector("#cell-0 .saccade[data-theme=dark]")
    assert page.eval_on_selector("#cell-0 .pane", paper) == "rgb(20, 23, 26)"
    assert page.locator("#cell-0 [data-tool=theme]").count() == 0
