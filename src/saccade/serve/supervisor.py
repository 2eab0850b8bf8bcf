"""Owns the socket; starts, replaces and ends the processes that answer on it.

The socket stays open whatever becomes of a worker: who connects meanwhile waits, and is answered by
the next one. SIGHUP puts new workers in place of the old, which answer what they have and go. A
large network has one worker, whose threads keep all processors busy; of a small one most of the
work is HTTP, so that it has a worker for each processor.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

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
    """Keeps workers answering, as many as the first one says are worth it.

    Each has one of `metrics`, sockets, to itself: counts of two processes are two series. `started`
    is called when all answer, with how many they are; `renew` before what answers is replaced: it
    brings the bundle up to date, or raises BadBundle.
    """

    def __init__(
        self,
        settings: Settings,
        listener: socket.socket,
        metrics: list[socket.socket],
        started: Callable[[int], None],
        renew: Callable[[], None] | None = None,
    ):
        self.settings, self.listener, self.metrics = settings, listener, metrics
        self.started, self.renew = started, renew
        self.replace, self.stop = asyncio.Event(), asyncio.Event()
        self.patient = False
        self.workers: list[Process] = []
        self.began, self.died = 0.0, 0
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
        self.workers = await self._start_all()
        self.began = loop.time()
        for unused in self.metrics[len(self.workers) :]:
            unused.close()
        self.started(len(self.workers))
        while not self.stop.is_set():
            await self._until_something()
            if self.replace.is_set() and not self.stop.is_set():
                self.replace.clear()
                await self._replace_all()
            elif not self.stop.is_set():
                await self._start_again()
        await self._end()

    def _stop(self, patient: bool) -> None:
        self.patient = patient
        self.stop.set()

    async def _until_something(self) -> None:
        """Waits for a signal, or for a worker's death."""
        what = (*(worker.wait() for worker in self.workers), self.replace.wait(), self.stop.wait())
        events = [asyncio.ensure_future(one) for one in what]
        await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
        for event in events:
            event.cancel()

    async def _start_all(self) -> list[Process]:
        """Workers that answer, on processors of their own if their network is small.

        Raises:
            BadBundle: they do not; says why.
        """
        first, count = await self._start(0)
        rest = await asyncio.gather(
            *(self._start(i) for i in range(1, count)), return_exceptions=True
        )
        workers = [first, *(one[0] for one in rest if not isinstance(one, BaseException))]
        for failure in rest:
            if isinstance(failure, BaseException):
                await asyncio.gather(*map(self._let_go, workers))
                raise failure
        return workers

    async def _start(self, number: int) -> tuple[Process, int]:
        """A worker that answers, and how many it says there should be.

        Raises:
            BadBundle: it does not; says why.
        """
        told, tell = os.pipe()
        sockets = [self.listener, *self.metrics[number : number + 1]]
        port = sockets[1].getsockname()[1] if len(sockets) > 1 else 0
        settings = replace(self.settings, metrics_port=port).to_json()
        files = [tell, *(one.fileno() for one in sockets)]
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "saccade.serve.worker", settings, *map(str, files)),
            stdin=asyncio.subprocess.PIPE,  # it ends when we do, however that is
            pass_fds=files,
        )
        os.close(tell)
        try:
            async with asyncio.timeout(START_SECONDS):
                said = await asyncio.to_thread(_all_of, told)
        except TimeoutError:
            said = b"it was not ready within two minutes"
        word, _, count = said.partition(b" ")
        if word != READY:
            with suppress(ProcessLookupError):
                worker.kill()
            await worker.wait()
            raise BadBundle(said.decode("utf-8", "replace") or "the server's process ended")
        return worker, int(count)

    async def _replace_all(self) -> None:
        """New workers, if they can be had; else the old ones go on."""
        try:
            if self.renew is not None:
                await asyncio.to_thread(self.renew)
            new = await self._start_all()
        except BadBundle as error:
            log.error("not replaced, the old one goes on: %s", error)
            return
        log.warning("replaced: process %s instead of %s", _pids(new), _pids(self.workers))
        for worker in self.workers:
            task = asyncio.create_task(self._let_go(worker))
            self.leaving.add(task)
            task.add_done_callback(self.leaving.discard)
        self.workers, self.began = new, asyncio.get_running_loop().time()

    async def _start_again(self) -> None:
        """One in place of each that died, later and later if they keep dying."""
        loop = asyncio.get_running_loop()
        self.died = 0 if loop.time() - self.began > HEALTHY else self.died + 1
        for number, worker in enumerate(self.workers):
            if worker.returncode is None:
                continue
            log.error("the server's process %d ended with %d", worker.pid, worker.returncode)
            with suppress(TimeoutError):
                wait = WAITS[min(self.died, len(WAITS) - 1)]
                await asyncio.wait_for(self.stop.wait(), wait + 0.001)
                return
            try:
                self.workers[number], _ = await self._start(number)
                self.began = loop.time()
            except BadBundle as error:
                log.error("it can't be started again: %s", error)

    async def _let_go(self, worker: Process) -> None:
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

    async def _end(self) -> None:
        alive = [worker for worker in self.workers if worker.returncode is None]
        if self.patient and alive:
            self.stop.clear()
            for worker in alive:
                worker.send_signal(signal.SIGUSR1)
            with suppress(TimeoutError):  # a second signal does not wait
                await asyncio.wait_for(self.stop.wait(), NOTICE)
        await asyncio.gather(*map(self._let_go, alive), *self.leaving)


def _pids(workers: list[Process]) -> str:
    return ", ".join(str(worker.pid) for worker in workers)


def _all_of(descriptor: int) -> bytes:
    """What is written until the other side closes it."""
    with os.fdopen(descriptor, "rb") as file:
        return file.read(100_000)
