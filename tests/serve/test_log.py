"""What is written down of requests: enough to find one again, nothing about who asked."""

import hashlib
import json

import pytest

RAW = {"content-type": "application/octet-stream"}


@pytest.fixture
def logged(serve_once, bundle):
    return serve_once(bundle, "--log", "--name", "digits")


def lines(served):
    """Of the log, once it has ended."""
    return [json.loads(line) for line in served.said if line.startswith("{")]


def test_a_line_a_request(logged, digits, png):
    picture, pixels = png(digits[0]), digits[:2].tobytes()
    logged.client.post("/predict", content=picture, headers={"user-agent": "Somebody"})
    logged.client.post("/predict?name=Somebody", content=pixels, headers=RAW)
    refused = logged.client.post("/v1/models/digits:predict", content=b'{"Somebody": 1}')
    logged.client.get("/healthz")
    assert logged.end() == 0
    told = lines(logged)
    assert [one["route"] for one in told] == ["predict", "predict", "instances", "other"]
    assert [one["status"] for one in told] == [200, 200, 400, 200]
    assert [one["bytes"] for one in told] == [len(picture), len(pixels), 15, 0]
    sums = [hashlib.blake2b(one, digest_size=16).hexdigest() for one in (picture, digits[1])]
    assert told[0]["blake2b"] == sums[:1] and told[1]["blake2b"][1] == sums[1]
    assert (told[2]["code"], told[2]["id"]) == ("bad_json", refused.json()["id"])
    assert all(0 < one["ms"] < 60_000 and one["time"].endswith("+00:00") for one in told)
    assert "Somebody" not in json.dumps(told) and "127.0.0.1" not in json.dumps(told)


def test_without_it_nothing_is_written(serve_once, bundle, digits, png):
    served = serve_once(bundle)
    served.client.post("/predict", content=png(digits[0]))
    assert served.end() == 0
    assert lines(served) == []
