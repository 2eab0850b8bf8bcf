"""The page of `saccade serve` in a real browser: draw, drop, paste, choose; what is then said."""

import functools
import hashlib
import io
import json
import os
import shutil
import socket
import subprocess
import threading
from contextlib import contextmanager
from importlib.util import find_spec

import httpx
import numpy as np
import pytest
import uvicorn
from PIL import Image

import saccade
from saccade.bundle.bundle import open_bundle
from saccade.export.bundle import export_bundle
from saccade.run.directory import Run
from saccade.serve import guard, pages
from saccade.serve.app import App
from saccade.serve.connection import Connection
from saccade.serve.guard import Guard
from saccade.serve.limits import Limits, Unanswered
from saccade.serve.service import Service
from saccade.serve.settings import Routes
from saccade.train.calibrate import calibrate

from ..web.browser import draw_a_seven, find, open_chromium

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
KEY = "open sesame 7!"
CARD = ".photos .card"


def missing():
    """Why the page cannot be tested here, "" where it can."""
    if not (pages.PAGE / "index.html").is_file():
        return "the page is not built: make page"
    if find_spec("playwright") is None:
        return "needs playwright"
    return "" if find() else "needs a Chromium: make browser"


in_browser = pytest.mark.skipif(bool(missing()), reason=missing() or "all is there")


def test_in_ci_the_page_is_tested():
    assert os.environ.get("CI") != "true" or not missing(), missing()


@pytest.fixture(scope="module")
def browser():
    with open_chromium() as chromium:
        yield chromium


@pytest.fixture
def visit(browser):
    """Opens the page at a port; whatever it complains about or asks of others fails the test."""
    complaints, contexts = [], []

    def open_at(port, viewport=DESK, **options):
        context = browser.new_context(viewport=viewport, **options)
        context.set_default_timeout(15_000)
        context.add_init_script(
            """document.addEventListener("securitypolicyviolation", violation =>
                   console.error("CSP: " + violation.violatedDirective))"""
        )
        contexts.append(context)
        page = context.new_page()
        own = f"http://127.0.0.1:{port}/"
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if odd(said) else None)
        page.on("request", lambda one: own_or_local(one.url, own) or complaints.append(one.url))
        page.goto(own)
        return page

    def own_or_local(url, own):
        return url.startswith((own, "blob:" + own))

    def odd(said):
        # What a browser says of every answer that is an error, and of none.
        ordinary = "Failed to load resource: ", "status of 4", "status of 5", "ERR_CONNECTION"
        return said.type in ("error", "warning") and not (
            said.text.startswith(ordinary[0]) and any(one in said.text for one in ordinary[1:])
        )

    yield open_at
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture
def page(visit, served):
    """The page of the server that all share, ready to be asked."""
    return ready(visit(served.port))


def ready(page):
    page.wait_for_selector(".ask:not([hidden])")
    return page


def sent(page):
    """The questions that the page asks, as they come to be: (type, body)."""
    found = []

    def keep(request):
        if request.method == "POST":
            found.append((request.headers.get("content-type"), request.post_data_buffer))

    page.on("request", keep)
    return found


def drop(page, *files):
    """Files (name, type, bytes or how many zeros) fall on the page."""
    page.evaluate(
        """files => {
            const data = new DataTransfer();
            for (const [name, type, bytes] of files)
                data.items.add(new File([new Uint8Array(bytes)], name, {type}));
            for (const kind of ["dragenter", "dragover", "drop"])
                document.querySelector("main").dispatchEvent(new DragEvent(
                    kind, {dataTransfer: data, bubbles: true, cancelable: true}));
        }""",
        [[name, kind, data if isinstance(data, int) else list(data)] for name, kind, data in files],
    )


def choose(page, *files):
    page.set_input_files(
        "input[type=file]",
        [{"name": name, "mimeType": kind, "buffer": data} for name, kind, data in files],
    )


