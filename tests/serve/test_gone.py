"""Whoever goes before the answer takes nothing along: no place, no connection, no decoder."""

import contextlib

import numpy as np
import pytest

from saccade.serve.limits import Limits

RAW = "Content-Type: application/octet-stream"


@pytest.fixture(scope="module")
def narrow(work):
    """Takes four pictures at once, and no more."""
    return work(Limits(wait_seconds=0.0))


def nobody_is_inside(address):
    return address.metric("saccade_pictures_inside") == 0


def test_gone_with_half_a_body(narrow, post, until):
    whole = post("/predict", bytes(64_000), RAW)
    narrow.client.get("/healthz")
    assert nobody_is_inside(narrow)  # so that both of the test's own connections are counted
    files = narrow.open_files()
    rng = np.random.default_rng(0)
    for at in rng.integers(1, len(whole), 300):
        with narrow.connect() as connection:
            connection.sendall(whole[: int(at)])
    until(lambda: nobody_is_inside(narrow) and narrow.open_files() <= files)
    assert narrow.client.post("/predict", content=bytes(64), headers=kind()).status_code == 200


def test_gone_after_asking(narrow, post, until):
    """Of 300, each with more pictures than are let in beside others: a place that is not given
    back would be missed."""
    whole = post("/predict", bytes(64 * 500), RAW)
    files = narrow.open_files()
    for _ in range(300):
        with narrow.connect() as connection:
            connection.sendall(whole)
    alone = {"content": bytes(64 * 500), "headers": kind()}  # too many beside anybody else
    until(lambda: narrow.client.post("/predict", **alone).status_code == 200)
    # Who is answered on a new connection comes after all of them.
    narrow.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    until(lambda: nobody_is_inside(narrow) and narrow.open_files() <= files)


def kind():
    return {"content-type": RAW[14:]}


def test_gone_while_its_picture_is_decoded(narrow, post, until, slow_picture):
    crowd = []
    for _ in range(2):
        crowd.append(narrow.connect())
        crowd[-1].sendall(post("/predict", slow_picture))
    until(lambda: narrow.metric("saccade_pictures_inside") == 2)
    for one in crowd:
        one.close()
    until(lambda: nobody_is_inside(narrow))


def test_over_what_it_can_do_it_says_when_to_come_again(
    narrow, post, parsed, rest_of, until, slow_picture
):
    crowd = []
    for _ in range(4):
        crowd.append(narrow.connect())
        crowd[-1].sendall(post("/predict", slow_picture))
    until(lambda: narrow.metric("saccade_pictures_inside") == 4)
    for path in ("/predict", "/v1/models/digits:predict", "/v2/models/digits/infer"):
        # Before its body: nothing of it is sent.
        status, headers, told = parsed(narrow.raw(post(path, b"", RAW, "Content-Length: 64")))
        assert (status, told["code"]) == (503, "busy")
        assert int(headers["retry-after"]) >= 1
    for path in ("/healthz", "/readyz", "/v2/health/ready", "/info"):
        assert narrow.client.get(path).status_code == 200  # they wait for nobody
    for one in crowd:
        with contextlib.closing(one):
            status, _, told = parsed(rest_of(one))
            assert (status, told["code"]) == (422, "time_limit")
    assert nobody_is_inside(narrow)
    assert narrow.client.post("/predict", content=bytes(64), headers=kind()).status_code == 200


@pytest.mark.parametrize("header", ["X-Server-Timeout", "x-envoy-expected-rq-timeout-ms"])
@pytest.mark.parametrize(
    "wait, expected",
    [("0", 504), ("0.0", 504), ("60000", 200), ("-1", 200), ("soon", 200), ("1e-9", 200)],
)
def test_whose_time_is_over_is_not_computed(narrow, png, digits, header, wait, expected):
    """What is no number of seconds says nothing."""
    told = narrow.client.post("/predict", content=png(digits[0]), headers={header: wait})
    assert told.status_code == expected
    if expected == 504:
        assert told.json()["code"] == "too_late"
    assert nobody_is_inside(narrow)
