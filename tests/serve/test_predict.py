"""POST /predict: a picture, however it is sent, gets the bundle's own answer."""

import base64
import io

import numpy as np
import pytest
from PIL import Image


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0]).save(file, "PNG")
    return file.getvalue()


def as_form(data):
    return {"files": {"picture": ("../../x.png", data, "image/png")}}


WAYS = {
    "image/png": lambda pixels: {
        "content": png(pixels),
        "headers": {"content-type": "image/png"},
    },
    "no type": lambda pixels: {"content": png(pixels)},
    "form": lambda pixels: as_form(png(pixels)),
    "base64": lambda pixels: {"json": {"image": base64.b64encode(png(pixels)).decode()}},
    "raw": lambda pixels: {
        "content": pixels.tobytes(),
        "headers": {"content-type": "application/octet-stream"},
    },
}


@pytest.mark.parametrize("way", WAYS)
def test_however_a_picture_is_sent_the_answer_is_the_bundles(served, opened, digits, way):
    for pixels in digits[:3]:
        answer = served.client.post("/predict", **WAYS[way](pixels))
        assert answer.status_code == 200, answer.text
        told = answer.json()
        probabilities, _ = opened.answer(pixels[None])
        best = int(probabilities[0].argmax())
        assert told["label"] == opened.classes[best]
        assert told["probability"] == pytest.approx(float(probabilities[0, best]), abs=1e-6)
        assert [one["label"] for one in told["topk"]] == [
            opened.classes[k] for k in np.argsort(-probabilities[0], kind="stable")[:5]
        ]
        assert (told["model"], told["decision"], told["unknown_score"]) == ("digits", None, None)
        assert told["ms"] > 0


def test_several_pictures_get_a_list_in_their_order(served, opened, digits):
    expected = [opened.classes[k] for k in opened.answer(digits[:20])[0].argmax(1)]
    raw = served.client.post(
        "/predict",
        content=digits[:20].tobytes(),
        headers={"content-type": "application/octet-stream"},
    )
    assert [one["label"] for one in raw.json()] == expected
    texts = [base64.b64encode(png(one)).decode() for one in digits[:5]]
    listed = served.client.post("/predict", json={"images": texts})
    assert [one["label"] for one in listed.json()] == expected[:5]


@pytest.mark.parametrize(
    "how, status, code",
    [
        ({"content": b""}, 400, "empty"),
        ({"content": b"hello, this is some text"}, 415, "not_an_image"),
        ({"content": b"\x89PNG\r\n\x1a\n" + bytes(40)}, 422, "bad_header"),
        ({"content": bytes(63), "headers": {"content-type": "application/octet-stream"}}, 422,
         "wrong_size"),
        ({"json": {"image": "not base64!"}}, 422, "bad_base64"),
        ({"json": {"picture": "aGk="}}, 422, "bad_json"),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400, "bad_json"),
        ({"content": bytes(11 << 20)}, 413, "body_too_large"),
        ({"content": b"x", "headers": {"content-encoding": "gzip"}}, 415, "encoded"),
    ],
)  # fmt: skip
def test_what_can_not_be_answered_says_why(served, how, status, code):
    answer = served.client.post("/predict", **how)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_file_that_may_be_pixels_is_refused(served, digits):
    file = png(digits[0])
    file += bytes(-len(file) % 64)  # as long as some pictures of 8x8
    answer = served.client.post(
        "/predict", content=file, headers={"content-type": "application/octet-stream"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "ambiguous")


def test_other_methods_and_places_are_refused(served):
    assert served.client.get("/predict").status_code == 405
    assert served.client.post("/v1/models/other:predict", json={}).status_code == 404
    assert served.client.get("/../etc/passwd").status_code == 404
