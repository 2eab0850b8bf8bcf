"""A process that serves, for a supervisor: a bundle, the app, uvicorn on a socket that is there.

    python -m saccade.serve.worker SETTINGS READY SOCKET [SOCKET]

SETTINGS are JSON, the others numbers of open files. `ready N`, or why not, is written to READY: it
answers, and N processes like it are worth having. The end of its standard input is that of whoever
started it, and its own.
SIGUSR1 says that the end is near, SIGTERM that it is here: what is under way is answered.
"""

import asyncio
import functools
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any

import uvicorn

from saccade.bundle.bundle import open_bundle
from saccade.bundle.files import MODEL
from saccade.bundle.threads import processors
from saccade.core.errors import SaccadeError
from saccade.serve.accepting import Accepting
from saccade.serve.app import App
from saccade.serve.connection import Connection
from saccade.serve.guard import HEALTH, Guard
from saccade.serve.log import Log
from saccade.serve.pace import Pace
from saccade.serve.service import Service
from saccade.serve.settings import Settings

READY = b"ready"
MOST_TWICE = 256 << 20  # bytes of a network that there may be twice: for one thread, for several
SPARE_FILES = 200


class Server(uvicorn.Server):
    """uvicorn's, which says when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]):
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if os.name == "nt":  # its event loop has no readers
            await super().startup(sockets)
        else:
            await super().startup([])
            # `close` and `wait_closed` are all that uvicorn wants of them.
            accepting = [Accepting(one, self._connection) for one in sockets or ()]
            self.servers = accepting  # type: ignore[assignment]
        self.ready()

    def _connection(self) -> Any:
        connection: Any = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        connection.draining = self.should_exit  # it was taken in the last moment
        return connection


def main() -> None:
    """Serves until SIGTERM."""
    settings, ready = Settings.from_json(sys.argv[1]), int(sys.argv[2])
    sockets = [socket.socket(fileno=int(number)) for number in sys.argv[3:]]
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    try:
        serve(settings, sockets, functools.partial(_begin, ready))
    except SaccadeError as error:
        _tell(ready, str(error).encode())
        sys.exit(1)


def serve(
    settings: Settings, sockets: Sequence[socket.socket], ready: Callable[[int], None]
) -> None:
    """Answers on these sockets until SIGTERM or Ctrl-C.

    `ready` is called once it does, with how many processes like this one are worth having.

    Raises:
        BadBundle: the bundle is none, or does not answer here as where it was exported.
    """
    service = make_service(settings)
    try:
        health = HEALTH | {settings.routes.health, f"/v2/models/{settings.name}/ready"}
        guard = Guard(settings.keys, settings.local, frozenset(settings.names), health)
        pace = Pace(settings.rate) if settings.rate else None
        log = Log() if settings.log else None
        app = App(service, guard, settings.routes, settings.metrics_port, pace, log)
        worth = processors() if service.batcher.at_once else 1
        server = Server(_config(app, settings), functools.partial(ready, worth))
        _allow_files(settings.limits.connections)
        if hasattr(signal, "SIGUSR1"):
            signal.signal(signal.SIGUSR1, lambda *_: setattr(service, "draining", True))
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's, who ends us
        server.run(list(sockets))
    finally:
        service.close()


def make_service(settings: Settings) -> Service:
    """The bundle, verified, to be asked by one thread or by several.

    Raises:
        BadBundle: as `open_bundle`.
    """
    path, sha256 = settings.bundle, settings.sha256 or None
    bundle, lanes = open_bundle(path, threads=1, sha256=sha256), processors()
    size = bundle.manifest["files"][MODEL]["bytes"]
    if lanes > 1 and size > MOST_TWICE:
        return Service(open_bundle(path, sha256=sha256), settings.name, settings.limits)
    wide = open_bundle(path, sha256=sha256).model if lanes > 1 else None
    return Service(bundle, settings.name, settings.limits, wide, lanes)


def _config(app: App, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=functools.partial(Connection, settings.limits, app.service.unanswered),  # type: ignore[arg-type]
        ws="none",
        loop="uvloop" if os.name != "nt" else "asyncio",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        backlog=2048,
        timeout_keep_alive=int(settings.limits.keep_alive_seconds),
        timeout_graceful_shutdown=int(settings.limits.drain_seconds),
    )


def _allow_files(connections: int) -> None:
    """A connection is an open file, and by default a process may have a thousand."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + SPARE_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _begin(ready: int, worth: int) -> None:
    loop = asyncio.get_running_loop()

    def end() -> None:
        loop.remove_reader(0)
        os.kill(os.getpid(), signal.SIGTERM)

    loop.add_reader(0, end)
    _tell(ready, b"%s %d" % (READY, worth))


def _tell(ready: int, what: bytes) -> None:
    os.write(ready, what)
    os.close(ready)


if __name__ == "__main__":
    main()
