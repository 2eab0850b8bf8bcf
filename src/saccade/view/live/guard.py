"""Who may ask: one token, this host's names, this page. Everything else is refused before routing.

A request is let through when its Host is ours (a page elsewhere whose name was turned to this
machine is not), when it comes from our own page or from no page, and when it brings the token,
whatever its method. One that is not GET or HEAD must say that it comes from our page.
"""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from saccade.core.hosts import host_name, is_ours

HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
TOKEN_BYTES, PASS_SECONDS = 24, 60.0
NO_TOKEN = "open the address that `saccade view` printed: it has the token"


@dataclass
class Door:
    """The token, and the names by which this server may be called besides its own addresses.

    `passes` are tokens good for one use within a minute: what starts a browser is shown to
    everybody on a machine (ps), so it is not given the token itself.
    """

    names: frozenset[str] = frozenset()
    token: str = field(default_factory=lambda: secrets.token_hex(TOKEN_BYTES), repr=False)
    passes: dict[str, float] = field(default_factory=dict, repr=False)

    @property
    def cookie(self) -> str:
        """The cookie's name. Cookies are shared by the ports of a host; servers must not be."""
        return f"saccade-{hashlib.sha256(self.token.encode()).hexdigest()[:8]}"

    def is_token(self, text: str) -> bool:
        """Whether it is the token; takes as long whatever it is."""
        return hmac.compare_digest(text.encode("utf-8", "replace"), self.token.encode())

    def new_pass(self) -> str:
        """A token for one use."""
        text = secrets.token_hex(TOKEN_BYTES)
        self.passes[text] = time.monotonic() + PASS_SECONDS
        return text

    def takes_pass(self, text: str) -> bool:
        """Whether it is a pass that was not used; it is now."""
        return time.monotonic() < self.passes.pop(text, 0.0)


def guarded(app: ASGIApp, door: Door) -> ASGIApp:
    """The app behind the door."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await app(scope, receive, send)
        safe_send = _with_headers(send)
        headers = _headers(scope)
        why = _wrong_host(headers, scope, door) or _wrong_origin(headers, scope)
        if why:
            return await _refuse(scope, receive, safe_send, 403, why)
        if _may_enter(headers, door):
            return await app(scope, receive, safe_send)
        if _is_entry(scope) and _brings_token(scope, door):
            return await _enter(headers, safe_send, door)
        return await _refuse(scope, receive, safe_send, 401, NO_TOKEN)

    return answer


def _headers(scope: Scope) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


def _wrong_host(headers: Mapping[str, list[str]], scope: Scope, door: Door) -> str:
    hosts = headers.get("host", [])
    if len(hosts) != 1:
        return "a request needs one Host"
    name = host_name(hosts[0])
    own = (scope.get("server") or ("", None))[0]
    if name == "localhost" or name in door.names or is_ours(name, own):
        return ""
    return f"this server is not called `{name[:100]}`; `saccade view --allow-host NAME` lets it"


def _wrong_origin(headers: Mapping[str, list[str]], scope: Scope) -> str:
    """Another page's request. A top-level visit from elsewhere (a link) may only open the page."""
    host, origins = headers["host"][0].lower(), headers.get("origin", [])
    sites = headers.get("sec-fetch-site", [])
    if any(origin.lower() not in (f"http://{host}", f"https://{host}") for origin in origins):
        return "this request comes from another page"
    modes = headers.get("sec-fetch-mode", [])
    visit = scope["type"] == "http" and scope["path"] == "/" and modes == ["navigate"]
    if any(site not in ("same-origin", "none") for site in sites) and not visit:
        return "this request comes from another page"
    changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")
    if changes and not origins and sites != ["same-origin"]:
        return "this request must say that it comes from this server's own page (Origin)"
    return ""


def _may_enter(headers: Mapping[str, list[str]], door: Door) -> bool:
    for line in headers.get("authorization", []):
        kind, _, token = line.partition(" ")
        if kind.lower() == "bearer" and door.is_token(token.strip()):
            return True
    crumbs = (
        c.strip().partition("=") for line in headers.get("cookie", []) for c in line.split(";")
    )
    return any(name == door.cookie and door.is_token(value) for name, _, value in crumbs)


def _is_entry(scope: Scope) -> bool:
    return scope["type"] == "http" and (scope["method"], scope["path"]) in (("GET", "/"),)


def _brings_token(scope: Scope, door: Door) -> bool:
    try:
        query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=20)
    except ValueError:
        return False
    return any(door.is_token(text) or door.takes_pass(text) for text in query.get("token", []))


async def _enter(headers: Mapping[str, list[str]], send: Send, door: Door) -> None:
    """Sets the cookie and goes on to the page, so that the token leaves the address bar.

    A browser that came by another page's link would not send a Strict cookie along a redirect: it
    is told to go on by a page of ours.
    """
    cookie = f"{door.cookie}={door.token}; Path=/; HttpOnly; SameSite=Strict"
    elsewhere = headers.get("sec-fetch-site", ["none"]) not in (["none"], ["same-origin"])
    if elsewhere:
        body = (
            b'<!doctype html><meta http-equiv="refresh" content="0;url=/"><a href="/">saccade</a>'
        )
        extra = [("set-cookie", cookie), ("content-type", "text/html; charset=utf-8")]
        return await _send(send, 200, extra, body)
    await _send(send, 303, [("set-cookie", cookie), ("location", "/")], b"")


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, why: str) -> None:
    body = json.dumps({"error": why}).encode()
    kind = [("content-type", "application/json")]
    if scope["type"] == "http":
        return await _send(send, status, kind, body)
    await receive()
    if "websocket.http.response" in scope.get("extensions", {}):
        return await _send(send, status, kind, body, "websocket.http.response")
    await send({"type": "websocket.close", "code": 1008, "reason": ""})


async def _send(
    send: Send,
    status: int,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    kind: str = "http.response",
) -> None:
    encoded = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers]
    encoded.append((b"content-length", str(len(body)).encode()))
    await send({"type": f"{kind}.start", "status": status, "headers": encoded})
    await send({"type": f"{kind}.body", "body": body})


def _with_headers(send: Send) -> Send:
    """Adds what every answer says; an answer's own word on caching stands."""

    async def wrapped(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            own = list(message.get("headers", []))
            names = {name.lower() for name, _ in own}
            more = [(k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in names]
            message = {**message, "headers": [*own, *more]}
        await send(message)

    return wrapped
