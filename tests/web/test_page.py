"""The live page in a real browser: what its pixels say, its keys, its slider, its manners."""

import base64
import io
import re
import time
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from .browser import draw_a_seven
from .conftest import PHONE, missing, unpack

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "all is there")

WATCHED, BATCH = "[data-pane='6'] canvas", "[data-pane='3'] canvas"
TINT = (0xFF, 0xCF, 0xAE)
VIEWS = {
    "1": [1],
    "2": [2],
    "3": [3],
    "4": [4],
    "5": [5],
    "6": [6],
    "7": [1, 2],
    "8": [4, 5],
    "9": [3, 6],
}
EVERY = [1, 2, 3, 4, 5, 6]


def ready(page, *canvases):
    """Waits until the pictures and the curves stand."""
    page.wait_for_function(
        """() => /\\d/.test(
            document.querySelector("[data-figure='images/s']")?.textContent ?? "")"""
    )
    page.wait_for_function(
        """() => [...document.querySelectorAll("[data-pane='1'] .plot, [data-pane='2'] .plot")]
            .every(plot => !plot.checkVisibility() || plot.dataset.last)"""
    )
    for canvas in canvases or (WATCHED, BATCH):
        page.wait_for_selector(f"{canvas}[data-errors]", state="attached")
    return page


def settled(page, canvas, errors):
    page.wait_for_selector(f"{canvas}[data-errors='{errors}']")


def pixels(page, canvas):
    """The canvas as an array [height, width, 4]."""
    size, data = page.eval_on_selector(
        canvas,
        """canvas => {
            const {width, height} = canvas;
            const data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
            let text = "";
            for (let i = 0; i < data.length; i += 8192)
                text += String.fromCharCode(...data.subarray(i, i + 8192));
            return [[height, width], btoa(text)];
        }""",
    )
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(*size, 4)


