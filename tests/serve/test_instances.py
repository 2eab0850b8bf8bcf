"""/v1/models/NAME:predict: what the course's notebooks and TensorFlow Serving's clients send."""

import base64
import json

import numpy as np
import pytest

PATH = "/v1/models/digits:predict"


@pytest.fixture(scope="module")
def ask(served):
    """The answer to a JSON value."""

    def post(told, status=200):
        answer = served.client.post(PATH, json=told)
        assert answer.status_code == status, answer.text
        return answer.json()

    return post


@pytest.fixture(scope="module")
def expected(opened, digits):
    """Probabilities of the first test pictures."""
    return opened.answer(digits[:9])[0]


def file_of(data):
    return {"image_bytes": {"b64": base64.b64encode(data).decode()}}


def unit(pixels):
    return (pixels[..., 0] / 255).tolist()


def test_estimators_get_the_keys_that_theirs_gave(ask, digits, expected):
    told = ask({"instances": [{"image": unit(digits[0])}, {"image": unit(digits[1])}]})
    assert (told["range"], set(told)) == ("0..1", {"predictions", "range"})
    for row, one in zip(expected, told["predictions"], strict=False):
        assert set(one) == {"probabilities", "predictions", "classes", "class_ids"}
        assert one["predictions"] == one["probabilities"] == pytest.approx(row.tolist(), abs=1e-6)
        assert one["classes"] == one["class_ids"] == int(row.argmax())
        assert type(one["classes"]) is int


def test_flowers_send_files_and_get_class_and_classid(ask, opened, digits, expected, png):
    told = ask({"instances": [file_of(png(one)) for one in digits[:3]]})
    assert set(told) == {"predictions"}  # of a file nobody has to say what white is
    for row, one in zip(expected, told["predictions"], strict=False):
        best = int(row.argmax())
        assert (one["classid"], one["class"]) == (best, opened.classes[best])
        assert one["probabilities"] == pytest.approx(row.tolist(), abs=1e-6)
        assert set(one) == {"probabilities", "classid", "class"}


def test_keras_sends_bare_lists_of_bytes_with_channels_and_gets_lists(ask, digits, expected):
    told = ask({"instances": digits[:9].tolist()})
    assert told["range"] == "0..255"
    assert np.allclose(told["predictions"], expected, atol=1e-6)


def test_lines_of_json_are_instances(served, digits, expected, png):
    """`gcloud ai-platform predict --json-instances`, as written in the decks."""
    lines = [json.dumps({"image": unit(one)}) for one in digits[:5]]
    for body in ("\n".join(lines), "\n".join(lines) + "\n", "\r\n".join(lines) + "\n\n"):
        told = served.client.post(PATH, content=body).json()
        assert [one["classes"] for one in told["predictions"]] == expected[:5].argmax(1).tolist()
    bare = "\n".join(json.dumps(one.tolist()) for one in digits[:2])
    assert np.allclose(served.client.post(PATH, content=bare).json()["predictions"], expected[:2])
    single = json.dumps(file_of(png(digits[0])))  # one line is an instance of its own
    told = served.client.post(PATH, content=single).json()
    assert told["predictions"][0]["classid"] == int(expected[0].argmax())


def test_one_bare_picture_on_a_line_of_its_own(served, digits, expected):
    """The Keras lab's test.json is one nested list, and no more."""
    told = served.client.post(PATH, content=json.dumps(digits[0].tolist()) + "\n").json()
    assert np.allclose(told["predictions"], expected[:1])


def test_by_columns_as_tensorflow_serving_takes_them(ask, digits, expected, png):
    columns = ask({"inputs": {"image": [unit(one) for one in digits[:3]]}})
    assert np.allclose(columns["outputs"]["probabilities"], expected[:3], atol=1e-6)
    assert columns["outputs"]["classes"] == expected[:3].argmax(1).tolist()
    files = [file_of(png(one))["image_bytes"] for one in digits[:2]]
    told = ask({"inputs": {"image_bytes": files}})["outputs"]
    assert told["classid"] == expected[:2].argmax(1).tolist()
    bare = ask({"inputs": digits[:2].tolist()})
    assert np.allclose(bare["outputs"], expected[:2], atol=1e-6)


