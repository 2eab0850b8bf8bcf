"""Running the server, and ending it when it should."""

import asyncio
import logging
import socket
import time
from collections.abc import Sequence

import uvicorn
from starlette.types import ASGIApp

from saccade.view.live.server import Live

LINGER = 60.0  # seconds between the end of everything and that of the server
MOST_MESSAGE, PING, MOST_HEADERS = 64 << 10, 20.0, 64 << 10


def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Answers until a signal comes (KeyboardInterrupt) or SIGTERM's own handler ends it."""
    asyncio.run(_serve(app, listener))


def serve_until_done(
    app: ASGIApp, listener: socket.socket, live: Live, linger: float = LINGER
) -> None:
    """`serve` until every run has ended and nobody has watched for `linger` seconds."""
    asyncio.run(_serve(app, listener, live, linger))


async def _serve(
    app: ASGIApp, listener: socket.socket, live: Live | None = None, linger: float = LINGER
) -> None:
    server = make_server(app)
    ending = asyncio.create_task(_end(server, live, linger)) if live is not None else None
    try:
        await server.serve(sockets=[listener])
    finally:
        if ending is not None:
            ending.cancel()


def make_server(app: ASGIApp) -> uvicorn.Server:
    """The server with our limits; it logs no requests: their addresses may hold a token."""
    logging.getLogger("uvicorn.error").addFilter(_is_error)
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http="h11",
            ws="websockets-sansio",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            ws_max_size=MOST_MESSAGE,
            ws_ping_interval=PING,
            ws_ping_timeout=PING,
            ws_per_message_deflate=False,
            h11_max_incomplete_event_size=MOST_HEADERS,
            timeout_graceful_shutdown=1,
        )
    )


def _is_error(record: logging.LogRecord) -> bool:
    """All but the one that uvicorn takes a refused socket for."""
    return "without completing handshake" not in record.getMessage()


async def _end(server: uvicorn.Server, live: Live, linger: float) -> None:
    """Asks the server to end once nothing has trained and nobody has watched for a while."""
    idle_since = time.monotonic()
    while not server.should_exit:
        busy = live.sockets > 0 or _any_running(await asyncio.to_thread(live.shelf.states))
        if busy:
            idle_since = time.monotonic()
        elif time.monotonic() - max(idle_since, live.last_left) >= linger:
            server.should_exit = True
        await asyncio.sleep(min(1.0, linger / 4))


def _any_running(states: Sequence[str]) -> bool:
    return "running" in states
