"""How requests are read and answers and errors are said."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from saccade.core.errors import BadRun, BadUsage
from saccade.view.live.files import from_json

MOST_BODY, PIECE = 64 << 10, 256 << 10
MISSING = "there is no such run, or not this of it (any more)"


def to_json(value: Any, status: int = 200, headers: Any = None) -> Response:
    """An answer of JSON."""
    text = json.dumps(value, allow_nan=False)
    return Response(text, status, headers, media_type="application/json")


def whole_number(text: str, name: str) -> int:
    """A whole number of a query or an address.

    Raises:
        BadUsage: it is none.
    """
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise BadUsage(f"{name} is a whole number, got `{text[:40]}`")
    return int(text)


async def short_body(request: Request, most: int = MOST_BODY) -> bytes:
    """The body.

    Raises:
        HTTPException: 413, it is longer than `most` bytes.
    """
    data = b""
    async for piece in request.stream():
        data += piece
        if len(data) > most:
            raise HTTPException(413, f"a request has at most {most:,} bytes")
    return data


def to_request(body: bytes) -> dict[str, Any]:
    """`{"request", "value"}` from a body.

    Raises:
        BadUsage: it is anything else.
    """
    try:
        value = from_json(body)
    except ValueError as error:
        raise BadUsage(f"a request is JSON: {error}") from None
    if not isinstance(value, dict) or set(value) - {"request", "value"}:
        raise BadUsage('a request is {"request": NAME, "value": NUMBER or null}')
    if not isinstance(value.get("request"), str):
        raise BadUsage("a request has a name")
    return {"request": value["request"], "value": value.get("value")}


async def in_pieces(data: bytes) -> AsyncIterator[bytes]:
    """So that no other answer waits for a long one."""
    for start in range(0, len(data), PIECE):
        yield data[start : start + PIECE]


async def _say_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return to_json({"error": error.detail}, error.status_code, error.headers)


async def _say_bad_usage(request: Request, error: Exception) -> Response:
    return to_json({"error": str(error)}, 400)


async def _say_bad_run(request: Request, error: Exception) -> Response:
    return to_json({"error": str(error)}, 409)


async def _say_missing(request: Request, error: Exception) -> Response:
    return to_json({"error": MISSING}, 404)


ERRORS = {
    HTTPException: _say_http,
    BadUsage: _say_bad_usage,
    BadRun: _say_bad_run,
    FileNotFoundError: _say_missing,
}
"""What a handler may raise, and how it is said."""
