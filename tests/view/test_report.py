"""RUN/report.html says what the run's files say, needs nothing else, and survives every name."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from saccade.core.errors import BadRun
from saccade.run.checkpoint import Checkpoint, write_checkpoint
from saccade.run.directory import Run
from saccade.run.events import Failed, Interrupted, to_line
from saccade.view.report import write_report

HOSTILE = (
    "<script>alert(1)</script>",
    "\"&' onload='x",
    "</title></style><img src=http://evil.example/x.png>",
    "été 猫 שלום",
    "=SUM(1)",
)


def hostile(**changes):
    """A tale whose every name wants to be more than a name."""
    return {
        "classes": HOSTILE,
        "labels": (0, 1, 2, 3, 4),
        "answers": (1, 2, 3, 4, 0),
        "names": tuple(f"<b onclick=x>{i}\n\udcff" for i in range(5)),
        "command": "saccade train './<script>'",
        "data": {
            "name": "<i>pets",
            "statement": "<u>pets & more",
            "excluded": [{"path": "<em>.png", "reason": "a & <s>b"}],
        },
        "recipe": {"name": "<h1>", "source": "<h2>", "reported": 0.5},
        **changes,
    }


# --- one file ---


def test_a_page_needs_nothing_but_itself(digits_run, tell, look):
    for run in (digits_run, tell(**hostile())):
        page = look(run)
        assert page.errors == []
        for element in page.elements:
            for name, value in element.attributes.items():
                if name in ("src", "href", "srcset", "data", "action", "xlink:href"):
                    assert value.startswith("data:image/png;base64,"), (element.tag, name, value)
                assert not name.startswith("on"), (element.tag, name)
        tags = {element.tag for element in page.elements}
        assert not tags & {"script", "link", "iframe", "object", "embed", "base", "form", "a"}
        style = page.all("style")[0].text
        assert "@import" not in style and "url(" not in style
        policy = [e.attributes["content"] for e in page.all("meta") if "http-equiv" in e.attributes]
        assert policy == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


def test_the_page_is_written_into_the_run_and_is_the_same_again(digits_run):
    first = write_report(digits_run)
    again = first.read_bytes()
    assert first == digits_run.path / "report.html"
    assert write_report(str(digits_run.path)).read_bytes() == again


def test_view_loads_neither_keras_nor_jax():
    code = "import sys, saccade.view.report, saccade.view.card; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "saccade.view.card" in loaded
    assert not {name.split(".")[0] for name in loaded} & {"keras", "jax", "jaxlib", "tensorflow"}


def test_hostile_names_are_shown_and_nothing_else(tell, look):
    page = look(tell(**hostile()))
    assert page.errors == []
    known = set(
        "html head meta title style body main p bdi h1 span strong section h2 h3 div svg line text "
        "polyline circle table thead tbody tr th td i b ul ol li figure img figcaption br code pre"
    .split())  # fmt: skip
    assert {element.tag for element in page.elements} <= known
    for title in ("Classes", "Confusion", "All mistakes"):
        for name in HOSTILE:
            assert name in page.part(title), (title, name)
    # A stray byte and a newline are spelled out, in the text and in the picture's description.
    assert "<b onclick=x>4\\n\\udcff" in page.part("All mistakes")
    assert "<b onclick=x>4\\n\\udcff" in page.all("img")[0].attributes["alt"]
    assert "<em>.png: a & <s>b" in page.part("What made this run")
    assert page.all("title")[0].text == "<i>pets, conv - saccade"


# --- the numbers ---


def test_the_headline_is_what_metrics_json_says(digits_run, tell, look):
    for run in (digits_run, tell()):
        page = look(run)
        test = json.loads((run.path / "eval" / "metrics.json").read_text())["test"]
        share, low, high = (100 * test[key] for key in ("accuracy", "low", "high"))
        said = (
            f"test accuracy {share:.2f} % (95 % interval {low:.2f} to {high:.2f}, n = {test['n']})"
        )
        assert said in page.text
        right = round(test["accuracy"] * test["n"])
        assert f"{right} were named right and {test['n'] - right} wrong" in page.text


def test_it_says_how_test_was_measured(tell, look):
    run = tell()
    once = (
        "Test was read once, after the last step (step 40), with the weights of step 20, "
        "which were best on validation (75.00 % of 20)."
    )
    assert once in look(run).text
    assert "more time" not in look(run).text
    with (run.path / "eval" / "test_reads.jsonl").open("a") as reads:
        reads.write('{"why": "saccade eval"}\n' * 2)
    assert f"{once} It was read 2 more times since." in look(run).text


def test_a_watched_test_is_said_to_be_watched(tell, look):
    recipe = {"watch": "test", "source": "A & B, deck.py", "reported": 0.5}
    page = look(tell(recipe=recipe))
    assert "Test watched during training, as the deck does; the last step counts" in page.text
    assert "best watched 75.00 %" in page.text and "read once" not in page.text
    beside = page.part("Beside the original")
    assert [element.text for element in page.all("li")[:3]] == [
        "66.67 % this run, last step",
        "75.00 % this run, best watched",
        "50.00 % reported by A & B, deck.py",
    ]
    assert "The reported accuracy is inside the interval of this run" in beside
    far = look(tell(recipe={**recipe, "reported": 0.9999}))
    assert "is outside the interval" in far.part("Beside the original")
    assert "Beside the original" not in look(tell()).text


# --- runs that did not come to an end ---


def test_a_run_that_was_killed(tell, look):
    page = look(tell(events=4))
    assert page.errors == []
    assert "not finished step 20 of 40" in page.text
    assert "Its process is gone without a word" in page.text
    assert (
        "Best so far: validation accuracy 75.00 % at step 20 (95 % interval 53.13 to 88.81"
        in page.text
    )
    assert "Missing: the test accuracy" in page.text and "Nothing was saved" in page.text
    assert len(page.all("polyline")) == 4
    assert page.all("table", "confusion") == page.all("img") == []
    assert "saccade train --resume" in page.part("Look further")


@pytest.mark.parametrize("events", range(1, 9))
def test_a_run_that_was_cut_anywhere_has_a_report(tell, look, events):
    page = look(tell(events=events))
    assert page.errors == []
    assert ("not finished" in page.text) == (events < 9)
    assert ("No step was done" in page.text) == (events < 2)
    assert ("It was never evaluated" in page.text) == (events < 4)
    assert ("Saved: last (step 40)" in page.text) == (events >= 8)
    assert ("were never evaluated before" in page.text) == (events in (2, 3))
    assert "eval/predictions.csv" not in page.text


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (Interrupted(20, "SIGTERM <now>"), "It was interrupted: SIGTERM <now>."),
        (Failed(20, "the loss is nan & gone"), "It failed: the loss is nan & gone."),
    ],
)
def test_it_says_why_a_run_ended(tell, look, end, said):
    run = tell(events=4)
    with (run.path / "events.jsonl").open("a") as log:
        log.write(to_line(end, 0.0))
    page = look(run)
    assert said in page.text
    assert ("--resume" in page.text) == isinstance(end, Interrupted)
    write_checkpoint(run.checkpoints, Checkpoint(20, {"w": np.zeros(1)}, {}, {}))
    assert "Saved: last (step 20)" in look(run).text
    assert "saccade predict" in look(run).part("Look further")


def test_a_result_from_before_a_resume_does_not_count(tell, look):
    run = tell()
    with (run.path / "events.jsonl").open("a") as log:
        log.write('{"event": "Started", "time": 0, "step": 20}\n')
    page = look(run)
    assert "not finished" in page.text and "66.67 %" not in page.text


def test_a_run_that_never_started(tmp_path, look):
    page = look(Run(tmp_path))
    assert page.errors == [] and "the run never started" in page.text


def test_there_is_no_report_without_a_run(tmp_path):
    for missing in (tmp_path / "gone", str(tmp_path), Run(tmp_path / "gone")):
        with pytest.raises(BadRun):
            write_report(missing)


@pytest.mark.parametrize("damage", ["{", "[]", '{"schema": 1}', '{"schema": 99}', "\xff"])
def test_a_damaged_record_is_said(tell, look, damage):
    run = tell()
    (run.path / "run.json").write_bytes(damage.encode("latin1"))
    page = look(run)
    assert page.errors == [] and "nothing to show" in page.text
    assert ("schema 99" if "99" in damage else "run.json") in page.text


@pytest.mark.parametrize(
    "file", ["metrics.json", "per_class.csv", "confusion.csv", "mistakes.csv", "mistakes/01.png"]
)
@pytest.mark.parametrize(
    "damage", [None, b"", b"{]", b"a,b\n1,x\n\xff", pytest.param(b'"' + 200_000 * b"x", id="long")]
)
def test_a_missing_or_damaged_file_is_said(tell, look, file, damage):
    run = tell()
    path = run.path / "eval" / file
    path.unlink() if damage is None else path.write_bytes(damage)
    page = look(run)
    assert page.errors == []
    name = Path(file).name
    assert re.search(rf"{re.escape(name)} is missing or damaged", page.text)


def test_a_stopped_run_says_why_and_a_resumed_one_where(tell, look):
    run = tell()
    metrics = {**json.loads((run.path / "eval" / "metrics.json").read_text())}
    metrics |= {"steps": 30, "reason": "no better validation for 10 evaluations"}
    (run.path / "eval" / "metrics.json").write_text(json.dumps(metrics))
    log = (run.path / "events.jsonl").read_text().splitlines()
    log.insert(4, json.dumps({"event": "Started", "time": 0, "step": 20}))
    (run.path / "events.jsonl").write_text("\n".join(log))
    page = look(run)
    assert "(step 30 of 40; no better validation for 10 evaluations)" in page.text
    assert "resumed at step 20" in page.part("What made this run")
