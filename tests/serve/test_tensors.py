"""/v2: the Open Inference Protocol, in JSON and with binary tensors."""

import base64
import json

import numpy as np
import pytest

PATH = "/v2/models/digits/infer"
LENGTH = "inference-header-content-length"


@pytest.fixture(scope="module")
def expected(opened, digits):
    """(probabilities, logits, labels) of the first test pictures."""
    probabilities, logits = opened.answer(digits[:4])
    return probabilities, logits, [opened.classes[k] for k in probabilities.argmax(1)]


def pixels_of(digits, **more):
    return {"name": "pixels", "datatype": "UINT8", "shape": list(digits.shape), **more}


def binary(told, *tensors):
    """A body: JSON, and the tensors behind it."""
    head = json.dumps(told).encode()
    return {"content": head + b"".join(tensors), "headers": {LENGTH: str(len(head))}}


def as_bytes(files):
    return b"".join(len(one).to_bytes(4, "little") + one for one in files)


def unpacked(answer):
    """Outputs by name, of an answer with binary tensors."""
    head = int(answer.headers[LENGTH])
    told, at, found = json.loads(answer.content[:head]), head, {}
    for one in told["outputs"]:
        size = one.get("parameters", {}).get("binary_data_size")
        if size is None:
            found[one["name"]] = one["data"]
            continue
        data, at = answer.content[at : at + size], at + size
        if one["datatype"] == "FP32":
            found[one["name"]] = np.frombuffer(data, "<f4").reshape(one["shape"])
        else:
            texts, here = [], 0
            while here < size:
                length = int.from_bytes(data[here : here + 4], "little")
                texts.append(data[here + 4 : here + 4 + length].decode())
                here += 4 + length
            found[one["name"]] = texts
    assert at == len(answer.content)
    return told, found


@pytest.mark.parametrize("flat", [True, False])
def test_json_gets_json(served, digits, expected, flat):
    data = digits[:4].ravel() if flat else digits[:4]
    asked = {"id": "seven", "inputs": [pixels_of(digits[:4], data=data.tolist())]}
    told = served.client.post(PATH, json=asked).json()
    assert (told["id"], told["model_name"], told["model_version"]) == ("seven", "digits", "1")
    found = {one["name"]: one for one in told["outputs"]}
    assert list(found) == ["probabilities", "logits", "label"]
    assert [found[name]["shape"] for name in found] == [[4, 10], [4, 10], [4]]
    assert np.allclose(np.reshape(found["probabilities"]["data"], (4, 10)), expected[0], atol=1e-6)
    assert np.allclose(np.reshape(found["logits"]["data"], (4, 10)), expected[1], atol=1e-5)
    assert found["label"]["data"] == expected[2]
    assert [found[name]["datatype"] for name in found] == ["FP32", "FP32", "BYTES"]


def test_binary_gets_binary_and_the_very_bits(served, digits, expected):
    asked = {
        "inputs": [pixels_of(digits[:4], parameters={"binary_data_size": digits[:4].size})],
        "parameters": {"binary_data_output": True},
    }
    answer = served.client.post(PATH, **binary(asked, digits[:4].tobytes()))
    told, found = unpacked(answer)
    assert "id" not in told
    assert answer.headers["content-type"] == "application/octet-stream"
    assert np.array_equal(found["probabilities"], expected[0])
    assert np.array_equal(found["logits"], expected[1])
    assert found["label"] == expected[2]


def test_outputs_are_those_asked_for_each_in_its_way(served, digits, expected):
    asked = {
        "inputs": [pixels_of(digits[:4], data=digits[:4].tolist())],
        "outputs": [
            {"name": "label"},
            {"name": "probabilities", "parameters": {"binary_data": True}},
        ],
    }
    _, found = unpacked(served.client.post(PATH, json=asked))
    assert (list(found), found["label"]) == (["label", "probabilities"], expected[2])
    assert np.array_equal(found["probabilities"], expected[0])


@pytest.mark.parametrize("shape", [[4], [4, 1]])
def test_pictures_as_bytes(served, digits, expected, png, shape):
    files = [png(one) for one in digits[:4]]
    data = as_bytes(files)
    tensor = {"name": "image", "datatype": "BYTES", "shape": shape}
    sized = {"inputs": [{**tensor, "parameters": {"binary_data_size": len(data)}}]}
    texts = [base64.b64encode(one).decode() for one in files]
    listed = [[text] for text in texts] if len(shape) == 2 else texts
    for how in (binary(sized, data), {"json": {"inputs": [{**tensor, "data": listed}]}}):
        answer = served.client.post(PATH, **how)
        assert answer.status_code == 200, answer.text
        assert answer.json()["outputs"][2]["data"] == expected[2]


GOOD = {"name": "pixels", "datatype": "UINT8", "shape": [1, 8, 8, 1]}
ZEROS = [0] * 64
SIZED = {**GOOD, "parameters": {"binary_data_size": 64}}
IMAGE = {"name": "image", "datatype": "BYTES", "shape": [1]}


