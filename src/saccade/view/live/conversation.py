"""A notebook's widget and its front end: questions are answered, and news told unasked.

A kernel that trains in a cell hears no questions until the cell ends. So what the page would ask
next is told before it asks: `{address, status, type}` and the bytes, just as the answer to a
question is `{id, status, type}` and the bytes.
"""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saccade.view.live.answering import Answerer
from saccade.view.live.background import background
from saccade.view.live.inside import Answer, ask
from saccade.view.live.server import Live, make_run_app
from saccade.view.live.shelf import OneRun

PACE = 0.5  # seconds between looks at the run
MOST_ADDRESS = 200
ENDED = 5  # looks in a row: a run that is just beginning may seem dead for one

Send = Callable[[dict[str, Any], list[bytes]], None]


@dataclass
class Told:
    """How far the front end has been told."""

    offset: int = 0
    bands: int = -1
    images: bool = False
    state: str = ""


class Conversation:
    """Speaks with the front ends of one widget. Every method may be called by any thread."""

    def __init__(self, run: Path, send: Send, answerer: Answerer, pace: float = PACE):
        self.shelf = OneRun(run)
        self.pace = pace
        self._app = make_run_app(Live(self.shelf, answerer=answerer))
        self._send = send
        self._closed = False
        self._news = asyncio.run_coroutine_threadsafe(self._tell_news(), background())

    @property
    def run_id(self) -> str:
        """The run's id in addresses."""
        return self.shelf.id

    @property
    def telling(self) -> bool:
        """Whether it still looks for news: not after the run has ended."""
        return not self._news.done()

    def hear(self, content: Any, buffers: Sequence[Any] = ()) -> None:
        """Takes a message `{id, method, address}`; one that is no question is passed over."""
        if self._closed or not is_question(content):
            return
        if content["method"] == "POST":
            # It may take long to be done; a front end that hears nothing takes us for busy.
            self._send({"id": content["id"], "taken": True}, [])
        body = bytes(buffers[0]) if buffers else b""
        asyncio.run_coroutine_threadsafe(self._answer(content, body), background())

    def close(self) -> None:
        """Says nothing any more."""
        self._closed = True
        self._news.cancel()

    async def _answer(self, question: dict[str, Any], body: bytes) -> None:
        answer = await ask(self._app, question["method"], question["address"], body)
        self._say({"id": question["id"]}, answer)

    def _say(self, about: dict[str, Any], answer: Answer) -> None:
        if not self._closed:
            self._send({**about, "status": answer.status, "type": answer.type}, [answer.body])

    async def _tell_news(self) -> None:
        """Tells what is new until the run has ended.

        What was told may have come before anybody listened, and a busy kernel does not hear that.
        So everything is told again after 1, 2, 4, 8 ... seconds.
        """
        told, began, again, ended = Told(), time.monotonic(), 2 * self.pace, 0
        while ended < ENDED:
            state = await self._tell(told)
            ended = ended + 1 if state not in ("empty", "running") else 0
            if state == "gone":
                return
            if time.monotonic() - began > again:
                again *= 2
                await self._tell(Told())
            await asyncio.sleep(self.pace)

    async def _tell(self, told: Told) -> str:
        """Tells what is new since then, and gives the state of the run.

        The curves say which snapshots there are, and so what is asked next. Snapshots are kept by
        the front end, so they come before; what changes answers only a question that stands.
        """
        address = self._address(f"/curves?after={told.offset}")
        curves = await ask(self._app, "GET", address)
        if curves.status != 200:
            self._say({"address": address}, curves)
            return "gone" if curves.status == 404 else "running"
        answer = json.loads(curves.body)
        if answer["offset"] == told.offset:
            return told.state
        newest = max(answer["snapshots"], default=None)
        if newest is not None:
            told.images = told.images or await self._tell_of("/images")
            await self._tell_of(f"/snapshots/{newest}")
        self._say({"address": address}, curves)
        if answer["restart"]:
            told.bands = -1
        if newest is not None:
            await self._tell_of(f"/bands?after={told.bands}")
            told.bands = newest
        if answer["state"] != told.state:
            await self._tell_of("")
        told.offset, told.state = answer["offset"], answer["state"]
        return told.state

    async def _tell_of(self, part: str) -> bool:
        """Tells what an address of the run answers, if that is not an error."""
        answer = await ask(self._app, "GET", self._address(part))
        if answer.status == 200:
            self._say({"address": self._address(part)}, answer)
        return answer.status == 200

    def _address(self, part: str) -> str:
        return f"/api/runs/{self.shelf.id}{part}"


def is_question(content: Any) -> bool:
    """Whether a message asks something.

    >>> is_question({"id": "a", "method": "GET", "address": "/api/runs/x"}), is_question("hello")
    (True, False)
    """
    if not isinstance(content, dict):
        return False
    id_, address = content.get("id"), content.get("address")
    return (
        isinstance(id_, str)
        and isinstance(address, str)
        and max(len(id_), len(address)) <= MOST_ADDRESS
        and content.get("method") in ("GET", "POST")
    )