def told(page, card):
    """What a card says: (label, shares by class)."""
    page.wait_for_selector(f"{card}[data-state=answered]:not([aria-busy])")
    shares = page.eval_on_selector_all(
        f"{card} .bar-row",
        "rows => rows.map(row => [row.children[0].textContent, row.children[2].textContent])",
    )
    return page.inner_text(f"{card} .label"), dict(shares)


def as_told(bundle, pixels):
    """The same, of the bundle itself asked about uint8 pixels [height, width, channels]."""
    shares = bundle.answer(pixels[None])[0][0]
    best = np.argsort(-shares, kind="stable")[:5]
    return bundle.classes[best[0]], {bundle.classes[k]: f"{100 * shares[k]:.1f} %" for k in best}


def file_of(pixels, kind="PNG", **options):
    file = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(file, kind, **options)
    return file.getvalue()


def photograph(rng, height=60, width=90):
    """A JPEG in colour, lying on its side: its camera says so."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return file_of(rng.integers(0, 256, (height, width, 3), np.uint8), "JPEG", exif=exif)


@contextmanager
def running(bundle):
    """A server in this process: its app, its port, and what ends it."""
    service = Service(bundle, "digits", Limits())
    app = App(service, Guard(), Routes())
    config = uvicorn.Config(
        app,
        http=functools.partial(Connection, Limits(), Unanswered()),
        lifespan="off",
        log_level="error",
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()

        def end():
            server.should_exit = True
            thread.join(20)
            listener.close()

        yield app, listener.getsockname()[1], end
        end()
    service.close()


# What is served, and by what


@in_browser
def test_the_page_says_what_is_served(page):
    assert page.title() == "digits \u2013 saccade"
    assert page.inner_text("h1") == "digits"
    said = page.inner_text(".about")
    for words in ("8 \u00d7 8 pixels, grey", "Knows 10 classes: 0, 1, 2, 3", "Not calibrated"):
        assert words in said
    assert page.is_visible(".hint") and not page.is_visible(".key-form")


@in_browser
def test_the_guard_knows_every_file_of_the_page(served):
    files = {f"/{file.name}" for file in pages.PAGE.iterdir()}
    assert files == guard.PAGE - {"/"} | {"/index.html"}
    for path in guard.PAGE:
        answer = served.client.get(path)
        assert answer.status_code == 200 and answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'self'" in answer.headers["content-security-policy"]


@in_browser
def test_nothing_is_inlined():
    page = (pages.PAGE / "index.html").read_text()
    assert "<style" not in page and "style=" not in page and "data:" not in page
    scripts = [line for line in page.splitlines() if "<script" in line]
    assert len(scripts) == 1 and "src=" in scripts[0]


def test_without_a_built_page_a_line_says_what_to_do(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "PAGE", tmp_path / "page")
    with running(opened) as (_, port, _):
        page, info = (httpx.get(f"http://127.0.0.1:{port}/{path}") for path in ("", "info"))
    assert page.headers["content-type"] == "text/plain; charset=utf-8"
    assert page.status_code == 200 and "make page" in page.text and page.text.count("\n") == 1
    assert info.json()["model"] == "digits"


# A drawing


@in_browser
def test_a_drawing_is_answered_by_what_the_network_sees(page, opened):
    questions = sent(page)
    draw_a_seven(page)
    answered = told(page, ".answers > .card")
    assert {kind for kind, _ in questions} == {"application/octet-stream"}
    pixels = np.frombuffer(questions[-1][1], np.uint8).reshape(8, 8, 1)
    rows, columns = np.flatnonzero(pixels.max((1, 2))), np.flatnonzero(pixels.max((0, 2)))
    assert len(rows) == 8 and 3 <= len(columns) <= 6  # it fills the height, as those of the set do
    assert pixels[0, columns].min() > 128 and pixels[7].argmax() <= columns.mean()  # and is a 7
    assert answered == as_told(opened, pixels)
    seen = page.eval_on_selector(
        "canvas.thumbnail",
        """canvas => [...canvas.getContext("2d").getImageData(0, 0, 96, 96).data]""",
    )
    assert (np.reshape(seen, (96, 96, 4))[6::12, 6::12, 0] == pixels[..., 0]).all()


@in_browser
def test_the_pad_is_wiped_and_used_again(page):
    draw_a_seven(page)
    page.wait_for_selector(".card[data-state=answered]")
    page.click("text=Clear")
    assert not page.is_visible(".card") and page.is_visible(".hint")
    questions = sent(page)
    draw_a_seven(page)
    page.wait_for_selector(".card[data-state=answered]")
    assert questions


@in_browser
def test_it_is_asked_at_most_twenty_times_a_second(page):
    questions = sent(page)
    began = page.evaluate("performance.now()")
    for _ in range(4):
        draw_a_seven(page)
    page.wait_for_selector(".card[data-state=answered]")
    seconds = (page.evaluate("performance.now()") - began) / 1000
    assert 2 < len(questions) <= 20 * seconds + 2


@in_browser
def test_it_is_never_asked_twice_at_once_and_the_last_stroke_counts(page, opened):
    questions, held = sent(page), []
    # The first two wait here until they are let through.
    page.route("**/predict", lambda one: held.append(one) if len(held) < 2 else one.continue_())
    with page.expect_request("**/predict"):
        draw_a_seven(page)
    page.wait_for_timeout(100)
    with page.expect_request("**/predict"):
        held[0].continue_()
    for _ in range(3):
        draw_a_seven(page)
    page.wait_for_selector(".card[data-state=answered][aria-busy]")  # an answer, not the last
    page.wait_for_timeout(200)
    assert len(questions) == len(held) == 2  # no third before the second is answered
    with page.expect_request_finished(lambda _: len(questions) == 3):
        held[1].continue_()
    pixels = np.frombuffer(questions[2][1], np.uint8).reshape(8, 8, 1)
    label, _ = as_told(opened, pixels)
    page.wait_for_selector(f".answers > .card >> text={label}")
    assert told(page, ".answers > .card") == as_told(opened, pixels)


@in_browser
def test_the_keyboard_alone_draws_chooses_and_opens(page, rng):
    # From the start: the browser hears of it some time after it was asked to tell.
    page.on("filechooser", lambda chooser: None)
    page.keyboard.press("Tab")  # the theme
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "pad"
    assert page.is_visible("#pen")
    page.keyboard.press("Space")
    for _ in range(14):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    before = page.eval_on_selector(".nib", "nib => nib.style.top")
    page.keyboard.press("ArrowDown")  # lifted: it moves and draws nothing
    assert page.eval_on_selector(".nib", "nib => nib.style.top") != before
    ink = page.eval_on_selector(
        ".pad",
        """pad => [...pad.getContext("2d").getImageData(0, 0, 280, 280).data]
            .filter((_, i) => i % 4 == 3)""",
    )
    rows = np.flatnonzero(np.reshape(ink, (280, 280)).max(1))
    assert abs(rows.min() - (70 - 11)) <= 1 and abs(rows.max() - (210 + 11)) <= 1
    page.wait_for_selector(".card[data-state=answered]")
    page.keyboard.press("Delete")
    assert not page.is_visible(".card")
    page.keyboard.press("Tab")  # Clear
    page.keyboard.press("Tab")
    page.wait_for_function("document.activeElement.textContent === 'Choose pictures'")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    assert chooser.value.is_multiple()
    picture = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photograph(rng)}
    chooser.value.set_files([picture])
    told(page, CARD)
    page.keyboard.press("Tab")  # to the line for curl
    page.keyboard.press("Enter")
    assert page.is_visible(f"{CARD} code")


# A picture


@in_browser
def test_a_dropped_photograph_is_sent_as_it_is(page, opened, rng):
    questions, data = sent(page), photograph(rng)
    drop(page, ("a.jpg", "image/jpeg", data))
    assert told(page, CARD) == as_told(opened, opened.preprocess.read(data))
    assert questions == [("image/jpeg", data)]
    notes = page.inner_text(f"{CARD} .notes")
    assert notes == "it was lying on its side; turned as its camera said"
    assert page.eval_on_selector(f"{CARD} img", "image => image.naturalWidth") == 60  # upright
    assert "answered in" in page.inner_text(f"{CARD} .facts")
    assert not page.is_visible(f"{CARD} .decision")  # it is not calibrated
    assert not page.evaluate("document.body.classList.contains('dropping')")


@in_browser
def test_a_pasted_picture_is_answered(page, opened, digits):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate(
        """async bytes => {
            const blob = new Blob([new Uint8Array(bytes)], {type: "image/png"});
            await navigator.clipboard.write([new ClipboardItem({"image/png": blob})]);
        }""",
        list(file_of(digits[3])),
    )
    page.keyboard.press("Control+v")
    assert told(page, CARD) == as_told(opened, digits[3])


@in_browser
def test_several_are_answered_one_by_one_the_newest_first(page, opened, digits):
    files = [(f"{i}.png", "image/png", file_of(digits[i])) for i in range(4)]
    files.insert(2, ("letter.txt", "text/plain", b"This is a letter, and no picture."))
    choose(page, *files)
    page.wait_for_function(
        "() => document.querySelectorAll('.photos .card[data-state]').length == 5"
    )
    assert page.locator(f"{CARD} figcaption").all_inner_texts() == [
        "3.png", "2.png", "letter.txt", "1.png", "0.png",
    ]  # fmt: skip
    labels = page.locator(f"{CARD} .label").all_text_contents()
    assert [label for label in labels if label] == [
        as_told(opened, digits[i])[0] for i in (3, 2, 1, 0)
    ]


@in_browser
def test_what_is_no_file_changes_nothing(page):
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.setData("text/uri-list", "https://example.org/cat.jpg");
            document.body.dispatchEvent(new DragEvent(
                "drop", {dataTransfer: data, bubbles: true, cancelable: true}));
        }"""
    )
    page.wait_for_selector("text=What was brought is no file", state="attached")
    assert page.locator(CARD).count() == 0


