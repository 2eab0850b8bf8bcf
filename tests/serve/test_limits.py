"""How much is read of anybody: headers, bodies, parts, numbers, pixels."""

import base64
import contextlib
import io
import json
import select
import zlib

import numpy as np
import pytest
from PIL import Image

from saccade.serve.limits import Limits

LIMITS = Limits()
RAW = "Content-Type: application/octet-stream"
# What may lie in the buffers of both sides, beyond what the server reads.
BUFFERS = 16 << 20


def poured(address, head, pieces):
    """(the answer, bytes sent): sends until the server ends it, or there is no more."""
    sent = 0
    with address.connect() as connection:
        connection.sendall(head)
        with contextlib.suppress(OSError):
            for piece in pieces:
                if select.select([connection], [], [], 0)[0]:
                    break  # it has answered
                connection.sendall(piece)
                sent += len(piece)
        answer = b""
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(1 << 16):
                answer += part
    return answer, sent


HEAD = "GET /info HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    "head",
    [
        HEAD + "X: " + "x" * (16 << 10) + "\r\n\r\n",
        HEAD + "X: x\r\n" * 4000 + "\r\n",
        HEAD + "Range: bytes=" + "0-0," * 10_000 + "0-0\r\n\r\n",
        "GET /" + "x" * (20 << 10) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
        HEAD + "x" * (20 << 10) + ": 1\r\n\r\n",
    ],
    ids=["a long line", "many lines", "10,000 ranges", "a long path", "a long name"],
)
def test_headers_over_16_kb_are_refused(served, parsed, head):
    status, headers, told = parsed(served.raw(head.encode()))
    assert (status, told["code"], headers["connection"]) == (431, "head_too_large", "close")


def test_headers_just_below_are_read(served):
    fine = HEAD + "X: " + "x" * (15 << 10) + "\r\nConnection: close\r\n\r\n"
    assert served.raw(fine.encode()).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "first", [b"", b"GET /", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", b"\r\n\r\n"]
)
def test_a_header_without_end_is_refused(served, parsed, first):
    answer, sent = poured(served, first, [b"x" * 1000] * 10_000)
    assert parsed(answer)[0] in (400, 431)
    assert sent < BUFFERS
    if b"X" in first:
        assert parsed(answer)[0] == 431


def test_trailers_without_end_are_refused(served, parsed, post):
    head = post("/predict", b"", RAW, "Transfer-Encoding: chunked")
    answer, sent = poured(served, head + b"1\r\nx\r\n0\r\n", [b"X: " + b"x" * 997 + b"\r\n"] * 9999)
    assert (parsed(answer)[0], sent < BUFFERS) == (431, True)
    fine = b"40\r\n" + bytes(64) + b"\r\n0\r\nX-Sum: 1\r\n\r\n"
    assert parsed(served.raw(head + fine))[0] == 200


@pytest.mark.parametrize("size", [LIMITS.body_bytes + 1, 1 << 30, 1 << 62])
@pytest.mark.parametrize(
    "path", ["/predict", "/v1/models/digits:predict", "/v2/models/digits/infer"]
)
def test_a_body_that_says_it_is_too_large_is_not_waited_for(served, parsed, post, path, size):
    """Nothing of it is sent, and yet the answer comes."""
    status, headers, told = parsed(served.raw(post(path, b"", f"Content-Length: {size}")))
    assert (status, told["code"], headers["connection"]) == (413, "body_too_large", "close")


def test_nor_is_it_asked_to_go_on(served, parsed, post):
    expecting = post("/predict", b"", f"Content-Length: {1 << 30}", "Expect: 100-continue")
    assert parsed(served.raw(expecting))[0] == 413  # and no 100 before it
    fine = post("/predict", b"", "Content-Length: 64", RAW, "Expect: 100-continue")
    with served.connect() as connection:
        connection.sendall(fine)
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(bytes(64))
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("told", ["-1", "1e9", "9" * 30, "64, 64", "0x10", "+64"])
def test_a_length_that_is_none_is_refused(served, parsed, post, told):
    assert parsed(served.raw(post("/predict", b"", f"Content-Length: {told}", RAW)))[0] == 400


