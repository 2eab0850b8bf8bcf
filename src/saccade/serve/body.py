"""What a request brings: its headers, its body within limits, the parts of a form."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any

import numpy as np
from starlette.types import Receive, Scope

from saccade.serve.limits import Limits
from saccade.serve.refusal import Refusal

# Base64 in a JSON body: pictures, which are no text.
_LONG = re.compile(rb'"[A-Za-z0-9+/=_\\-]{256,}"')
# Text, even without an end; and all bytes but brackets.
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_OTHERS = bytes(set(range(256)) - set(b"[]{}"))


def headers_of(scope: Scope) -> dict[str, str]:
    """By name in small letters. Of a name that comes twice, the last."""
    named: dict[str, str] | None = scope.get("named headers")
    if named is None:  # they are asked for more than once
        named = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        scope["named headers"] = named
    return named


async def read_body(headers: Mapping[str, str], receive: Receive, limits: Limits) -> bytes:
    """All of it; refused as soon as it says that it will be too much, or is.

    Raises:
        Refusal: too large, packed, or whoever sent it is gone.
    """
    if headers.get("content-encoding", "identity") != "identity":
        raise Refusal(415, "encoded", "a packed body is not unpacked: send it as it is", close=True)
    told = headers.get("content-length", "")
    if told.isdecimal() and int(told) > limits.body_bytes:
        raise _too_large(limits)
    message = await receive()
    first: bytes = message.get("body", b"")
    if message["type"] == "http.request" and not message.get("more_body"):
        return _checked(first, limits)
    parts, size = [first], len(first)
    while message["type"] == "http.request" and message.get("more_body"):
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limits.body_bytes:
            raise _too_large(limits)
    if message["type"] != "http.request":
        raise Refusal(400, "gone", "the connection ended before the body did", close=True)
    return _checked(b"".join(parts), limits)


def _checked(body: bytes, limits: Limits) -> bytes:
    if len(body) > limits.body_bytes:
        raise _too_large(limits)
    return body


def _too_large(limits: Limits) -> Refusal:
    most = limits.body_bytes
    return Refusal(413, "body_too_large", f"at most {most:,} bytes are read", close=True)


def parse_json(body: bytes, limits: Limits) -> Any:
    """The value of a JSON body.

    Raises:
        Refusal: it is none, too deep, or too much of it is no picture.

    >>> parse_json(b'{"image": [0, 1]}', Limits())
    {'image': [0, 1]}
    """
    if len(body) > limits.text_bytes:
        text = len(body) - sum(len(found[0]) for found in _LONG.finditer(body))
        if text > limits.text_bytes:
            raise Refusal(
                413,
                "text_too_large",
                f"{text:,} bytes of numbers as text, at most {limits.text_bytes:,} are read. "
                "Bytes are smaller: send pictures, base64 of them, or a binary tensor",
            )
    if _depth(body, limits.depth) > limits.depth:
        raise Refusal(400, "too_deep", f"at most {limits.depth} lists and objects in one another")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal(400, "bad_json", "the body is no JSON") from None


def _depth(body: bytes, most: int) -> int:
    """How many brackets are open at once; 0 where there are no more than `most`.

    >>> _depth(b'{"]": [[1], [2, "[[["]]}', 2)
    3
    """
    if body.count(b"[") + body.count(b"{") <= most:
        return 0
    brackets = np.frombuffer(_TEXT.sub(b"", body).translate(None, _OTHERS), np.uint8)
    opening = brackets & 2  # of 5B, 7B, but not of 5D, 7D
    return int(np.where(opening, 1, -1).cumsum().max(initial=0))


def media_type(headers: Mapping[str, str]) -> str:
    """Without its parameters, in small letters; empty where nothing is said.

    >>> media_type({"content-type": "Image/PNG; charset=binary"})
    'image/png'
    """
    return headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True)
class Part:
    """A part of a form: its name, what it says it is, its bytes."""

    name: str
    media_type: str
    data: bytes


def parse_form(headers: Mapping[str, str], body: bytes, limits: Limits) -> list[Part]:
    """The parts of a multipart/form-data body. Names of files are not read.

    Raises:
        Refusal: it is none, or has too many parts.
    """
    from python_multipart.exceptions import MultipartParseError
    from python_multipart.multipart import MultipartParser

    boundary = _parameters(headers.get("content-type", "")).get_param("boundary")
    if not isinstance(boundary, str) or not 0 < len(boundary) <= 70:
        raise Refusal(400, "bad_form", "a multipart body has a boundary of at most 70 characters")
    reader = _Reader(limits)
    try:
        parser = MultipartParser(boundary.encode("latin-1", "replace"), reader.callbacks())
        parser.write(body)
        parser.finalize()
    except (MultipartParseError, ValueError):
        raise Refusal(400, "bad_form", "the body is no multipart/form-data") from None
    return list(reader.parts())


def _parameters(header: str) -> Message:
    message = Message()
    message["content-type"] = header
    return message


class _Reader:
    """Gathers what the parser finds."""

    def __init__(self, limits: Limits):
        self.limits = limits
        self.found: list[tuple[dict[str, str], list[bytes]]] = []
        self.name, self.value = b"", b""

    def callbacks(self) -> Any:
        return {
            "on_part_begin": self.begin,
            "on_header_field": self.header_name,
            "on_header_value": self.header_value,
            "on_header_end": self.header,
            "on_part_data": self.data,
        }

    def begin(self) -> None:
        if len(self.found) == self.limits.parts:
            raise Refusal(413, "too_many_parts", f"a form has at most {self.limits.parts} parts")
        self.found.append(({}, []))

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self.name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self.value += data[start:end]

    def header(self) -> None:
        headers = self.found[-1][0]
        if len(headers) < 8 and len(self.name) + len(self.value) < 4096:
            headers[self.name.decode("latin-1").lower()] = self.value.decode("latin-1")
        self.name, self.value = b"", b""

    def data(self, data: bytes, start: int, end: int) -> None:
        self.found[-1][1].append(data[start:end])

    def parts(self) -> Iterator[Part]:
        for headers, chunks in self.found:
            message = Message()
            message["content-disposition"] = headers.get("content-disposition", "")
            name = message.get_param("name", "", "content-disposition")
            yield Part(str(name), media_type(headers), b"".join(chunks))
