"""Owns the socket; starts, replaces and ends the process that answers on it.

The socket stays open whatever becomes of a worker: who connects meanwhile waits, and is answered by
the next one. SIGHUP puts a new worker in place of the old, which answers what it has and goes.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress

from saccade.core.errors import BadBundle
from saccade.serve.settings import Settings

log = logging.getLogger("saccade.serve")

READY = b"ready"
START_SECONDS = 120.0
# Between SIGTERM and the end: whoever sends requests here must hear that this one ends.
NOTICE = 3.0
WAITS = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)  # seconds before a worker that died is started again
HEALTHY = 30.0  # so long it lived, if its death is no sign of a fault that stays


class Supervisor:
    """Keeps one worker answering. `started` is called when the first one does."""

    def __init__(
        self, settings: Settings, sockets: list[socket.socket], started: Callable[[], None]
    ):
        self.settings, self.sockets, self.started = settings, sockets, started
        self.replace, self.stop = asyncio.Event(), asyncio.Event()
        self.patient = False
        self.leaving: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until SIGTERM or Ctrl-C.

        Raises:
            BadBundle: the first worker can't serve it; says why.
        """
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self.replace.set)
        loop.add_signal_handler(signal.SIGTERM, self._stop, True)
        loop.add_signal_handler(signal.SIGINT, self._stop, False)
        worker = await self._start()
        self.started()
        died = 0
        while not self.stop.is_set():
            began = loop.time()
            if await self._until_something(worker):
                worker = await self._replaced(worker)
            elif not self.stop.is_set():
                died = 0 if loop.time() - began > HEALTHY else died + 1
                worker = await self._started_again(worker, died)
        await self._end(worker)

    def _stop(self, patient: bool) -> None:
        self.patient = patient
        self.stop.set()

    async def _until_something(self, worker: asyncio.subprocess.Process) -> bool:
        """Waits for a signal, or for the worker's death; whether it is to be replaced."""
        events = [
            asyncio.ensure_future(what)
            for what in (worker.wait(), self.replace.wait(), self.stop.wait())
        ]
        await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
        for event in events:
            event.cancel()
        asked = self.replace.is_set() and not self.stop.is_set()
        self.replace.clear()
        return asked

    async def _start(self) -> asyncio.subprocess.Process:
        """A worker that answers.

        Raises:
            BadBundle: it does not; says why.
        """
        told, tell = os.pipe()
        numbers = [one.fileno() for one in self.sockets]
        command = [self.settings.to_json(), str(tell), *map(str, numbers)]
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "saccade.serve.worker", *command),
            stdin=asyncio.subprocess.PIPE,  # it ends when we do, however that is
            pass_fds=[tell, *numbers],
        )
        os.close(tell)
        try:
            async with asyncio.timeout(START_SECONDS):
                said = await asyncio.to_thread(_all_of, told)
        except TimeoutError:
            said = b"it was not ready within two minutes"
        if said != READY:
            with suppress(ProcessLookupError):
                worker.kill()
            await worker.wait()
            raise BadBundle(said.decode("utf-8", "replace") or "the server's process ended")
        return worker

    async def _replaced(self, worker: asyncio.subprocess.Process) -> asyncio.subprocess.Process:
        """A new worker, if one can be had; else the old one goes on."""
        try:
            new = await self._start()
        except BadBundle as error:
            log.error("not replaced, the old one goes on: %s", error)
            return worker
        task = asyncio.create_task(self._let_go(worker))
        self.leaving.add(task)
        task.add_done_callback(self.leaving.discard)
        log.warning("replaced: process %d instead of %d", new.pid, worker.pid)
        return new

    async def _started_again(
        self, worker: asyncio.subprocess.Process, died: int
    ) -> asyncio.subprocess.Process:
        log.error("the server's process ended with %s", worker.returncode)
        while not self.stop.is_set():
            with suppress(TimeoutError):
                wait = WAITS[min(died, len(WAITS) - 1)]
                await asyncio.wait_for(self.stop.wait(), wait + 0.001)
                break
            try:
                return await self._start()
            except BadBundle as error:
                log.error("it can't be started again: %s", error)
                died += 1
        return worker

    async def _let_go(self, worker: asyncio.subprocess.Process) -> None:
        """Ends it once it has answered; a second more than it takes at most, and it is killed."""
        if worker.returncode is not None:
            return
        with suppress(ProcessLookupError):
            worker.terminate()
        try:
            async with asyncio.timeout(self.settings.limits.drain_seconds + 2):
                await worker.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                worker.kill()
            await worker.wait()

    async def _end(self, worker: asyncio.subprocess.Process) -> None:
        if self.patient and worker.returncode is None:
            self.stop.clear()
            worker.send_signal(signal.SIGUSR1)
            with suppress(TimeoutError):  # a second signal does not wait
                await asyncio.wait_for(self.stop.wait(), NOTICE)
        await self._let_go(worker)
        await asyncio.gather(*self.leaving)


def _all_of(descriptor: int) -> bytes:
    """What is written until the other side closes it."""
    with os.fdopen(descriptor, "rb") as file:
        return file.read(100_000)