@pytest.mark.parametrize(
    "asked",
    [
        None,
        [],
        {},
        {"inputs": []},
        {"inputs": {}},
        {"inputs": [1]},
        {"inputs": [GOOD, GOOD]},
        {"inputs": [{**GOOD, "name": "other"}]},
        {"inputs": [{**GOOD, "name": ["pixels"]}]},
        {"inputs": [GOOD]},
        {"inputs": [{**GOOD, "data": "no"}]},
        {"inputs": [{**GOOD, "data": {}}]},
        {"inputs": [{**GOOD, "data": [0.5] * 64}]},
        {"inputs": [{**GOOD, "data": [True] * 64}]},
        {"inputs": [{**GOOD, "data": ["0"] * 64}]},
        {"inputs": [{**GOOD, "data": [256] * 64}]},
        {"inputs": [{**GOOD, "data": [-1] * 64}]},
        {"inputs": [{**GOOD, "data": [10**30] * 64}]},
        {"inputs": [{**GOOD, "data": [0] * 63}]},
        {"inputs": [{**GOOD, "data": [[0], [0, 1]]}]},
        {"inputs": [{**GOOD, "data": ZEROS, "datatype": "FP32"}]},
        {"inputs": [{**GOOD, "data": ZEROS, "datatype": ["UINT8"]}]},
        {"inputs": [{**GOOD, "data": ZEROS, "shape": [1, 64]}]},
        {"inputs": [{**GOOD, "data": ZEROS, "shape": [2, 8, 8, 1]}]},
        {"inputs": [{**GOOD, "data": ZEROS, "shape": [-1, 8, 8, 1]}]},
        {"inputs": [{**GOOD, "data": ZEROS, "shape": [True, 8, 8, 1]}]},
        {"inputs": [{**GOOD, "data": ZEROS, "shape": [1.0, 8, 8, 1]}]},
        {"inputs": [{**GOOD, "data": ZEROS, "shape": []}]},
        {"inputs": [{**GOOD, "data": ZEROS, "shape": "1"}]},
        {"inputs": [{**GOOD, "data": ZEROS}], "outputs": [{"name": "other"}]},
        {"inputs": [{**GOOD, "data": ZEROS}], "outputs": [{"name": "label"}, {"name": "label"}]},
        {"inputs": [{**GOOD, "data": ZEROS}], "outputs": ["label"]},
        {"inputs": [{**GOOD, "data": ZEROS}], "outputs": [{}]},
        {"inputs": [SIZED]},
        {"inputs": [{**GOOD, "parameters": {"binary_data_size": "64"}}]},
        {"inputs": [{**IMAGE, "data": []}]},
        {"inputs": [{**IMAGE, "data": "aGk="}]},
        {"inputs": [{**IMAGE, "data": ["aGk="] * 2}]},
        {"inputs": [{**IMAGE, "shape": [1, 2], "data": ["aGk="]}]},
        {"inputs": [{**IMAGE, "shape": [1, 2**63], "data": ["aGk="]}]},
        {"inputs": [{**IMAGE, "datatype": "UINT8", "data": ["aGk="]}]},
    ],
)
def test_what_is_no_tensor_of_ours_is_refused(served, asked):
    answer = served.client.post(PATH, content=json.dumps(asked))
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_tensor"), answer.text


@pytest.mark.parametrize(
    "body, length",
    [
        ((SIZED, bytes(64)), "0"),
        ((SIZED, bytes(64)), "-1"),
        ((SIZED, bytes(64)), "99999"),
        ((SIZED, bytes(64)), "9" * 5000),
        ((SIZED, bytes(64)), "1e2"),
        ((SIZED, bytes(63)), None),
        ((SIZED, bytes(65)), None),
        (({**GOOD, "data": ZEROS}, b"behind"), None),
        (({**GOOD, "parameters": {"binary_data_size": 0}}, b""), None),
        (({**IMAGE, "parameters": {"binary_data_size": 3}}, b"\1\0\0"), None),
        (({**IMAGE, "parameters": {"binary_data_size": 5}}, b"\xff\xff\xff\xff1"), None),
        (({**IMAGE, "parameters": {"binary_data_size": 0}}, b""), None),
        (({**IMAGE, "parameters": {"binary_data_size": 8}}, bytes(8)), None),
    ],
)
def test_binary_bodies_that_do_not_add_up_are_refused(served, body, length):
    how = binary({"inputs": [body[0]]}, body[1])
    if length is not None:
        how["headers"] = {LENGTH: length}
    answer = served.client.post(PATH, **how)
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] in ("bad_tensor", "bad_json")


def test_too_many_pictures_are_refused(served):
    many = {**GOOD, "shape": [4097, 8, 8, 1], "data": []}
    assert served.client.post(PATH, json={"inputs": [many]}).status_code == 413
    # Two million elements of nothing are not looked at one by one.
    nothing = bytes(8_000_000)
    tensor = {**IMAGE, "parameters": {"binary_data_size": len(nothing)}}
    assert served.client.post(PATH, **binary({"inputs": [tensor]}, nothing)).status_code == 400


def test_health_and_what_is_served(served):
    assert served.client.get("/v2/health/live").json() == {"live": True}
    assert served.client.get("/v2/health/ready").status_code == 200
    assert served.client.get("/v2/models/digits/ready").status_code == 200
    assert served.client.get("/v2").json()["extensions"] == ["binary_tensor_data"]
    told = served.client.get("/v2/models/digits").json()
    assert [(one["name"], one["shape"]) for one in told["inputs"]] == [("pixels", [-1, 8, 8, 1])]
    assert [one["name"] for one in told["outputs"]] == ["probabilities", "logits", "label"]