def tinted(page, canvas, count, tint=TINT):
    """Which cells have the tint in their upper left corner; the canvas says where its cells are."""
    said = page.eval_on_selector(canvas, "c => ({...c.dataset})")
    left, top, columns = int(float(said["left"])), int(float(said["top"])), int(said["columns"])
    width, height = int(said["cellWidth"]), int(said["cellHeight"])
    image = pixels(page, canvas).astype(int)
    corners = [
        image[top + i // columns * height, left + i % columns * width, :3] for i in range(count)
    ]
    return (np.abs(np.array(corners) - tint) < 12).all(1)


def shown(page):
    return [n for n in EVERY if page.is_visible(f"[data-pane='{n}']")]


def figure(page, name):
    return page.inner_text(f"[data-figure='{name}']")


def step_now(page):
    return int(re.sub(r"\D", "", figure(page, "step").split("/")[0]))


def wait_for_step(page, step):
    page.wait_for_function(
        """s => parseInt(document.querySelector('[data-figure=step]').textContent
                         .replace(/,/g, '')) > s""",
        arg=step,
    )


def first_cell(page):
    """A place in the first cell of the watched pane."""
    said = page.eval_on_selector(WATCHED, "c => ({...c.dataset})")
    return {"x": int(float(said["left"])) + 3, "y": int(float(said["top"])) + 3}


# What the panes show


def test_the_watched_pane_has_as_many_tinted_cells_as_errors_and_they_come_first(open_page, server):
    page = ready(open_page("#/run/long"))
    errors = server.errors("long", 10_000)
    marks = tinted(page, WATCHED, 1_000)
    # A glyph of a digit may reach into a corner; the frontier's line may lie on one row of corners.
    assert abs(marks.sum() - errors) <= 0.03 * errors + 2
    assert not marks[errors + 40 :].any()
    assert page.get_attribute(WATCHED, "data-columns") == "40"
    assert page.inner_text("[data-pane='6'] .tally") == f"{errors} of 10,000 wrong"


def test_the_frontier_lies_where_the_accuracy_says(open_page, server):
    page = ready(open_page("#/run/long", viewport={"width": 1920, "height": 1080}))
    said = page.eval_on_selector(WATCHED, "c => ({...c.dataset})")
    image = pixels(page, WATCHED)[..., :3].astype(int)
    line = np.abs(image - (0xD5, 0x5E, 0x00)).max(2) < 30
    rows = np.flatnonzero(line.sum(1) > 5 * int(said["cellWidth"]))
    left, top = int(float(said["left"])), float(said["top"])
    # From the lower stretch of the stairs, its length, and the upper stretch: the errors.
    low = rows.max()
    length = np.flatnonzero(line[low]).max() - left
    full = round((low - 1 - top) / int(said["cellHeight"])) - 1
    errors = full * 40 + round(length / int(said["cellWidth"]))
    accuracy = server.json("/api/runs/long/curves?after=0")["watched"]["accuracy"][-1]
    assert abs((1 - errors / 10_000) - accuracy) < 3e-4


def test_errors_that_do_not_fit_are_counted(open_page, server):
    page = ready(open_page("#/run/long"))
    page.evaluate("document.querySelector('input[type=range]').value = 5")
    page.dispatch_event("input[type=range]", "input")
    errors = server.errors("long", 100)
    assert errors > 1_000
    settled(page, WATCHED, errors)
    page.wait_for_function(
        "t => document.querySelector(\"[data-pane='6'] .tally\").textContent === t",
        arg=f"{errors:,} of 10,000 wrong, {errors - 1000:,} not shown",
    )
    assert tinted(page, WATCHED, 1_000).mean() > 0.9


def test_the_batch_has_its_wrong_pictures_first(open_page, server):
    page = ready(open_page("#/run/long"))
    batch = server.snapshot("long", 10_000)
    errors = int((batch["batch_labels"] != batch["batch_answers"]).sum())
    marks = tinted(page, BATCH, 100)
    assert errors and marks[:errors].all() and not marks[errors:].any()
    assert page.inner_text("[data-pane='3'] .tally") == f"{errors} of 100 wrong"


def test_coloured_pictures_keep_their_colours_where_the_answer_is_right(open_page, server):
    page = ready(open_page("#/run/colour"))
    image = pixels(page, WATCHED)[..., :3].astype(int)
    said = page.eval_on_selector(WATCHED, "c => ({...c.dataset})")
    width, columns, errors = int(said["cellWidth"]), int(said["columns"]), int(said["errors"])
    assert errors == server.errors("colour", 1_000)
    images = server.get("/api/runs/colour/images")
    arrays = unpack(images)[1]
    answers = server.snapshot("colour", 1_000)["watched_answers"]
    right = np.flatnonzero(arrays["watched_labels"] == answers)
    for place in range(errors + columns, errors + columns + 20):
        y = int(float(said["top"])) + place // columns * int(said["cellHeight"])
        x = int(float(said["left"])) + place % columns * width
        seen = image[y : y + width - 1, x : x + width - 1].mean((0, 1))
        assert np.abs(seen - arrays["watched"][right[place - errors]].mean((0, 1))).max() < 12


@pytest.mark.parametrize("pane", [4, 5])
def test_bands_are_darkest_in_the_middle_and_nested(open_page, pane):
    page = ready(open_page("#/run/long"))
    canvas = f"[data-pane='{pane}'] canvas"
    page.wait_for_timeout(300)
    image = pixels(page, canvas).astype(float)
    # Between two grid lines, above the axis.
    column = image[:-30, int(image.shape[1] * 0.72)]
    colour = [0, 114, 178] if pane == 4 else [0, 128, 92]
    # How much of the colour covers the paper, away from grid lines.
    red = column[:, 0] * column[:, 3] / 255 + 255 - column[:, 3]
    depth = np.round((255 - red) / (255 - colour[0]), 2)
    levels = [
        value for value in (0.23, 0.41, 0.54, 0.65) if (np.abs(depth - value) < 0.03).sum() >= 3
    ]
    assert levels == [0.23, 0.41, 0.54, 0.65]
    places = [np.flatnonzero(np.abs(depth - value) < 0.03) for value in levels]
    for outer, inner in pairwise(places):
        assert outer.min() < inner.min() and outer.max() > inner.max()


def test_the_curves_end_where_the_figures_say(open_page, server):
    page = ready(open_page("#/run/long"))
    accuracy = server.json("/api/runs/long/curves?after=0")["watched"]["accuracy"][-1]
    image = pixels(page, "[data-pane='1'] canvas")[..., :3].astype(int)
    over = page.eval_on_selector(
        "[data-pane='1'] .u-over",
        """o => { const c = o.closest(".u-wrap").getBoundingClientRect();
                  const b = o.getBoundingClientRect();
                  return [b.left - c.left, b.top - c.top, b.width, b.height]; }""",
    )
    left, top, width, height = over
    blue = np.abs(image - (0, 0x72, 0xB2)).max(2) < 40
    rows = np.flatnonzero(blue[:, round(left + width) - 3])
    assert abs(1 - (rows.mean() - top) / height - accuracy) < 0.012
    assert figure(page, "accuracy") == f"{100 * accuracy:.2f} %"
    # The loss' range is chosen by its later part: its last value does not lie on the ground.
    image = pixels(page, "[data-pane='2'] canvas")[..., :3].astype(int)
    blue = np.abs(image - (0, 0x72, 0xB2)).max(2) < 40
    rows = np.flatnonzero(blue[:, round(left + width) - 3])
    assert 0.04 < 1 - (rows.mean() - top) / height < 0.6


def test_the_chooser_shows_layers_norms_maps_and_weights(open_page):
    page = ready(open_page("#/run/long"))
    chooser = page.locator("[data-pane='4'] select")
    chooser.locator("option:has-text('maps')").wait_for(state="attached")
    options = chooser.locator("option").all_inner_texts()
    assert {
        "All weights",
        "Logits of the batch",
        "Gradient norms",
        "First layer's maps",
        "First layer's weights",
        "conv1 kernel",
        "dense bias: gradient norm",
    } <= set(options)
    seen = []
    for label in ("All weights", "dense kernel", "Gradient norms", "Logits of the batch"):
        chooser.select_option(label=label)
        page.wait_for_timeout(350)
        seen.append(pixels(page, "[data-pane='4'] .uplot canvas").tobytes())
    assert len(set(seen)) == 4
    for label in ("First layer's maps", "First layer's weights"):
        chooser.select_option(label=label)
        page.wait_for_timeout(350)
        assert np.unique(pixels(page, "[data-pane='4'] canvas.cells")[..., 0]).size > 20
    chooser.select_option(label="dense kernel")
    page.wait_for_function(
        """() => document.querySelector("[data-pane='4'] .tally")
                 .textContent.includes('65,536 sampled')"""
    )


def test_a_cell_tells_class_answer_and_confidence(open_page):
    page = ready(open_page("#/run/colour"))
    page.hover(WATCHED, position=first_cell(page))
    words = page.inner_text(".tooltip")
    assert re.search(r"taken for (circle|square|diamond|triangle|cross), \d+ % sure", words)
    assert page.is_visible(".tooltip canvas.wrong")


def test_the_learning_rate_speed_and_result_are_shown(open_page):
    page = ready(open_page("#/run/long"))
    assert figure(page, "images/s") == "10,752"
    assert float(figure(page, "learning rate")) >= 0
    assert "98.30 % (95 % interval 98.00 % to 98.60 %, n = 10,000)" in page.inner_text(".tested")
    assert "test watched during training" in page.inner_text(".tested")


def test_empty_panes_say_what_they_wait_for(open_page):
    page = open_page("#/run/new")
    page.wait_for_selector("text=Compiling; the first steps come soon.")
    assert page.inner_text(".top .state") == "compiling"
    page = open_page("#/run/old")
    page.wait_for_selector("text=This run kept no snapshots.")


# Keys and their controls


def test_every_key_shows_its_graphs_and_every_button_the_same(open_page):
    page = ready(open_page("#/run/long"))
    for key, panes in VIEWS.items():
        page.keyboard.press(key)
        assert shown(page) == panes, key
        assert page.get_attribute(f"[data-tool=view-{key}]", "aria-pressed") == "true"
    page.keyboard.press("Escape")
    assert shown(page) == EVERY
    page.keyboard.press("3")
    page.keyboard.press("0")
    assert shown(page) == EVERY
    for key, panes in VIEWS.items():
        page.click(f"[data-tool=view-{key}]")
        assert shown(page) == panes, key


def test_space_freezes_the_display_and_not_the_training(open_page, server):
    page = ready(open_page("#/run/live"))
    page.keyboard.press("Space")
    assert "training goes on" in page.inner_text(".chip.frozen")
    before, there = step_now(page), server.json("/api/runs/live/curves?after=1")["step"]
    image = pixels(page, "[data-pane='1'] canvas").tobytes()
    page.wait_for_timeout(1_200)
    assert step_now(page) == before
    assert pixels(page, "[data-pane='1'] canvas").tobytes() == image
    assert server.json("/api/runs/live/curves?after=1")["step"] > there
    page.keyboard.press("Space")
    wait_for_step(page, before + 30)
    assert not page.is_visible(".chip.frozen")


def test_box_zoom_and_reset(open_page):
    page = ready(open_page("#/run/long"))
    canvas = "[data-pane='2'] canvas"
    page.wait_for_timeout(400)
    whole = pixels(page, canvas).tobytes()
    page.keyboard.press("o")
    assert page.get_attribute("[data-tool=box]", "aria-pressed") == "true"
    box = page.locator("[data-pane='2'] .u-over").bounding_box()
    page.mouse.move(box["x"] + 50, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 200, steps=4)
    page.mouse.up()
    page.mouse.move(5, 5)
    page.wait_for_timeout(400)
    assert pixels(page, canvas).tobytes() != whole
    page.keyboard.press("h")
    page.wait_for_timeout(400)
    assert pixels(page, canvas).tobytes() == whole
    # A keyboard has + and - instead of a box.
    page.focus("[data-pane='2'] .plot")
    page.keyboard.press("+")
    page.wait_for_timeout(400)
    assert pixels(page, canvas).tobytes() != whole


def test_control_s_saves_what_is_seen(open_page):
    page = ready(open_page("#/run/long"))
    page.keyboard.press("7")
    with page.expect_download() as waiting:
        page.keyboard.press("Control+s")
    assert waiting.value.suggested_filename == "2026-11-20-mnist-conv-bn.png"
    picture = np.asarray(Image.open(waiting.value.path()).convert("RGB")).astype(int)
    assert picture.shape[1] == 2 * 1280
    for colour in ((0xD5, 0x5E, 0), (0, 0x72, 0xB2)):
        assert (np.abs(picture - colour).max(2) < 30).sum() > 1_000


def test_a_saved_picture_says_which_curve_and_which_layer_is_which(open_page):
    page = ready(open_page("#/run/long"))
    places = ("", ".key.train i", ".key.watched i", ".key.watched span", "select >> nth=0")

    def boxes():
        return [page.locator(f"main.panes {place}").first.bounding_box() for place in places]

    before = None
    while before != boxes():  # what still arrives may move the rest between picture and measure
        before = boxes()
        with page.expect_download() as waiting:
            page.keyboard.press("Control+s")
    picture = np.asarray(Image.open(waiting.value.path()).convert("RGB")).astype(int)
    panes, *stand = before
    for place, box in zip(places[1:], stand, strict=True):
        left, top = 2 * (box["x"] - panes["x"]), 2 * (box["y"] - panes["y"] + 34)
        right, bottom = left + 2 * box["width"], top + 2 * max(box["height"], 3)
        seen = picture[round(top) : round(bottom), round(left) : round(right)]
        assert (np.abs(seen - picture[2, 2]).max(2) > 60).sum() > 10, place


def test_what_is_said_to_screen_readers_makes_no_scroll_bar(open_page):
    page = ready(open_page("#/run/long"))
    for key in ("7", " ", "h"):
        page.keyboard.press(key)
    assert page.evaluate("document.querySelector('.unseen').textContent")
    root = "document.documentElement"
    assert page.evaluate(f"{root}.scrollHeight <= {root}.clientHeight")


def test_the_help_lists_the_keys(open_page):
    page = ready(open_page("#/run/long"))
    page.keyboard.press("?")
    words = page.inner_text("dialog.help")
    for key in ("Esc", "Space", "Shift-Space", "O", "H", "Ctrl-S"):
        assert key in words
    page.keyboard.press("1")  # a dialog takes the keys
    page.keyboard.press("Escape")
    assert shown(page) == EVERY and not page.is_visible("dialog.help")


def test_everything_is_reached_by_keyboard(open_page):
    page = ready(open_page("#/run/live"))
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                """() => { const a = document.activeElement;
                const words = a.dataset.tool ?? a.getAttribute('aria-label');
                return (words ?? a.textContent).trim(); }"""
            )
        )
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none" or page.evaluate("document.activeElement === document.body")
    tools = {
        "freeze",
        "box",
        "reset",
        "save",
        "movie",
        "theme",
        "help",
        "tab-draw",
        *(f"view-{k}" for k in VIEWS),
    }
    assert tools <= reached
    assert {
        "Snapshot",
        "Play",
        "Learning rate",
        "More epochs",
        "What graph 4 shows",
        "Accuracy",
        "Watched pictures, wrong answers first",
        "Pause training",
    } <= reached
    page.focus(WATCHED)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert page.is_visible(".tooltip")
    assert "taken for" in page.inner_text(".unseen")


