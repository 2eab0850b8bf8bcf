"""A connection's limits: how long a request may take to come, and how much of it may.

uvicorn has neither: whoever sends a byte a second would keep a connection, and whoever sends a
header without end would fill the memory.
"""

import asyncio
import json
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from saccade.serve.limits import Limits, Unanswered
from saccade.serve.refusal import SAFE

# What a connection waits for.
FIRST, HEAD, BODY, ANSWER, NEXT = "first byte", "head", "body", "answer", "next"
LINGER = 2.0  # seconds for whoever is slow to go


class Whole:
    """A connection's transport for one answer, whose head leaves with its body.

    uvicorn writes them one after the other: two system calls, which are a third of what a small
    network's answer costs.
    """

    def __init__(self, transport: asyncio.Transport, cycle: Any):
        self.transport, self.cycle = transport, cycle
        self.head, self.begun = b"", False

    def write(self, data: bytes) -> None:
        if self.cycle.response_started and not self.begun:
            self.begun, self.head = True, data
        else:
            head, self.head = self.head, b""
            self.transport.write(head + data)

    def is_closing(self) -> bool:
        return self.transport.is_closing()

    def close(self) -> None:
        if self.head:  # its body failed
            self.write(b"")
        self.transport.close()


class Connection(HttpToolsProtocol):
    """uvicorn's HTTP connection, with limits.

    A timer looks at it now and then, no oftener than a deadline may pass: an ordinary request
    costs no timer.
    """

    def __init__(self, limits: Limits, unanswered: Unanswered, **uvicorns: Any):
        super().__init__(**uvicorns)
        self.limits, self.unanswered, self.held = limits, unanswered, 0
        self.waits_for, self.since = FIRST, 0.0
        self.head_bytes = self.body_bytes = 0
        self.refused = self.draining = False
        self.timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.since = self.loop.time()
        if len(self.connections) > self.limits.connections:
            return self.refuse(503, "busy", "too many connections", "retry-after: 5")
        self.timer = self.loop.call_later(self.limits.head_seconds, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.timer is not None:
            self.timer.cancel()
        self._let_go()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.refused:
            return
        if self.waits_for in (FIRST, NEXT):
            self.waits_for, self.since = HEAD, self.loop.time()
        head = self.waits_for == HEAD
        super().data_received(data)
        if head and self.waits_for == HEAD:  # it is not whole yet
            self._count_head(len(data))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.waits_for, self.since = HEAD, self.loop.time()
        self.head_bytes = self.body_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.waits_for == HEAD:
            super().on_header(name, value)
        else:  # trailers are nobody's
            self._count_head(len(name) + len(value))

    def on_headers_complete(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self.limits.head_bytes:
            self._count_head(size)
        if self.refused:
            return
        self.head_bytes = 0  # of the trailers, from now on
        self.waits_for = BODY
        super().on_headers_complete()
        self.cycle.scope["connection"] = self  # type: ignore[typeddict-unknown-key]
        if self.cycle.scope["method"] != "HEAD":  # whose answers have no body
            self.cycle.transport = Whole(self.transport, self.cycle)  # type: ignore[assignment]
        if self.draining:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        if self.refused:
            return
        self.body_bytes += len(body)
        self.held += len(body)
        self.unanswered.bytes += len(body)
        if self.unanswered.bytes > self.limits.unanswered_bytes:
            self._let_go()
            return self.refuse(503, "busy", "too much is being sent", "retry-after: 1")
        if self.cycle.response_complete and self.body_bytes > self.limits.body_bytes:
            self.transport.close()  # it was answered without its body, and that does not end
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.refused:
            return
        self.waits_for = ANSWER
        if self.cycle.response_complete:
            self._wait_for_next()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._let_go()
        if self.waits_for == ANSWER and not self.pipeline:
            self._wait_for_next()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        self.refuse(400, "bad_request", "this is no HTTP request")

    def shutdown(self) -> None:
        """No further request: what is under way is answered, and told that it is the last.

        Who is idle may have sent a request that is not here yet, so it is not cut off at once.
        """
        self.draining = True
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False
        self.loop.call_later(LINGER, self._end_if_idle)

    @property
    def gone(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return bool(self.transport.is_closing())

    def refuse(self, status: int, code: str, why: str, *headers: str) -> None:
        """Answers and ends the connection, whatever came before."""
        if self.refused or self.transport.is_closing():
            return
        self.refused = True
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if self.cycle.response_started:
                return self.transport.abort()
        body = json.dumps({"error": why, "code": code}).encode()
        lines = [b"%s: %s" % header for header in SAFE]
        lines += [line.encode() for line in headers]
        lines += [b"content-length: %d" % len(body), b"connection: close", b"", body]
        self.transport.write(STATUS_LINE[status] + b"\r\n".join(lines))
        self.transport.close()
        self.loop.call_later(LINGER, self.transport.abort)

    def _let_go(self) -> None:
        self.unanswered.bytes -= self.held
        self.held = 0

    def _wait_for_next(self) -> None:
        self.waits_for, self.since = NEXT, self.loop.time()

    def _count_head(self, size: int) -> None:
        self.head_bytes += size
        if self.head_bytes > self.limits.head_bytes:
            self.refuse(431, "head_too_large", f"over {self.limits.head_bytes} bytes of headers")

    def _end_if_idle(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()

    def _look(self) -> None:
        """Ends what takes too long, and sees when to look again."""
        if self.transport.is_closing():
            return self.transport.abort()  # it had time to take its answer
        left = self._deadline() - self.loop.time()
        if left > 0:
            left = min(max(left, 0.01), self.limits.head_seconds)  # a head may begin meanwhile
            self.timer = self.loop.call_later(left, self._look)
        elif self.waits_for in (ANSWER, NEXT):
            self.transport.abort()
        else:
            self.refuse(408, "too_slow", f"the request's {self.waits_for} took too long to come")
            self.timer = self.loop.call_later(LINGER, self._look)

    def _deadline(self) -> float:
        limits = self.limits
        if self.waits_for == FIRST:
            return self.since + limits.first_seconds
        if self.waits_for == HEAD:
            return self.since + limits.head_seconds
        if self.waits_for == BODY:
            earned = self.body_bytes / limits.body_rate
            return self.since + min(limits.body_seconds + earned, limits.request_seconds)
        if self.waits_for == ANSWER:
            return self.since + limits.request_seconds
        return self.since + limits.keep_alive_seconds + LINGER  # uvicorn ends most of them before