def test_two_lengths_are_refused(served, parsed, post):
    for two in (
        ("Content-Length: 64", "Content-Length: 65"),
        ("Content-Length: 64", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
    ):
        assert parsed(served.raw(post("/predict", bytes(64), RAW, *two)))[0] == 400


def test_a_body_without_length_is_read_up_to_the_limit(served, parsed, post):
    chunk = b"10000\r\n" + bytes(1 << 16) + b"\r\n"
    head = post("/predict", b"", RAW, "Transfer-Encoding: chunked")
    answer, sent = poured(served, head, [chunk] * 1000)
    status, headers, told = parsed(answer)
    assert (status, told["code"], headers["connection"]) == (413, "body_too_large", "close")
    assert sent < LIMITS.body_bytes + BUFFERS


@pytest.mark.parametrize("where", ["/nowhere", "/info", "/healthz", "/predict"])
@pytest.mark.parametrize("length", [f"Content-Length: {1 << 30}", "Transfer-Encoding: chunked"])
def test_a_body_that_nobody_wants_is_not_read_without_end(served, post, where, length):
    """What is refused for another reason, or takes no body, does not read a gigabyte either."""
    head = post(where, b"", length).replace(b"Connection: close\r\n", b"")
    head = head.replace(b"POST", b"PUT")
    chunk = bytes(1 << 16) if "Length" in length else b"10000\r\n" + bytes(1 << 16) + b"\r\n"
    sent = 0
    with served.connect() as connection, pytest.raises(OSError):
        connection.sendall(head)
        for _ in range(1 << 14):
            connection.sendall(chunk)
            sent += len(chunk)
    assert sent < LIMITS.body_bytes + 2 * BUFFERS


def test_the_largest_body_is_taken(served, post, parsed):
    pixels = bytes(64 * LIMITS.pictures)
    told = served.client.post("/predict", content=pixels, headers={"content-type": RAW[14:]})
    assert (told.status_code, len(told.json())) == (200, LIMITS.pictures)
    more = served.client.post(
        "/predict", content=pixels + bytes(64), headers={"content-type": RAW[14:]}
    )
    assert (more.status_code, more.json()["code"]) == (413, "too_many")
    full = served.client.post("/predict", content=bytes(LIMITS.body_bytes))
    assert full.status_code == 415  # it was read: zeros are no picture


def test_six_bytes_at_a_time(served, parsed, post):
    """What once kept a server of tensors busy for long."""
    body = (
        b"".join(b"6\r\n%s\r\n" % json_part for json_part in [b"123456"] * 100_000) + b"0\r\n\r\n"
    )
    head = post("/v2/models/digits/infer", b"", "Transfer-Encoding: chunked")
    assert parsed(served.raw(head, body))[2]["code"] == "bad_json"  # 600,000 digits
    pixels = b"".join(b"8\r\n12345678\r\n" for _ in range(8)) + b"0\r\n\r\n"
    raw = post("/predict", b"", RAW, "Transfer-Encoding: chunked")
    assert parsed(served.raw(raw, *[pixels[i : i + 1] for i in range(len(pixels))]))[0] == 200


@pytest.mark.parametrize("kind", ["gzip", "deflate", "br", "gzip, identity"])
def test_packed_bodies_are_not_unpacked(served, parsed, post, kind):
    bomb = zlib.compress(bytes(64 << 20), 9)
    answer = parsed(served.raw(post("/predict", bomb, f"Content-Encoding: {kind}")))
    assert (answer[0], answer[2]["code"]) == (415, "encoded")


def form(count, boundary="b"):
    """A body of that many parts of a byte."""
    part = 'Content-Disposition: form-data; name="a"; filename="a.png"\r\n\r\nx'
    return "".join(f"--{boundary}\r\n{part}\r\n" for _ in range(count)) + f"--{boundary}--\r\n"


@pytest.mark.parametrize("count, code", [(16, "not_an_image"), (17, "too_many_parts")])
def test_a_form_has_sixteen_parts(served, count, code):
    headers = {"content-type": "multipart/form-data; boundary=b"}
    answer = served.client.post("/predict", content=form(count), headers=headers)
    assert answer.json()["code"] in (code, "unknown_format", "truncated")
    assert (answer.status_code == 413) == (count > 16)
    assert served.client.post("/predict", content=form(10_000), headers=headers).status_code == 413


@pytest.mark.parametrize(
    "kind, body",
    [
        ("multipart/form-data", form(1)),
        ("multipart/form-data; boundary=", form(1)),
        ("multipart/form-data; boundary=" + "b" * 71, form(1, "b" * 71)),
        ("multipart/form-data; boundary=c", form(1)),
        ("multipart/form-data; boundary=b", ""),
        ("multipart/form-data; boundary=b", "--b--\r\n"),
        ("multipart/form-data; boundary=b", "--b\r\nno header\r\n\r\nx\r\n--b--\r\n"),
        ("multipart/form-data; boundary*=utf-8''b", form(1)),
        ("multipart/form-data; boundary=b", "--b\r\n\0: \0\r\n\r\nx\r\n--b--\r\n"),
    ],
)
def test_a_form_that_is_none_is_refused(served, kind, body):
    answer = served.client.post("/predict", content=body, headers={"content-type": kind})
    assert answer.status_code in (400, 415, 422), answer.text


def test_a_form_with_headers_without_end_is_no_trouble(served, png, digits):
    part = "".join(f"X-{i}: {'y' * 50}\r\n" for i in range(20_000))
    body = f"--b\r\n{part}\r\nx\r\n--b--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=b"}
    assert served.client.post("/predict", content=body, headers=headers).status_code in (400, 415)


DEEP = 200_000