def test_tensorflow_servings_own_examples(served, ask, digits, expected, png):
    """Its REST page: a signature's name, other keys beside ours, {"b64": ...} alone, /versions/1.

    https://www.tensorflow.org/tfx/serving/api_rest
    """
    captioned = [{**file_of(png(one)), "caption": "seaside"} for one in digits[:2]]
    told = ask({"signature_name": "serving_default", "instances": captioned})
    assert [one["classid"] for one in told["predictions"]] == expected[:2].argmax(1).tolist()
    alone = {"b64": base64.b64encode(png(digits[0])).decode()}
    for one in (alone, {"image": alone}):
        told = ask({"instances": [one]})
        assert told["predictions"][0]["classid"] == int(expected[0].argmax())
    versioned = served.client.post(
        "/v1/models/digits/versions/1:predict", json={"instances": digits[:1].tolist()}
    )
    assert np.allclose(versioned.json()["predictions"], expected[:1])
    state = served.client.get("/v1/models/digits").json()["model_version_status"]
    assert [one["state"] for one in state] == ["AVAILABLE"]
    signature = served.client.get("/v1/models/digits/metadata").json()
    inputs = signature["metadata"]["signature_def"]["signature_def"]["serving_default"]["inputs"]
    sides = [side["size"] for side in inputs["image"]["tensor_shape"]["dim"]]
    assert sides == ["-1", "8", "8", "1"]


def test_files_and_numbers_in_one_request_keep_their_places(ask, digits, expected, png):
    mixed = [
        unit(digits[0]),
        file_of(png(digits[1])),
        {"image": unit(digits[2])},
        file_of(png(digits[3])),
    ]
    told = ask({"instances": mixed})["predictions"]
    assert np.allclose(told[0], expected[0], atol=1e-6)
    assert told[1]["classid"] == int(expected[1].argmax())
    assert told[2]["classes"] == int(expected[2].argmax())
    assert told[3]["classid"] == int(expected[3].argmax())
    # By columns they have no common names.
    assert ask({"inputs": mixed[:2]}, 400)["code"] == "bad_json"
    assert ask({"inputs": mixed[1:3]}, 400)["code"] == "bad_json"
    assert ask({"inputs": mixed[2:0:-1]}, 400)["code"] == "bad_json"


ONES = np.eye(8)


@pytest.mark.parametrize(
    "values, said, range_used",
    [
        (ONES * 255, None, "0..255"),
        (ONES * 2, None, "0..255"),
        (ONES * 1.5, None, "0..255"),  # above 1, however broken
        (ONES * 0.5, None, "0..1"),
        (ONES * (1 - 1e-9), None, "0..1"),
        (ONES, "0..1", "0..1"),
        (ONES, "0..255", "0..255"),
        (ONES * 0.5, "0..255", "0..255"),
        (ONES * 0, "0..1", "0..1"),
    ],
)
def test_what_white_is_is_found_out_and_said(ask, opened, values, said, range_used):
    asked = {"instances": [values.tolist()], "parameters": {"range": said} if said else {}}
    told = ask(asked)
    assert told["range"] == range_used
    scaled = values * 255 if range_used == "0..1" else values
    pixels = np.floor(scaled + 0.5).astype(np.uint8)[None, ..., None]
    assert np.allclose(told["predictions"], opened.answer(pixels)[0], atol=1e-6)


def test_one_picture_of_a_request_decides_for_all(ask, opened):
    told = ask({"instances": [ONES.tolist(), (ONES * 0.5).tolist()]})
    assert told["range"] == "0..1"
    white = opened.answer((ONES * 255).astype(np.uint8)[None, ..., None])[0][0]
    assert np.allclose(told["predictions"][0], white, atol=1e-6)


