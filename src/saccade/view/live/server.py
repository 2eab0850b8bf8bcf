"""The addresses of the live page: docs/reference/live.md."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

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
from saccade.view.live.files import read_inside
from saccade.view.live.follow import Follower
from saccade.view.live.guard import Door, guarded
from saccade.view.live.http import (
    ERRORS,
    MISSING,
    in_pieces,
    short_body,
    to_json,
    to_request,
    whole_number,
)
from saccade.view.live.records import record, state_now
from saccade.view.live.shelf import Shelf
from saccade.view.live.snapshots import snapshot_pack
from saccade.view.live.sockets import Feed, talk

MOST_SOCKETS, MOST_REQUESTS, MINUTE = 200, 100, 60.0
MOST_ANSWERS, MOST_PICTURE, MOST_BANDS, MOST_IMAGES = 20, 4 << 20, 20, 128 << 20
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
        exception_handlers=ERRORS,
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
    return to_json({"version": 1, "read_only": live.read_only, "runs": rows})


async def _run(request: Request) -> Response:
    live, (name, path) = _of(request), _found(request)
    told = await asyncio.to_thread(record, path)
    told |= {"id": request.path_params["run"], "name": name, "read_only": live.read_only}
    return to_json({"version": 1, **told})


async def _curves(request: Request) -> Response:
    after = whole_number(request.query_params.get("after", "0"), "after")
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
    return StreamingResponse(in_pieces(data), 200, {"content-length": str(len(data))}, PACK)


async def _snapshot(request: Request) -> Response:
    step = whole_number(request.path_params["step"], "STEP")
    data = await asyncio.to_thread(snapshot_pack, _path(request), step)
    return Response(data, media_type=PACK)


async def _bands(request: Request) -> Response:
    live, path = _of(request), _path(request)
    asked = request.query_params.get("after", "-1")  # -1: all, that of step 0 too
    after = -1 if asked == "-1" else whole_number(asked, "after")
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
    wanted = to_request(await short_body(request))
    if await asyncio.to_thread(state_now, path) != "running":
        raise HTTPException(409, "the run is not running: nobody would take the request")
    try:
        await asyncio.to_thread(
            write_request, path, wanted["request"], wanted["value"], source="page"
        )
    except BadRun:
        raise HTTPException(409, "the run takes no requests") from None
    return to_json({"accepted": True}, 202)


async def _answer(request: Request) -> Response:
    answerer, step = _answerer(request)
    body = await short_body(request, MOST_PICTURE)
    return to_json(await answerer.ask(_path(request), step, body))


async def _printed(request: Request) -> Response:
    answerer, step = _answerer(request)
    return to_json(await answerer.ask_printed(_path(request), step))


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
    return live.answerer, None if asked is None else whole_number(asked, "step")


async def _live(socket: WebSocket) -> None:
    live: Live = socket.app.state.live
    if live.sockets >= MOST_SOCKETS:
        return await socket.send_denial_response(to_json({"error": "too many are watching"}, 503))
    with live.socket():
        try:
            after = whole_number(socket.query_params.get("after", "0"), "after")
        except BadUsage as error:
            return await socket.send_denial_response(to_json({"error": str(error)}, 400))
        follower = live.shelf.follower(socket.query_params.get("run", ""))
        if follower is None:
            return await socket.send_denial_response(to_json({"error": MISSING}, 404))
        feed = live.feeds.setdefault(follower, Feed(follower))
        try:
            await talk(socket, feed, after)
        finally:
            if not feed.listeners:
                live.feeds.pop(follower, None)


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