@pytest.mark.parametrize(
    "body",
    [
        "[" * DEEP,
        "[" * DEEP + "]" * DEEP,
        '{"a":' * DEEP,
        '{"instances": %s}' % ("[" * 900 + "]" * 900),
        '{"instances": [%s]}' % ("[" * 40 + "1" + "]" * 40),
        '{"inputs": [{"name": "pixels", "shape": [1, 8, 8, 1], "datatype": "UINT8", "data": %s}]}'
        % ("[" * 900 + "1" + "]" * 900),
        '{"image": %s}' % ("[" * 900 + "]" * 900),
    ],
)
@pytest.mark.parametrize(
    "path", ["/predict", "/v1/models/digits:predict", "/v2/models/digits/infer"]
)
def test_deep_json_is_refused(served, path, body):
    headers = {"content-type": "application/json"}
    answer = served.client.post(path, content=body, headers=headers)
    assert answer.status_code in (400, 422), answer.text


def test_json_as_deep_as_it_may_be(served):
    """32 levels: nobody needs more, and nobody's parser runs out of room."""
    for deep, status in ((31, 422), (32, 400)):
        body = '{"instances": %s}' % ("[" * deep + "1" + "]" * deep)
        answer = served.client.post("/v1/models/digits:predict", content=body)
        assert answer.status_code == status, answer.text
        assert (answer.json()["code"] == "too_deep") == (status == 400)
    brackets = json.dumps({"image": "[" * 100 + '\\"' + "{" * 100})
    answer = served.client.post(
        "/predict", content=brackets, headers={"content-type": "application/json"}
    )
    assert answer.json()["code"] == "bad_base64"  # in text they mean nothing


def test_a_megabyte_of_numbers_is_refused_and_ten_of_pictures_are_not(served, digits, png):
    numbers = json.dumps({"instances": [[0.123456789] * 100_000]})
    answer = served.client.post("/v1/models/digits:predict", content=numbers)
    assert (answer.status_code, answer.json()["code"]) == (413, "text_too_large")
    noise = np.random.default_rng(0).integers(0, 256, (1400, 1400, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    text = base64.b64encode(file.getvalue()).decode()
    assert len(text) > 4 << 20
    assert served.client.post("/predict", json={"image": text}).status_code == 200
    told = {"instances": [{"b64": text}]}
    assert served.client.post("/v1/models/digits:predict", json=told).status_code == 200


def flat(width, height):
    """A PNG of one colour, a byte a pixel, which packs well."""
    file = io.BytesIO()
    Image.new("L", (width, height), 7).save(file, "PNG")
    return file.getvalue()


def test_pixels_are_counted_before_they_are_there(served):
    for side, status in ((6320, 200), (6330, 413)):
        answer = served.client.post("/predict", content=flat(side, side))
        assert answer.status_code == status, answer.text
    assert answer.json()["code"] == "too_many_pixels"


def test_what_is_sent_is_never_said_again(served, post):
    for body in (b"<script>alert(1)</script>", b'{"<script>": 1}', b'{"instances": ["<script>"]}'):
        for path in ("/predict", "/v1/models/digits:predict", "/v2/models/digits/infer"):
            for kind in ("application/json", "text/html", "multipart/form-data; boundary=script"):
                answer = served.raw(post(path, body, f"Content-Type: {kind}", "X-A: <script>"))
                assert b"script>" not in answer
                assert b"content-type: application/json" in answer
    assert b"script>" not in served.raw(b"GET /<script> HTTP/1.1\r\n\r\n")
    answer = served.client.get("/<script>alert(1)</script>")
    assert ("script" in answer.text, answer.headers["x-content-type-options"]) == (False, "nosniff")


def test_garbage_is_refused_and_harms_nobody(served):
    rng = np.random.default_rng(0)
    fine = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
    for turn in range(300):
        if turn % 3 == 0:
            data = rng.integers(0, 256, int(rng.integers(1, 300)), np.uint8).tobytes()
        else:
            at = rng.integers(0, len(fine), 3)
            data = bytearray(fine)
            for place in at:
                data[place] = int(rng.integers(0, 256))
            data = bytes(data)
        with served.connect() as connection:
            connection.sendall(data)
            connection.shutdown(1)
            answer = b""
            with contextlib.suppress(ConnectionError):
                while part := connection.recv(1 << 16):
                    answer += part
        assert not answer or answer.startswith(b"HTTP/1.1 4"), (data, answer)
    assert served.client.get("/healthz").status_code == 200


def test_bodies_of_all_together_are_bounded(work, post, until, digits, png):
    """Ten connections may send a megabyte each, and hold three between them."""
    address = work(Limits(body_bytes=1 << 20, unanswered_bytes=3 << 20, request_seconds=10))
    head = post("/predict", b"", RAW, f"Content-Length: {1 << 20}")
    crowd = [address.connect() for _ in range(10)]
    refused = []
    for one in crowd:
        one.sendall(head)
        with contextlib.suppress(OSError):
            one.sendall(bytes((1 << 20) - 1))
    until(lambda: address.metric("saccade_unanswered_bytes") <= 3 << 20)
    for one in crowd:
        if select.select([one], [], [], 1)[0]:
            refused.append(one.recv(1 << 16))
    assert len(refused) >= 7 and all(b" 503 " in one and b"retry-after" in one for one in refused)
    for one in crowd:
        one.close()
    until(lambda: address.metric("saccade_unanswered_bytes") == 0)
    assert address.client.post("/predict", content=png(digits[0])).status_code == 200
