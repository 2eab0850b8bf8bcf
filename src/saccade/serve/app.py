"""Which path is answered by what."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from starlette.types import Message, Receive, Scope, Send

from saccade.serve.guard import Guard
from saccade.serve.instances import instances
from saccade.serve.log import Log
from saccade.serve.metrics import TYPE, Metrics
from saccade.serve.pace import Pace
from saccade.serve.pages import pages
from saccade.serve.predict import predict
from saccade.serve.refusal import SAFE, Refusal
from saccade.serve.service import Service
from saccade.serve.settings import Routes
from saccade.serve.tensors import infer

log = logging.getLogger("saccade.serve")

# Of a body that is refused so much is still read, for a second: who is sending sees why.
LINGER_BYTES, LINGER_SECONDS = 64 << 10, 1.0

Body = bytes | tuple[bytes, Mapping[str, str]]
Handler = Callable[[Service, Scope, Receive], Awaitable[Body]]


class App:
    """ASGI. What is asked often is answered right here, the rest by FastAPI."""

    def __init__(
        self,
        service: Service,
        guard: Guard,
        routes: Routes,
        metrics_port: int = 0,
        pace: Pace | None = None,
        log: Log | None = None,
    ):
        self.service, self.guard, self.metrics_port = service, guard, metrics_port
        self.pace, self.log = pace, log
        self.metrics = Metrics(service.batcher, service.unanswered)
        self.pages = pages(service, routes.health)
        self.hot = hot_routes(service.name, routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if self.metrics_port and (scope.get("server") or ("", 0))[1] == self.metrics_port:
            return await self._tell_metrics(scope, receive, send)
        began = time.perf_counter()
        route, handler = self.hot.get(scope["path"], ("other", None))
        status, code, id = 200, "", ""
        if self.log is not None:
            self.log.begin(scope)
        try:
            who = self.guard.check(scope)
            if self.pace is not None and handler is not None:
                self.pace.check(who, began)
            if handler is None:
                status = await self._give_page(scope, receive, send)
            else:
                await _post(handler, self.service, scope, receive, send)
        except Refusal as refusal:
            status, code, id = refusal.status, refusal.code, refusal.id
            await _refuse(refusal, receive, send)
        except Exception as error:
            fault = Refusal(500, "failed", "the server failed; its log says why", close=True)
            status, code, id = fault.status, fault.code, fault.id
            log.error("request %s failed", fault.id, exc_info=error)
            await _refuse(fault, receive, send)
        seconds = time.perf_counter() - began
        self.metrics.count(route, status, seconds, code)
        if self.log is not None:
            self.log.write(scope, route, status, seconds, code, id)

    async def _give_page(self, scope: Scope, receive: Receive, send: Send) -> int:
        """Its status."""
        status = 200

        async def watched(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        await self.pages(scope, receive, watched)
        return status

    async def _tell_metrics(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            Guard().check(scope)
            if scope["path"] != "/metrics" or scope["method"] != "GET":
                raise Refusal(404, "not_found", "here is GET /metrics")
            await _send(send, 200, [(b"content-type", TYPE)], self.metrics.page())
        except Refusal as refusal:
            await _refuse(refusal, receive, send)


def hot_routes(name: str, routes: Routes) -> dict[str, tuple[str, Handler]]:
    """By path: what metrics call it, and who answers."""
    found: dict[str, tuple[str, Handler]] = {"/predict": ("predict", predict)}
    for version in ("", "/versions/1"):
        found[f"/v1/models/{name}{version}:predict"] = ("instances", instances)
        found[f"/v2/models/{name}{version}/infer"] = ("tensors", infer)
    if routes.predict:
        found[routes.predict] = ("instances", instances)
    return found


async def _post(
    handler: Handler, service: Service, scope: Scope, receive: Receive, send: Send
) -> None:
    if scope["method"] != "POST":
        raise Refusal(405, "bad_method", "this takes POST", {"allow": "POST"})
    done = await handler(service, scope, receive)
    if isinstance(done, bytes):
        return await _send(send, 200, [*SAFE], done)
    body, more = done
    headers = dict(SAFE) | {name.encode(): value.encode() for name, value in more.items()}
    await _send(send, 200, [*headers.items()], body)


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _refuse(refusal: Refusal, receive: Receive, send: Send) -> None:
    if refusal.code == "gone":
        return
    start = {"type": "http.response.start", "status": refusal.status}
    await send({**start, "headers": refusal.headers()})
    if refusal.close:
        await send({"type": "http.response.body", "body": refusal.body(), "more_body": True})
        await _linger(receive)
        await send({"type": "http.response.body", "body": b""})
    else:
        await send({"type": "http.response.body", "body": refusal.body()})


async def _linger(receive: Receive) -> None:
    """Reads a little more: a connection that is cut while somebody sends loses the answer."""
    size = 0
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while size < LINGER_BYTES:
                message = await receive()
                size += len(message.get("body", b""))
                if not message.get("more_body"):
                    return
    except TimeoutError:
        pass
