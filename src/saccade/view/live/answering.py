"""Asks a process that has the network what a drawn picture shows: this one loads no JAX.

It is started with the first question, ends with the server, and is started anew where it died.
"""

import asyncio
import base64
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from saccade.core.errors import BadRun

# Its name is all that is known of it here: nothing is imported.
COMMAND = (sys.executable, "-m", "saccade.train.answering")
MOST_LINE = 1 << 20
PATIENCE = 60.0  # seconds: the first question loads JAX and compiles


class Answerer:
    """Speaks lines of JSON with a command, one question at a time."""

    def __init__(self, command: Sequence[str] = COMMAND):
        self.command = command
        self.asking = asyncio.Lock()
        self.process: asyncio.subprocess.Process | None = None

    async def ask(self, run: Path, step: int | None, pixels: bytes) -> dict[str, Any]:
        """`{"probabilities", "step", "confidence", "calibrated_step"}` for one picture.

        Raises:
            BadRun: the process says why not, or does not answer.
        """
        return await self._ask(run, step, {"pixels": base64.b64encode(pixels).decode()})

    async def ask_printed(self, run: Path, step: int | None) -> dict[str, Any]:
        """`{"pixels", "shape", "labels", "answers", "step"}` for the digits of `font-digits`.

        Raises:
            BadRun: the process says why not, or does not answer.
        """
        return await self._ask(run, step, {"printed": True})

    async def _ask(self, run: Path, step: int | None, about: dict[str, Any]) -> dict[str, Any]:
        line = {"run": str(run), "step": step, **about}
        async with self.asking:
            try:
                answer = await asyncio.wait_for(self._exchange(json.dumps(line)), PATIENCE)
            except (OSError, ValueError, TimeoutError, asyncio.CancelledError) as error:
                self.end()  # what it says later would be taken for another answer
                if isinstance(error, asyncio.CancelledError):
                    raise
                raise BadRun("the answering process does not answer") from None
        if "error" in answer:
            raise BadRun(str(answer["error"]))
        return answer

    def end(self) -> None:
        """Ends the process, if it is there."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
        self.process = None

    async def _exchange(self, line: str) -> dict[str, Any]:
        if self.process is None or self.process.returncode is not None:
            pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
            self.process = await asyncio.create_subprocess_exec(
                *self.command, stdin=pipe, stdout=pipe, stderr=nothing, limit=MOST_LINE
            )
        asked, told = self.process.stdin, self.process.stdout
        if asked is None or told is None:
            raise OSError("no pipes")
        asked.write(line.encode() + b"\n")
        await asked.drain()
        answer = json.loads(await told.readline())
        if not isinstance(answer, dict):
            raise ValueError("not an answer")
        return answer