@pytest.mark.parametrize(
    "told, status, code",
    [
        ({"instances": [ONES.tolist()]}, 422, "range_unknown"),
        ({"instances": [(ONES * 0).tolist()]}, 422, "range_unknown"),
        ({"instances": [ONES.tolist()], "parameters": {"range": "0-1"}}, 422, "bad_range"),
        ({"instances": [ONES.tolist()], "parameters": {"range": ["0..1"]}}, 422, "bad_range"),
        ({"instances": [ONES.tolist()], "parameters": [1]}, 400, "bad_json"),
        ({"instances": [(ONES * 256).tolist()]}, 422, "bad_values"),
        ({"instances": [(ONES * -1).tolist()]}, 422, "bad_values"),
        ({"instances": [(ONES * 2).tolist()], "parameters": {"range": "0..1"}}, 422, "bad_values"),
        ({"instances": [[[0.5] * 8] * 7]}, 422, "wrong_shape"),
        ({"instances": [[[[0.5, 0.5]] * 8] * 8]}, 422, "wrong_shape"),
        ({"instances": [0.5]}, 422, "wrong_shape"),
        ({"instances": [[]]}, 422, "wrong_shape"),
        ({"instances": [[[0.5] * 8] * 7 + [[0.5] * 7]]}, 422, "bad_values"),
        ({"instances": ["text"]}, 422, "bad_values"),
        ({"instances": [None]}, 422, "bad_values"),
        ({"instances": [[[True] * 8] * 8]}, 422, "bad_values"),
        ({"instances": [[["7"] * 8] * 8]}, 422, "bad_values"),
        ({"instances": [[[10**30] * 8] * 8]}, 422, "bad_values"),
        ({"instances": [{"picture": 1}]}, 422, "bad_json"),
        ({"instances": [{"image_bytes": "aGk="}]}, 422, "bad_base64"),
        ({"instances": [{"image_bytes": {"b64": "%"}}]}, 422, "bad_base64"),
        ({"instances": [{"image_bytes": {"b64": 1}}]}, 422, "bad_base64"),
        ({"instances": [{"image_bytes": {"b64": ""}}]}, 400, "empty"),
        ({"instances": [{"image_bytes": {"b64": "aGVsbG8="}}]}, 415, "unknown_format"),
        ({"instances": [{"image": {"picture": 1}}]}, 422, "bad_base64"),
        ({"instances": []}, 400, "bad_json"),
        ({"instances": {}}, 400, "bad_json"),
        ({"instances": "no"}, 400, "bad_json"),
        ({"inputs": {}}, 400, "bad_json"),
        ({"inputs": {"image": 1}}, 400, "bad_json"),
        ({"inputs": {"image": [], "other": []}}, 400, "bad_json"),
        ({"instances": [1], "inputs": [1]}, 400, "bad_json"),
        ({"signature_name": "other", "instances": [1]}, 400, "bad_signature"),
        ({"signature_name": [], "instances": [1]}, 400, "bad_signature"),
        ({}, 400, "bad_json"),
        ([], 400, "bad_json"),
        ([[1, 2], [3, 4]], 422, "wrong_shape"),
        (7, 400, "bad_json"),
        ({"instances": [1] * 4097}, 413, "too_many"),
    ],
)
def test_what_can_not_be_answered_says_why(ask, told, status, code):
    said = ask(told, status)
    assert (said["code"], set(said)) == (code, {"error", "code", "id"})


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_what_is_no_number_is_refused(served, text):
    rows = json.dumps([[0.5] * 8] * 8).replace("0.5", text, 1)
    answer = served.client.post(PATH, content=f'{{"instances": [{rows}]}}')
    assert answer.status_code in (400, 422), answer.text


@pytest.mark.parametrize(
    "body", [b"", b"\n\n", b"{", b"[1]\n{", b"\xff\xfe", b"\0", b'{"instances": [1]} x']
)
def test_what_is_no_json_is_refused(served, body):
    answer = served.client.post(PATH, content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_json")
