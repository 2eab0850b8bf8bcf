"""Asking the page server's addresses within this process: no port, no door."""

import json
from dataclasses import dataclass

from starlette.types import ASGIApp, Message


@dataclass(frozen=True)
class Answer:
    """What an address answers."""

    status: int
    type: str
    body: bytes


async def ask(app: ASGIApp, method: str, address: str, body: bytes = b"") -> Answer:
    """The answer to one request; an app that fails answers 500."""
    path, _, query = address.partition("?")
    scope = {
        "type": "http",
        # From 2.4 on an app need not listen whether somebody still listens to it.
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "root_path": "",
        "query_string": query.encode(),
        "headers": [],
    }
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        told.append(message)

    try:
        await app(scope, receive, send)
    except Exception as error:  # a server goes on after one bad answer, and so must this
        words = json.dumps({"error": f"the answer failed: {error!r}"})
        return Answer(500, "application/json", words.encode())
    start, *parts = told
    headers = dict(start["headers"])
    return Answer(
        start["status"],
        headers.get(b"content-type", b"").decode("latin-1"),
        b"".join(part.get("body", b"") for part in parts),
    )