# Time


def test_the_slider_moves_every_pane_and_answers_at_once(open_page, server):
    page = ready(open_page("#/run/long"))
    final = page.get_attribute(WATCHED, "data-errors")
    waits = []
    for index in (400, 60, 250, 251, 252):
        step = 20 * index
        errors = server.errors("long", step)
        waits.append(
            page.evaluate(
                """([index, errors]) => new Promise(done => {
                const slider = document.querySelector('input[type=range]');
                const start = performance.now();
                slider.value = index;
                slider.dispatchEvent(new Event('input'));
                const canvas = document.querySelector("[data-pane='6'] canvas");
                const look = () => canvas.dataset.errors === String(errors)
                    ? done(performance.now() - start) : requestAnimationFrame(look);
                look();
            })""",
                [index, errors],
            )
        )
        assert step_now(page) == step
        assert f"step {step:,}" in page.inner_text(".slider")
    print("slider:", [round(wait) for wait in waits], "ms")
    assert np.median(waits) < 400  # on a busy machine; a quiet one takes a tenth of it
    assert page.get_attribute(WATCHED, "data-errors") != final
    page.focus("input[type=range]")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "() => document.querySelector('.slider').textContent.includes('step 5,060')"
    )
    page.keyboard.press("l")
    settled(page, WATCHED, final)