@in_browser
@pytest.mark.parametrize(
    "name, data, words, servers",
    [
        ("letter.txt", b"This is a letter, and no picture.", "This is no kind of picture", "text"),
        ("page.json", b'{"image": "aGVsbG8="}', "This is no kind of picture", "not_an_image"),
        ("photo.heic", b"\0\0\0\x18ftypheic" + bytes(40), "This is no kind of picture", "HEIC"),
        (
            "large.png",
            file_of(np.zeros((6000, 7000), bool)),
            "This picture is too large",
            "40,000,000 pixels",
        ),
        ("cut.png", b"\x89PNG\r\n\x1a\n" + bytes(40), "This picture can't be used", "bad_header"),
        ("none.png", b"", "The server could not make sense", "empty"),
    ],
)
def test_what_can_not_be_answered_is_said_in_words(page, name, data, words, servers):
    choose(page, (name, "application/json" if name.endswith("json") else "", data))
    page.wait_for_selector(f"{CARD}[data-state=refused]")
    said = page.inner_text(CARD)
    assert words in said and servers in said
    # To ask once more would not help.
    assert not page.is_visible(f"{CARD} button") and not page.is_visible(f"{CARD} details")


@in_browser
def test_a_file_over_the_limit_is_said_to_be_too_large(page):
    drop(page, ("large.bmp", "image/bmp", 11 << 20))
    page.wait_for_selector(f"{CARD} >> text=This picture is too large.")
    assert "10,485,760 bytes" in page.inner_text(CARD)


