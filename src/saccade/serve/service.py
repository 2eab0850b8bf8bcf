"""What answers: a bundle with all that it takes to ask it."""

import asyncio
import binascii
import re
from base64 import b64decode
from collections.abc import Sequence
from typing import Any

import numpy as np
from starlette.types import Scope

from saccade.bundle.bundle import Bundle
from saccade.bundle.model import Model
from saccade.core.decode import Note
from saccade.serve.answers import Answers
from saccade.serve.batcher import Batcher
from saccade.serve.body import headers_of
from saccade.serve.limits import Limits, Unanswered
from saccade.serve.log import note_pictures
from saccade.serve.pictures import Pictures
from saccade.serve.refusal import Refusal, busy, too_many

# How long whoever asks waits: what Google's clients send, and what Envoy adds. In seconds.
PATIENCE = {"x-server-timeout": 1.0, "x-envoy-expected-rq-timeout-ms": 0.001}


class Service:
    """A bundle under a name, its queue, its decoders."""

    def __init__(
        self, bundle: Bundle, name: str, limits: Limits, wide: Model | None = None, lanes: int = 1
    ):
        self.bundle, self.name, self.limits = bundle, name, limits
        self.answers = Answers(bundle, name)
        self.batcher = Batcher(bundle.model, limits, wide, lanes)
        self.pictures = Pictures(bundle.preprocess, limits)
        self.shape = bundle.model.shape
        self.draining, self.unanswered = False, Unanswered()

    def close(self) -> None:
        """Ends threads and processes."""
        self.batcher.close()
        self.pictures.close()

    def check_room(self) -> None:
        """Refuses before a body is read, if it would be refused afterwards.

        Raises:
            Refusal: there is too much to do.
        """
        if self.batcher.inside >= self.batcher.most:
            raise busy(self.batcher.inside * self.batcher.seconds)

    async def ask_files(
        self, files: Sequence[tuple[bytes, str]], scope: Scope
    ) -> tuple[np.ndarray, np.ndarray, list[Sequence[Note]]]:
        """(probabilities, logits, notes) of picture files, each with its media type.

        Raises:
            Refusal: one can't be read, or there is too much to do.
        """
        note_pictures(scope, [data for data, _ in files])
        self.batcher.enter(len(files))
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self.pictures.read(*file)) for file in files]
            read = [task.result() for task in tasks]
            probabilities, logits = await self._answer(np.stack([p for p, _ in read]), scope)
        except ExceptionGroup as failures:  # the first ended the others
            raise failures.exceptions[0] from None
        finally:
            self.batcher.leave(len(files))
        return probabilities, logits, [notes for _, notes in read]

    async def ask(self, pixels: np.ndarray, scope: Scope) -> tuple[np.ndarray, np.ndarray]:
        """(probabilities, logits) of uint8 [n, height, width, channels].

        Raises:
            Refusal: there is too much to do.
        """
        note_pictures(scope, pixels)
        self.batcher.enter(len(pixels))
        try:
            return await self._answer(pixels, scope)
        finally:
            self.batcher.leave(len(pixels))

    async def _answer(self, pixels: np.ndarray, scope: Scope) -> tuple[np.ndarray, np.ndarray]:
        connection, now = scope.get("connection"), asyncio.get_running_loop().time
        wait = patience(scope)
        end = None if wait is None else wait + (connection.since if connection else now())

        def unwanted() -> Refusal | None:
            if connection is not None and connection.gone:
                return Refusal(499, "gone", "nobody waits for the answer")
            if end is not None and now() > end:
                return Refusal(504, "too_late", "the time that the request was given is over")
            return None

        return await self.batcher.answer(pixels, unwanted)

    def raw(self, body: bytes) -> np.ndarray:
        """Bytes that are pixels already -> uint8 [n, height, width, channels].

        Raises:
            Refusal: they are not so many, or too many.
        """
        each = self.shape[0] * self.shape[1] * self.shape[2]
        if not body or len(body) % each:
            height, width, channels = self.shape
            raise Refusal(
                422,
                "wrong_size",
                f"{len(body):,} bytes of pixels, expected {each:,} for each picture: "
                f"uint8 [{height}, {width}, {channels}]",
            )
        if len(body) // each > self.limits.pictures:
            raise too_many(self.limits.pictures)
        return np.frombuffer(body, np.uint8).reshape(-1, *self.shape)


def patience(scope: Scope) -> float | None:
    """How many seconds whoever asks waits, where a header says so.

    >>> patience({"headers": [(b"x-envoy-expected-rq-timeout-ms", b"500")]})
    0.5
    """
    headers = headers_of(scope)
    for name, unit in PATIENCE.items():
        told = headers.get(name)
        if told is not None and re.fullmatch(r"\d{1,9}(\.\d{1,9})?", told):
            return float(told) * unit
    return None


def from_base64(text: Any) -> bytes:
    """Bytes of base64, plain, URL-safe, or a data: URL.

    Raises:
        Refusal: it is none.

    >>> from_base64("aGk="), from_base64("data:image/png;base64,aGk=")
    (b'hi', b'hi')
    """
    if not isinstance(text, str):
        raise Refusal(422, "bad_base64", "a picture in JSON is base64, a string")
    if text.startswith("data:"):
        text = text.partition(",")[2]
    text = text.replace("-", "+").replace("_", "/")
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(422, "bad_base64", "a picture is no base64") from None
