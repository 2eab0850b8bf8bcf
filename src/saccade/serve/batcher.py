"""Pixels become answers: at once when nothing else is to do, several at a time when there is."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from saccade.bundle.model import Model
from saccade.serve.limits import Limits
from saccade.serve.refusal import Refusal, busy

log = logging.getLogger("saccade.serve")

# A network that answers a picture sooner than that is asked right where requests are read: handing
# it to a thread and back takes about as long.
AT_ONCE = 0.0005
# So long may a batch take, whatever waits behind it.
BATCH_SECONDS = 0.05
LEAST_WAITING = 4
# Batches that stand ready for the next free lane, so that none waits for the event loop.
AHEAD = 1
# More pictures at once are worth their wait as long as each costs no more than so many times the
# least: what a large network makes of eight pictures no longer fits the processor's cache.
WORTH = 1.05
FORGETTING = 0.9  # how much the time a picture takes is still thought to be what it was

Answers = tuple[np.ndarray, np.ndarray]


@dataclass(eq=False)
class Waiting:
    """Pictures of one request. `unwanted` says why nobody wants the answer any more."""

    pixels: np.ndarray
    answer: "asyncio.Future[Answers]"
    unwanted: Callable[[], Refusal | None]


@dataclass(eq=False)
class Batcher:
    """Asks a network, for all requests of a process.

    `model` computes with one thread, so that as many batches are computed at the same time as there
    are `lanes`: nothing waits for another thread then. Who comes alone is answered by `wide`, the
    same network with a thread for each processor, which takes less time and more processor.
    `inside` counts the pictures of requests that were let in (`enter`) and not yet answered: those
    that wait, are decoded, are computed.
    """

    model: Model
    limits: Limits
    wide: Model | None = None
    lanes: int = 1
    seconds: float = 0.0  # from one picture to the next, when there is much to do
    together: int = 1  # pictures that are computed at once
    inside: int = 0
    waiting: deque[Waiting] = field(default_factory=deque)
    working: int = 0  # batches that are computed, or stand ready
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    def __post_init__(self) -> None:
        alone = self._measure()
        self.at_once = alone < AT_ONCE
        self.together = self.model.together if self.at_once else self._best_together(alone)
        if self.at_once:
            self.lanes = 1
        self.batches = self.lanes + (0 if self.at_once else AHEAD)
        self.seconds = alone / self.lanes
        self.threads = ThreadPoolExecutor(self.lanes, "answer")

    def close(self) -> None:
        """Ends its threads."""
        self.threads.shutdown(cancel_futures=True)

    @property
    def most(self) -> int:
        """How many pictures may be inside."""
        return max(LEAST_WAITING, int(self.limits.wait_seconds / self.seconds))

    def enter(self, pictures: int = 1) -> None:
        """Lets a request in, or not; `leave` comes after it. Alone, it may bring any number.

        Raises:
            Refusal: those that are here take too long already.
        """
        if self.inside and self.inside + pictures > self.most:
            raise busy(self.inside * self.seconds)
        self.inside += pictures

    def leave(self, pictures: int = 1) -> None:
        """Undoes `enter`."""
        self.inside -= pictures

    async def answer(self, pixels: np.ndarray, unwanted: Callable[[], Refusal | None]) -> Answers:
        """uint8 [n, height, width, channels] -> (probabilities, raw logits), float32 [n, classes].

        Raises:
            Refusal: the network can't be run, or nobody waits for its answer.
        """
        loop = asyncio.get_running_loop()
        waiting = Waiting(pixels, loop.create_future(), unwanted)
        self.waiting.append(waiting)
        if self.working < self.batches:
            self.working += 1
            if self.at_once:
                loop.call_soon(self._flush)  # with whatever else came in this turn
            else:
                task = loop.create_task(self._work())
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)
        return await waiting.answer

    def _flush(self) -> None:
        while self.waiting:
            batch = self._next()
            if batch:
                self._tell(batch, self._ask(batch, self.model))
        self.working = 0

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self.waiting:
                batch = self._next()
                if batch:
                    alone = self.working == 1 and not self.waiting
                    model = self.wide if alone and self.wide is not None else self.model
                    told = await loop.run_in_executor(self.threads, self._ask, batch, model)
                    self._tell(batch, told)
        finally:
            self.working -= 1

    def _next(self) -> list[Waiting]:
        """As many as are computed together, in the order in which they came."""
        most = min(self.together, max(1, int(BATCH_SECONDS / self.seconds)))
        batch: list[Waiting] = []
        count = 0
        while self.waiting and (not batch or count + len(self.waiting[0].pixels) <= most):
            one = self.waiting.popleft()
            if one.answer.done():
                pass  # whoever asked was cancelled
            elif refusal := one.unwanted():
                one.answer.set_exception(refusal)
                one.answer.exception()  # read, so that nobody is told of it
            else:
                batch.append(one)
                count += len(one.pixels)
        return batch

    def _ask(self, batch: list[Waiting], model: Model) -> Answers | None:
        """None where it can't be computed: whoever waits must hear of it, whatever it was."""
        began = time.perf_counter()
        try:
            parts = [one.pixels for one in batch]
            pixels = parts[0] if len(parts) == 1 else np.concatenate(parts)
            answers = model.answer(pixels)
        except Exception:
            log.exception("the network failed")
            return None
        lanes = 1 if model is self.wide else self.lanes
        each = (time.perf_counter() - began) / len(pixels) / lanes
        self.seconds = FORGETTING * self.seconds + (1 - FORGETTING) * each
        return answers

    @staticmethod
    def _tell(batch: list[Waiting], answers: Answers | None) -> None:
        first = 0
        for one in batch:
            last = first + len(one.pixels)
            if one.answer.done():
                pass  # whoever asked was cancelled meanwhile
            elif answers is None:
                one.answer.set_exception(Refusal(500, "network_failed", "the network failed"))
            else:
                one.answer.set_result((answers[0][first:last], answers[1][first:last]))
            first = last

    def _measure(self) -> float:
        """Seconds for a picture, once it has been asked a few times."""
        return max(self._least(1, 5, time.perf_counter), 1e-6)

    def _best_together(self, alone: float) -> int:
        """How many pictures are computed at once, by the processor time that each takes."""
        best, least, together = 1, float("inf"), 1
        while together <= self.model.together and together * alone <= 2 * BATCH_SECONDS:
            each = self._least(together, 3, time.process_time) / together
            least = min(least, each)
            if each <= WORTH * least:
                best = together
            elif each > WORTH**2 * least:
                break
            together *= 2
        return best

    def _least(self, pictures: int, times: int, clock: Callable[[], float]) -> float:
        """The least seconds, of several times, for so many pictures at once."""
        pixels = np.zeros((pictures, *self.model.shape), np.uint8)
        seconds = []
        for _ in range(times):
            began = clock()
            self.model.answer(pixels)
            seconds.append(clock() - began)
        return min(seconds)