def test_a_reload_shows_the_same_again(open_page, server):
    page = ready(open_page("#/run/long?view=9&step=2000"))
    errors = server.errors("long", 2_000)
    settled(page, WATCHED, errors)
    assert shown(page) == [3, 6]
    page.keyboard.press("6")
    page.focus("input[type=range]")
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("() => location.hash === '#/run/long?view=6&step=1980'")
    page.reload()
    ready(page, WATCHED)
    assert shown(page) == [6] and "step 1,980" in page.inner_text(".slider")


def test_whoever_leaves_just_when_the_address_is_written_is_not_called_back(open_page):
    page = open_page("#/run/long")
    page.wait_for_selector("[data-pane='6'] canvas[data-errors]")
    # The page writes its address 300 ms after a key, a busy page later. The click waits behind the
    # work, the overdue writing behind the click, and the news of the new address behind the writing.
    page.evaluate(
        """() => {
            document.dispatchEvent(new KeyboardEvent("keydown", { key: "6", bubbles: true }));
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = () => document.querySelector("a[href='#/']").click();
            port2.postMessage(null);
            const end = performance.now() + 500;
            while (performance.now() < end);
        }"""
    )
    page.wait_for_selector(".runs tbody tr")
    assert page.evaluate("location.hash") == "#/"


