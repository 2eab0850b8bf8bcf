"""Telling browsers what is new as it comes: one look at a run for all that watch it."""

import asyncio
import time
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from saccade.view.live.follow import Follower

LOOK, LOOK_IDLE = 0.1, 1.0  # seconds between looks at a run: while it trains, otherwise
MOST_MESSAGES, MINUTE = 100, 60.0
GONE = '{"gone": true}'


class Feed:
    """Looks at a run again and again as long as anybody listens."""

    def __init__(self, follower: Follower):
        self.follower = follower
        self.listeners = 0
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def push(self, socket: WebSocket, after: int) -> None:
        """Sends everything that comes after `after` until the run is gone."""
        self.listeners += 1
        try:
            await asyncio.to_thread(self.follower.look)
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._look())
            while not self.follower.gone and not self._task.done():
                news, began = self._news, time.monotonic()
                if after != self.follower.revision:
                    told = self.follower.ready(after)
                    if told is None:
                        told = await asyncio.to_thread(self.follower.text, after)
                    after, text = told
                    if self.follower.gone:
                        break
                    await socket.send_text(text)
                    await asyncio.sleep(max(0.0, began + LOOK - time.monotonic()))
                else:
                    await news.wait()
            if self.follower.gone:
                await socket.send_text(GONE)
        finally:
            self.listeners -= 1

    async def _look(self) -> None:
        before = self.follower.revision
        try:
            while self.listeners and not self.follower.gone:
                await asyncio.sleep(LOOK if self.follower.running else LOOK_IDLE)
                revision = await asyncio.to_thread(self.follower.look)
                if revision != before:
                    before = revision
                    self._news.set()
                    self._news = asyncio.Event()
        finally:
            self._news.set()


async def talk(socket: WebSocket, feed: Feed, after: int) -> None:
    """A whole conversation: we speak, the browser only listens, until one of us goes."""
    await socket.accept()
    pushing = asyncio.create_task(feed.push(socket, after))
    listening = asyncio.create_task(_listen(socket))
    tasks = {pushing, listening}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    with suppress(RuntimeError, WebSocketDisconnect):
        await socket.close(1008 if listening.done() and not listening.cancelled() else 1000)


async def _listen(socket: WebSocket) -> None:
    """Ends when the browser goes, or speaks more than a hundred times a minute."""
    times: list[float] = []
    with suppress(WebSocketDisconnect):
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            now = time.monotonic()
            times = [*(t for t in times if now - t < MINUTE), now]
            if len(times) > MOST_MESSAGES:
                return
