"""A drawn picture is answered by a process that is started for it, and started anew if it dies."""

import json
import sys

import pytest

from saccade.view.live.answering import Answerer

ECHO = """
import base64, json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if asked.get("printed"):
        print(json.dumps({"labels": [3], "step": asked["step"]}), flush=True)
        continue
    pixels = base64.b64decode(asked["pixels"])
    if pixels == b"die":
        sys.exit(1)
    if pixels == b"bad":
        print(json.dumps({"error": "no such network"}), flush=True)
    elif pixels == b"noise":
        print("[1, 2", flush=True)
    else:
        told = {"probabilities": [len(pixels)], "step": asked["step"], "run": asked["run"]}
        print(json.dumps(told), flush=True)
"""


@pytest.fixture
def asked(site, trainer):
    site.live.answerer = Answerer([sys.executable, "-c", ECHO])
    address = f"/api/runs/{site.id('first')}/answer"
    yield lambda pixels, step="": site.post(address + step, pixels)
    site.live.answerer.end()


def test_pixels_go_there_and_the_answer_comes_back(asked, trainer):
    answer = asked(b"12345")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"probabilities": [5], "step": None, "run": str(trainer.path)}
    assert asked(b"12345", "?step=300").json()["step"] == 300
    assert asked(b"12345", "?step=-3").status_code == 400


def test_printed_digits_are_asked_of_the_same_process(asked, site):
    address = f"/api/runs/{site.id('first')}/printed"
    assert site.get(address).json() == {"labels": [3], "step": None}
    assert site.get(f"{address}?step=7").json() == {"labels": [3], "step": 7}
    assert site.get(f"{address}?step=x").status_code == 400


def test_what_it_can_not_answer_is_said(asked):
    answer = asked(b"bad")
    assert (answer.status_code, answer.json()) == (409, {"error": "no such network"})


@pytest.mark.parametrize("pixels", [b"die", b"noise"])
def test_a_process_that_dies_or_babbles_is_started_anew(asked, pixels):
    answer = asked(pixels)
    assert answer.status_code == 409
    assert "does not answer" in answer.json()["error"]
    assert asked(b"1").json()["probabilities"] == [1]


def test_too_many_and_too_large_pictures_are_refused(asked):
    codes = [asked(b"1").status_code for _ in range(60)]
    assert 200 in codes
    assert set(codes) <= {200, 429}
    assert asked(bytes((4 << 20) + 1)).status_code in (413, 429)


def test_without_such_a_process_it_says_so(site, trainer):
    answer = site.post(f"/api/runs/{site.id('first')}/answer", b"1")
    assert answer.status_code == 503
    assert json.loads(answer.text)["error"]
    assert site.get(f"/api/runs/{site.id('first')}/printed").status_code == 503