def test_an_address_of_a_snapshot_that_is_gone_shows_the_one_before(open_page):
    page = open_page("#/runs")

    def late(route):  # long enough for an asked-for snapshot to be refused first
        for _ in range(20):
            route.fetch()
        route.continue_()

    page.route("**/api/runs/long", late)
    page.evaluate("location.hash = '#/run/long?step=1991'")
    ready(page)
    page.wait_for_function("() => location.hash === '#/run/long?step=1980'")


def test_play_goes_through_the_snapshots(open_page):
    page = ready(open_page("#/run/colour"))
    page.click("[aria-label=Play]")
    page.wait_for_selector("[aria-label='Stop playing']")
    page.wait_for_selector("[aria-label=Play]")
    assert "step 1,000" in page.inner_text(".slider")


def test_a_movie_is_recorded(open_page):
    page = ready(open_page("#/run/evil"))
    with page.expect_download() as waiting:
        page.click("[data-tool=movie]")
    assert waiting.value.suggested_filename.endswith((".webm", ".mp4"))
    assert waiting.value.path().stat().st_size > 2_000


def test_the_confusion_matrix_counts_and_shows_its_pictures(open_page, server):
    page = ready(open_page("#/run/long"))
    page.keyboard.press("c")
    page.wait_for_selector(".confusion button.right")
    texts = page.locator(".confusion td button").all_inner_texts()
    counts = np.array([int(text.replace(",", "") or 0) for text in texts]).reshape(10, 10)
    errors = server.errors("long", 10_000)
    assert counts.sum() == 10_000 and counts.trace() == 10_000 - errors
    row, column = np.argwhere((counts > 0) & ~np.eye(10, dtype=bool))[0]
    page.click(f".confusion tbody tr:nth-child({row + 1}) td:nth-child({column + 2}) button")
    page.wait_for_selector(f"text={row} taken for {column}: {counts[row, column]}")
    page.evaluate("document.querySelector('input[type=range]').value = 10")
    page.dispatch_event("input[type=range]", "input")
    page.wait_for_function(
        "t => document.querySelector('.confusion td button').textContent !== t", arg=texts[0]
    )