@in_browser
@pytest.mark.skipif(not shutil.which("curl") or os.name == "nt", reason="needs curl and a shell")
def test_the_line_for_curl_asks_the_same(page, rng, tmp_path):
    name, data = "a child's photo; $(touch x).jpg", photograph(rng)
    (tmp_path / name).write_bytes(data)
    draw_a_seven(page)
    choose(page, (name, "image/jpeg", data))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for card in (".answers > .card", CARD):
        label, shares = told(page, card)
        page.click(f"{card} summary")
        page.click(f"{card} >> text=Copy")
        page.wait_for_selector(f"{card} >> text=Copied.")
        line = page.evaluate("navigator.clipboard.readText()")
        done = subprocess.run(
            ["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=30
        )
        answer = json.loads(done.stdout)
        assert answer["label"] == label
        assert {
            one["label"]: f"{100 * one['probability']:.1f} %" for one in answer["topk"]
        } == shares
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == [name]


# A server that has too much to do, or is gone


@pytest.fixture
def here(opened):
    with running(opened) as started:
        yield started


@in_browser
def test_a_busy_server_is_asked_again_when_it_said(here, visit, opened, digits):
    app, port, _ = here
    batcher = app.service.batcher
    page = ready(visit(port))
    questions = sent(page)
    batcher.inside = batcher.most
    choose(page, ("0.png", "image/png", file_of(digits[0])))
    page.wait_for_selector("text=The server has too much to do just now. Asking again in 1 s")
    assert len(questions) == 1
    batcher.inside = 0
    assert told(page, CARD) == as_told(opened, digits[0])
    assert len(questions) == 2


@in_browser
def test_a_server_that_is_gone_is_said_in_words(here, visit, digits):
    _, port, end = here
    page = ready(visit(port))
    end()
    choose(page, ("0.png", "image/png", file_of(digits[0])))
    page.wait_for_selector("text=The server does not answer.")
    questions = sent(page)
    page.click(".photos >> text=Ask again")
    page.wait_for_selector(f"{CARD}[data-state=refused]:not([aria-busy])")
    draw_a_seven(page)
    page.wait_for_selector(".answers > .card >> text=The server does not answer.")
    assert len(questions) >= 2


# Who has a key


@in_browser
def test_a_key_is_asked_for_and_kept_in_the_tab(visit, bundle, serve, opened, digits, tmp_path):
    keys = tmp_path / "keys.txt"
    key = KEY.replace(" ", "-")
    keys.write_text(hashlib.sha256(key.encode()).hexdigest() + "  -\n")
    locked = serve(bundle, "--name", "digits", "--api-keys", str(keys))
    assert locked.client.get("/info").status_code == 401
    page = visit(locked.port)
    page.wait_for_selector(".key-form")
    assert page.evaluate("document.activeElement.id") == "key" and not page.is_visible(".ask")
    for wrong, words in ((KEY, "without spaces"), ("guess", "The server does not know this key.")):
        page.fill("#key", wrong)
        page.keyboard.press("Enter")
        page.wait_for_selector(f"text={words}")
    assert page.evaluate("sessionStorage.length") == 0
    page.fill("#key", key)
    page.keyboard.press("Enter")
    ready(page)
    assert not page.is_visible(".key-form")
    asked = []
    page.on("request", lambda one: asked.append(one.headers.get("authorization")))
    choose(page, ("0.png", "image/png", file_of(digits[0])))
    assert told(page, CARD) == as_told(opened, digits[0])
    assert f"Bearer {key}" in asked
    line = page.text_content(f"{CARD} code")
    assert "$KEY" in line and key not in line
    page.reload()
    ready(page)
    assert not page.is_visible(".key-form")
    # The key is no longer good: what was refused is asked again with the next one.
    page.evaluate("sessionStorage.setItem('key', 'old')")
    page.reload()
    page.wait_for_selector("text=The server does not know this key.")
    assert page.evaluate("[sessionStorage.length, localStorage.length]") == [0, 0]


@in_browser
def test_what_was_refused_for_want_of_a_key_is_asked_again_with_it(here, visit, opened, digits):
    app, port, _ = here
    page = ready(visit(port))
    app.guard = Guard((hashlib.sha256(b"new-key").hexdigest(),))
    choose(page, ("0.png", "image/png", file_of(digits[0])))
    page.wait_for_selector(f"{CARD} >> text=A key is needed.")
    page.fill("#key", "new-key")
    page.keyboard.press("Enter")
    assert told(page, CARD) == as_told(opened, digits[0])
    assert not page.is_visible(".key-form")


# What it knows


@pytest.fixture(scope="module")
def calibrated(finished_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibrated")
    run = Run(shutil.copytree(finished_run.path, folder / "run"))
    calibrate(run, "temperature", precision=0.6)
    return export_bundle(run, folder / "bundle").path


@in_browser
def test_a_decision_is_told_in_words(visit, serve, calibrated, digits, rng):
    bundle = open_bundle(calibrated)
    strange = np.concatenate([digits, rng.integers(0, 256, (20, 8, 8, 1), np.uint8)])
    logits = bundle.answer(strange)[1]
    decisions = bundle.calibration.decisions(logits)
    page = ready(visit(serve(calibrated).port))
    assert "Calibrated: " in page.inner_text(".about")
    words = {
        "accept": "sure enough to be taken as it is",
        "reject": "not to be relied on: let a person look",
        "unknown": "unlike anything it has learned",
    }
    for decision, meaning in words.items():
        i = decisions.index(decision)
        choose(page, (f"{decision}.png", "image/png", file_of(strange[i])))
        card = f"{CARD}[aria-label='{decision}.png']"
        told(page, card)
        said = page.inner_text(f"{card} .decision")
        assert said.startswith(f"{decision} {meaning}")
        score = bundle.calibration.unknown_score(logits[i : i + 1])[0]
        assert f"unknown score {score:.2f}" in page.inner_text(f"{card} .facts")


@in_browser
def test_names_of_classes_are_text_and_a_network_of_colours_has_no_pad(
    visit, serve, pictures, tmp_path, rng
):
    names = ("<img src=x onerror=alert(1)>", "checks", "stripes")
    data = saccade.load(pictures(tmp_path / "data", classes=names, size=(16, 16)))
    run = saccade.create_run(tmp_path / "run")
    recipe = saccade.recipe("softmax", steps=2, batch_size=8)
    for _ in saccade.record(saccade.fit("softmax", data, recipe), run):
        pass
    bundle = export_bundle(Run(run.path), tmp_path / "bundle").path
    page = ready(visit(serve(bundle).port))
    assert page.locator(".pad").count() == 0
    assert names[0] in page.inner_text(".about")
    drop(page, ("<b>.jpg", "image/jpeg", photograph(rng)))
    _, shares = told(page, CARD)
    assert set(shares) == set(names)
    assert page.inner_text(f"{CARD} figcaption") == "<b>.jpg"
    assert page.locator("main img").count() == 1


# How it looks


@in_browser
@pytest.mark.parametrize("scheme, paper", [("light", 255), ("dark", 20)])
def test_it_is_light_and_dark_and_fits_a_phone(visit, served, rng, scheme, paper):
    page = ready(visit(served.port, PHONE, color_scheme=scheme, has_touch=True))
    draw_a_seven(page)
    name = "a-long-name-without-any-place-to-break-it-" * 4 + ".jpg"
    choose(page, (name, "image/jpeg", photograph(rng)))
    told(page, CARD)
    page.click(f"{CARD} summary")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.evaluate("getComputedStyle(document.body).backgroundColor").startswith(
        f"rgb({paper},"
    )
    order = (".pad", ".card", ".bring", CARD)
    tops = [page.locator(one).first.bounding_box()["y"] for one in order]
    assert tops == sorted(tops)  # the answer to a drawing is right beneath it
    small = page.eval_on_selector_all(
        "button", "all => all.filter(b => b.offsetHeight && b.offsetHeight < 32).length"
    )
    assert small == 0
    page.click("[aria-label='Light or dark']")
    other = page.evaluate("document.documentElement.dataset.theme")
    assert other == {"light": "dark", "dark": "light"}[scheme]
