"""The addresses of the live page: docs/reference/live.md."""

import asyncio
import json
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from saccade.core.errors import BadRun, BadUsage
from saccade.run.control import write_request
from saccade.run.pack import from_pack
from saccade.view.live import static
from saccade.view.live.answering import Answerer
from saccade.view.live.bands import Bands
from saccade.view.live.files import from_json, read_inside
from saccade.view.live.follow import Follower
from saccade.view.live.guard import Door, guarded
from saccade.view.live.records import record, state_now
from saccade.view.live.shelf import Shelf
from saccade.view.live.snapshots import snapshot_pack
from saccade.view.live.sockets import Feed, talk

MOST_SOCKETS, MOST_REQUESTS, MINUTE = 200, 100, 60.0
MOST_ANSWERS, MOST_PICTURE, MOST_BANDS = 20, 4 << 20, 20
MOST_BODY, MOST_IMAGES, PIECE = 64 << 10, 128 << 20, 256 << 10
PACK = "application/octet-stream"

Handler = Callable[[Request], Awaitable[Response]]


@dataclass
class Live:
    """What the handlers share."""

    shelf: Shelf
    read_only: bool = False
    page: Path = static.PAGE
    sockets: int = 0
    last_left: float = field(default_factory=time.monotonic)
    requested: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_REQUESTS))
    feeds: dict[Follower, Feed] = field(default_factory=dict)
    answerer: Answerer | None = None
    answered: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_ANSWERS))
    bands: dict[Path, tuple[Bands, asyncio.Lock]] = field(default_factory=dict)
    images: dict[Path, tuple[tuple[int, ...], bytes]] = field(default_factory=dict)

    @contextmanager
    def socket(self) -> Iterator[None]:
        """Counts a socket while it is open."""
        self.sockets += 1
        try:
            yield
        finally:
            self.sockets -= 1
            self.last_left = time.monotonic()


def make_app(live: Live, door: Door) -> ASGIApp:
    """The whole server: the page and what it asks, behind the door, and nothing else."""
    page = [
        Route("/", _index, methods=["GET"]),
        Route("/assets/{name}", _asset, methods=["GET"]),
        Route("/api/runs", _runs, methods=["GET"]),
        WebSocketRoute("/api/live", _live),
    ]
    return guarded(_application(live, [*page, *_run_routes()]), door)


def make_run_app(live: Live) -> ASGIApp:
    """What is asked about a run, without a door: for who asks within this process."""
    return _application(live, _run_routes())


def _run_routes() -> list[Route]:
    return [
        Route("/api/runs/{run}", _run, methods=["GET"]),
        Route("/api/runs/{run}/curves", _curves, methods=["GET"]),
        Route("/api/runs/{run}/images", _images, methods=["GET"]),
        Route("/api/runs/{run}/snapshots/{step}", _snapshot, methods=["GET"]),
        Route("/api/runs/{run}/bands", _bands, methods=["GET"]),
        Route("/api/runs/{run}/control", _control, methods=["POST"]),
        Route("/api/runs/{run}/answer", _answer, methods=["POST"]),
        Route("/api/runs/{run}/printed", _printed, methods=["GET"]),
    ]


def _application(live: Live, routes: Sequence[BaseRoute]) -> Starlette:
    app = Starlette(
        routes=routes,
        exception_handlers={
            HTTPException: _say_http,
            BadUsage: _say_bad_usage,
            BadRun: _say_bad_run,
            FileNotFoundError: _say_missing,
        },
    )
    app.router.redirect_slashes = False
    app.state.live = live
    return app


async def _index(request: Request) -> Response:
    return static.index(_of(request).page)


async def _asset(request: Request) -> Response:
    found = static.asset(_of(request).page, request.path_params["name"])
    if found is None:
        raise HTTPException(404, "there is no such file")
    return found


async def _runs(request: Request) -> Response:
    live = _of(request)
    rows = await asyncio.to_thread(live.shelf.rows)
    return _json({"version": 1, "read_only": live.read_only, "runs": rows})


async def _run(request: Request) -> Response:
    live, (name, path) = _of(request), _found(request)
    told = await asyncio.to_thread(record, path)
    told |= {"id": request.path_params["run"], "name": name, "read_only": live.read_only}
    return _json({"version": 1, **told})


async def _curves(request: Request) -> Response:
    after = _whole_number(request.query_params.get("after", "0"), "after")
    follower = _of(request).shelf.follower(request.path_params["run"])
    if follower is None:
        raise FileNotFoundError
    await asyncio.to_thread(follower.look)
    _, text = await asyncio.to_thread(follower.text, after)
    if follower.gone:
        raise FileNotFoundError
    return Response(text, media_type="application/json")


async def _images(request: Request) -> Response:
    data = await asyncio.to_thread(_checked_images, _of(request), _path(request))
    pieces = (data[i : i + PIECE] for i in range(0, len(data), PIECE))
    return StreamingResponse(_each(pieces), 200, {"content-length": str(len(data))}, PACK)


async def _snapshot(request: Request) -> Response:
    step = _whole_number(request.path_params["step"], "STEP")
    data = await asyncio.to_thread(snapshot_pack, _path(request), step)
    return Response(data, media_type=PACK)