def test_many_classes_are_squares_of_colour(open_page, server):
    page = ready(open_page("#/run/many?tab=confusion"))
    page.wait_for_selector(".squares")
    errors = server.errors("many", 200)
    page.wait_for_selector(f"text={errors}, {100 * errors / 400:.2f} % of 400")
    image = pixels(page, ".squares")
    side = image.shape[0] // 60
    colour = image[side // 2 :: side, side // 2 :: side]
    assert colour.shape[:2] == (60, 60)
    blue, orange = (colour[..., 2] > colour[..., 0]), (colour[..., 0] > colour[..., 2])
    assert (blue & (colour[..., 3] > 0))[np.eye(60, dtype=bool)].sum() > 50
    assert not (blue & (colour[..., 3] > 0))[~np.eye(60, dtype=bool)].any()
    row, column = np.argwhere(orange & (colour[..., 3] > 0))[0]
    box = page.locator(".squares").bounding_box()
    one = box["width"] / 60
    page.mouse.click(box["x"] + (column + 0.5) * one, box["y"] + (row + 0.5) * one)
    page.wait_for_selector(f"text=class {row} taken for class {column}: ")


# Steering


def test_requests_reach_the_server_and_marks_come_back(open_page, server):
    page = ready(open_page("#/run/live"))
    page.keyboard.press("Shift+Space")
    page.wait_for_selector(".state[data-state=paused]")
    page.click("text=Go on")
    page.wait_for_selector(".state[data-state=running]")
    page.fill("[aria-label='Learning rate']", "0.001")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Asked: learning rate 0.001.")
    page.fill("[aria-label='More epochs']", "-1")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=More epochs must be a number above 0.")
    page.click("text=Save now")
    page.click("text=Stop and keep …")
    page.click("text=Go on training")
    page.wait_for_timeout(300)
    asked = [(one["request"], one["value"]) for one in server.received("live") if "request" in one]
    assert asked == [("pause", None), ("resume", None), ("learning_rate", 0.001), ("save", None)]


def test_a_finished_run_cannot_be_steered(open_page):
    page = ready(open_page("#/run/long"))
    assert not page.is_visible(".controls")


# Manners


def test_it_comes_back_after_the_server_was_away(open_page, server):
    page = ready(open_page("#/run/live"))
    before = step_now(page)
    server.stop()
    page.wait_for_selector(".chip.lost", state="visible")
    server.start()
    page.wait_for_selector(".chip.lost", state="hidden")
    wait_for_step(page, before)
    assert page.get_attribute(WATCHED, "data-errors")


def test_a_log_that_was_cut_back_starts_the_curves_again(open_page, server):
    page = ready(open_page("#/run/live"))
    server.play("cut_back", "live")
    page.wait_for_timeout(1_000)
    page.keyboard.press("1")
    page.wait_for_timeout(500)
    image = pixels(page, "[data-pane='1'] canvas")[..., :3].astype(int)
    orange = np.abs(image - (0xD5, 0x5E, 0)).max(2) < 60
    # The curve runs once, from left to right: the chart's first tenth has its start.
    assert orange[:, 60 : image.shape[1] // 10].any()
    assert step_now(page) > 100


def test_a_folder_that_is_gone_is_said(open_page, server):
    page = ready(open_page("#/run/colour"))
    server.play("gone", "colour")
    page.wait_for_selector("text=folder is gone")


def test_names_show_as_text(open_page):
    name = "<script>document.title='owned'</script>\"'&"
    page = ready(open_page("#/run/evil"))
    assert page.inner_text("h1") == name
    page.keyboard.press("c")
    page.wait_for_selector(".confusion button.right")
    heads = page.locator(".confusion thead th").all_inner_texts()
    assert heads == [name, "<b>bold</b>", '"quoted"', "a & b", "日本語の名前"]
    page.keyboard.press("0")
    page.hover(WATCHED, position=first_cell(page))
    assert page.title() == f"{name} · saccade"
    assert page.locator("#root b, #root script, .tooltip b").count() == 0
    page = open_page("#/")
    page.wait_for_selector(f"text={name} >> nth=0")
    assert page.title() == "saccade"


def test_light_and_dark(open_page):
    page = ready(open_page("#/run/long", color_scheme="dark"))
    assert page.get_attribute("html", "data-theme") == "dark"
    dark = pixels(page, BATCH)
    page.click("[data-tool=theme]")
    assert page.get_attribute("html", "data-theme") == "light"
    page.wait_for_timeout(300)
    light = pixels(page, BATCH)
    inked = dark[..., 3] > 0
    assert dark[inked][:, :3].mean() < 110 and light[inked][:, :3].mean() > 170
    page.reload()
    ready(page)
    assert page.get_attribute("html", "data-theme") == "light"


def test_a_phone_has_one_column_and_no_sideways_scrolling(open_page):
    page = ready(open_page("#/run/live", viewport=PHONE, has_touch=True))
    boxes = [page.locator(f"[data-pane='{n}']").bounding_box() for n in EVERY]
    assert all(box["x"] == 0 and box["width"] == 390 for box in boxes)
    assert all(a["y"] + a["height"] <= b["y"] + 1 for a, b in pairwise(boxes))
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator(".slider").bounding_box()["y"] < 844
    page.locator(WATCHED).tap(position=first_cell(page))
    assert page.is_visible(".tooltip")


def test_nothing_moves_while_the_panes_fill(open_page):
    page = open_page("#/run/long")
    page.evaluate(
        """() => { window.moved = 0; new PerformanceObserver(list => {
            for (const one of list.getEntries()) window.moved += one.value; })
            .observe({type: 'layout-shift', buffered: true}); }"""
    )
    ready(page)
    page.wait_for_timeout(500)
    assert page.evaluate("window.moved") < 0.05


# Drawing


def test_a_drawn_digit_is_prepared_as_mnist_was_and_answered(open_page, server):
    page = ready(open_page("#/run/long"))
    page.keyboard.press("d")
    before, start = len(server.received("long")), time.monotonic()
    draw_a_seven(page)
    page.wait_for_selector(".best")
    page.wait_for_timeout(300)
    sent = server.received("long")[before:]
    assert {one["answer"] for one in sent} == {28 * 28}
    assert len(sent) <= 20 * (time.monotonic() - start) + 2
    assert page.inner_text(".best .name") == "7"
    shares = [float(text.split()[0]) for text in page.locator(".figure").all_inner_texts()]
    assert len(shares) == 10 and abs(sum(shares) - 100) < 1
    image = 255 - pixels(page, ".preview")[..., 0].astype(float)[2::5, 2::5]
    rows, columns = np.flatnonzero(image.max(1) > 20), np.flatnonzero(image.max(0) > 20)
    assert 19 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 20
    y, x = np.mgrid[:28, :28] + 0.5
    assert abs((image * x).sum() / image.sum() - 14) <= 0.75
    assert abs((image * y).sum() / image.sum() - 14) <= 0.75


PRINTED = "[aria-label^='Printed digits']"


def test_printed_digits_stand_beside_the_pad_and_follow_the_slider(open_page):
    page = ready(open_page("#/run/long?tab=draw"))
    page.wait_for_selector(f"{PRINTED}[data-errors]")
    final = int(page.get_attribute(PRINTED, "data-errors"))
    page.wait_for_selector(f"text=(font-digits): {24 - final} of 24 right")
    place = page.evaluate(f"""() => {{
        const {{ left, top, columns, cellWidth, cellHeight }} =
            document.querySelector("{PRINTED}").dataset;
        return [left, top, columns, cellWidth, cellHeight].map(Number); }}""")
    page.evaluate("location.hash = '#/run/long?tab=draw&step=20'")
    page.wait_for_function(
        f'() => Number(document.querySelector("{PRINTED}")?.dataset.errors) > {final + 5}'
    )
    errors = int(page.get_attribute(PRINTED, "data-errors"))
    left, top, columns, width, height = map(int, place)
    image = pixels(page, PRINTED)[..., :3].astype(int)
    corners = [
        image[top + i // columns * height + 2, left + i % columns * width + 2] for i in range(24)
    ]
    tinted = [np.ptp(corner) > 20 for corner in corners]
    assert tinted == [i < errors for i in range(24)]


def test_printed_digits_are_only_for_networks_of_digits(open_page):
    page = open_page("#/run/colour?tab=draw")
    page.wait_for_selector(".pad")
    page.wait_for_selector("text=Drop or choose a picture")
    assert page.locator(PRINTED).is_hidden()


def test_without_an_answering_process_it_says_so(open_page):
    page = open_page("#/run/old")
    page.wait_for_selector("h1:has-text('digits-softmax')")
    page.keyboard.press("d")
    draw_a_seven(page)
    page.wait_for_selector("text=No answering process is there")


def test_a_picture_of_a_persons_own_is_cut_and_answered(open_page, server, tmp_path):
    page = open_page("#/run/evil")
    page.wait_for_selector("h1:has-text('script')")
    page.keyboard.press("d")
    data = io.BytesIO()
    Image.new("RGB", (200, 100), "red").save(data, "png")
    page.set_input_files(
        "[aria-label='Choose a picture']",
        {"name": "red.png", "mimeType": "image/png", "buffer": data.getvalue()},
    )
    page.wait_for_selector("text=No answering process is there")
    colour = pixels(page, ".preview")[70, 70, :3]
    assert tuple(colour) == (255, 0, 0)


# Lists


def test_the_list_is_newest_first_and_leads_to_a_comparison(open_page):
    page = open_page("#/")
    page.wait_for_selector(".runs tbody tr")
    names = page.locator(".runs tbody th").all_inner_texts()
    assert names[0] == "2026-11-21-flowers-transfer" and names[-1] == "2026-10-01-digits-mlp"
    for name in [name for name in names if name.startswith("ladder/")]:
        page.check(f"[aria-label='Tick {name}']")
    page.click("text=Compare 9 runs")
    page.wait_for_selector(".legend-table tbody tr:nth-child(9)")
    page.wait_for_function(
        """() => [...document.querySelectorAll('.legend-table td.number')]
                 .every(cell => /\\d/.test(cell.textContent))"""
    )
    page.wait_for_timeout(400)
    image = pixels(page, ".compare .pane:first-child canvas")[..., :3].astype(int)
    for colour in ("0072b2", "d55e00", "009e73", "e69f00", "56b4e9"):
        wanted = [int(colour[i : i + 2], 16) for i in (0, 2, 4)]
        assert (np.abs(image - wanted).max(2) < 40).sum() > 50, colour
    swatches = [
        page.eval_on_selector(f".legend-table tr:nth-child({n}) canvas", "c => c.toDataURL()")
        for n in range(1, 10)
    ]
    assert len(set(swatches)) == 9