async def _bands(request: Request) -> Response:
    live, path = _of(request), _path(request)
    asked = request.query_params.get("after", "-1")  # -1: all, that of step 0 too
    after = -1 if asked == "-1" else _whole_number(asked, "after")
    if len(live.bands) >= MOST_BANDS and path not in live.bands:
        live.bands.pop(next(iter(live.bands)))
    bands, lock = live.bands.setdefault(path, (Bands(path), asyncio.Lock()))
    async with lock:
        data = await asyncio.to_thread(bands.pack, after)
    return Response(data, media_type=PACK)


async def _control(request: Request) -> Response:
    live, path = _of(request), _path(request)
    if live.read_only:
        raise HTTPException(403, "this server only shows: it was started with --read-only")
    now = time.monotonic()
    if len(live.requested) == MOST_REQUESTS and now - live.requested[0] < MINUTE:
        wait = str(1 + int(MINUTE - (now - live.requested[0])))
        raise HTTPException(429, "more than 100 requests in a minute", {"retry-after": wait})
    live.requested.append(now)
    wanted = _request(await _body(request))
    if await asyncio.to_thread(state_now, path) != "running":
        raise HTTPException(409, "the run is not running: nobody would take the request")
    try:
        await asyncio.to_thread(
            write_request, path, wanted["request"], wanted["value"], source="page"
        )
    except BadRun:
        raise HTTPException(409, "the run takes no requests") from None
    return _json({"accepted": True}, 202)


async def _answer(request: Request) -> Response:
    answerer, step = _answerer(request)
    body = await _body(request, MOST_PICTURE)
    return _json(await answerer.ask(_path(request), step, body))


async def _printed(request: Request) -> Response:
    answerer, step = _answerer(request)
    return _json(await answerer.ask_printed(_path(request), step))


def _answerer(request: Request) -> tuple[Answerer, int | None]:
    """Who answers, unless there is none or it is asked too often; the step whose weights shall."""
    live = _of(request)
    if live.answerer is None:
        raise HTTPException(503, "no process is there that answers: `saccade predict` does")
    now = time.monotonic()
    if len(live.answered) == MOST_ANSWERS and now - live.answered[0] < 1:
        raise HTTPException(429, "more than 20 pictures in a second", {"retry-after": "1"})
    live.answered.append(now)
    asked = request.query_params.get("step")
    return live.answerer, None if asked is None else _whole_number(asked, "step")


async def _live(socket: WebSocket) -> None:
    live: Live = socket.app.state.live
    if live.sockets >= MOST_SOCKETS:
        return await socket.send_denial_response(_json({"error": "too many are watching"}, 503))
    with live.socket():
        try:
            after = _whole_number(socket.query_params.get("after", "0"), "after")
        except BadUsage as error:
            return await socket.send_denial_response(_json({"error": str(error)}, 400))
        follower = live.shelf.follower(socket.query_params.get("run", ""))
        if follower is None:
            return await socket.send_denial_response(_json({"error": MISSING}, 404))
        feed = live.feeds.setdefault(follower, Feed(follower))
        try:
            await talk(socket, feed, after)
        finally:
            if not feed.listeners:
                live.feeds.pop(follower, None)


MISSING = "there is no such run, or not this of it (any more)"


async def _say_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return _json({"error": error.detail}, error.status_code, error.headers)


async def _say_bad_usage(request: Request, error: Exception) -> Response:
    return _json({"error": str(error)}, 400)


async def _say_bad_run(request: Request, error: Exception) -> Response:
    return _json({"error": str(error)}, 409)


async def _say_missing(request: Request, error: Exception) -> Response:
    return _json({"error": MISSING}, 404)


def _of(request: Request) -> Live:
    live: Live = request.app.state.live
    return live


def _found(request: Request) -> tuple[str, Path]:
    found = _of(request).shelf.find(request.path_params["run"])
    if found is None:
        raise FileNotFoundError
    return found


def _path(request: Request) -> Path:
    return _found(request)[1]


def _json(value: Any, status: int = 200, headers: Any = None) -> Response:
    text = json.dumps(value, allow_nan=False)
    return Response(text, status, headers, media_type="application/json")


def _whole_number(text: str, name: str) -> int:
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise BadUsage(f"{name} is a whole number, got `{text[:40]}`")
    return int(text)


async def _body(request: Request, most: int = MOST_BODY) -> bytes:
    """The body, as long as it is short."""
    data = b""
    async for piece in request.stream():
        data += piece
        if len(data) > most:
            raise HTTPException(413, f"a request has at most {most:,} bytes")
    return data


def _request(body: bytes) -> dict[str, Any]:
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


def _checked_images(live: Live, path: Path) -> bytes:
    """images.bin, once it has proved to be a pack; the last one read is kept for other browsers."""
    found = (path / "images.bin").stat()
    signature = (found.st_ino, found.st_size, found.st_mtime_ns)
    kept = live.images.get(path)
    if kept is None or kept[0] != signature:
        data = read_inside(path, "images.bin", MOST_IMAGES)
        from_pack(data)
        kept = signature, data
        live.images.clear()
        live.images[path] = kept
    return kept[1]


async def _each(pieces: Iterator[bytes]) -> Any:
    for piece in pieces:
        yield piece
