"""What a person sees while a run trains: a bar on a terminal, plain lines elsewhere. On stderr."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from saccade.cli.words import duration
from saccade.run.events import Evaluated, Event, Intervened, Prepared, StepsDone
from saccade.run.interventions import told

SECONDS_BETWEEN_LINES = 2.0
SECONDS_BETWEEN_ANSWERS = 5.0


class Show(Protocol):
    """Is told of every event."""

    def __call__(self, event: Event) -> None: ...


@contextmanager
def training_progress(first: int, total: int) -> Iterator[Show]:
    """Shows steps, accuracy, images/s and time left, from step `first` to `total`."""
    console = Console(stderr=True)
    if console.is_terminal:
        with _bar(console) as bar:
            yield _on_terminal(bar, first, total)
    else:
        yield _Lines(total)


@contextmanager
def reading_progress() -> Iterator[Progress | None]:
    """A bar for decoding pictures; None where stderr is no terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    with _bar(console) as bar:
        yield bar


@contextmanager
def scoring_progress(first: int, total: int) -> Iterator[Callable[[int], None]]:
    """Is told how many pictures have an answer, `first` of them from before; says what is left."""
    console = Console(stderr=True)
    if console.is_terminal:
        with _bar(console) as bar:
            task = bar.add_task("pictures", total=total, completed=first, text="")
            yield lambda done: bar.update(task, completed=done)
        return
    began = said = time.monotonic()

    def say(done: int) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said < SECONDS_BETWEEN_ANSWERS or done == total:
            return
        said = now
        speed = (done - first) / (now - began)
        print(
            f"{done:,} of {total:,} pictures, {speed:,.0f} a second, "
            f"about {duration((total - done) / speed)} left",
            file=sys.stderr,
            flush=True,
        )

    yield say


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}/{task.total:,.0f}"),
        TextColumn("{task.fields[text]}"),
        TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
    )


def _on_terminal(bar: Progress, first: int, total: int) -> Show:
    task = bar.add_task("training", total=total, completed=first, text="compiling")
    accuracy = ""

    def show(event: Event) -> None:
        nonlocal accuracy
        if isinstance(event, Evaluated):
            accuracy = f"{event.split} {100 * event.accuracy:.2f} %  "
        elif isinstance(event, StepsDone):
            speed = event.images / event.seconds
            bar.update(task, completed=event.last, text=f"{accuracy}{speed:,.0f} images/s")
        elif isinstance(event, Prepared):
            bar.update(
                task,
                text=f"{event.split}: {event.done:,} of {event.total:,} pictures through the base",
            )
        elif isinstance(event, Intervened):
            bar.console.print(*told([vars(event)]), markup=False, highlight=False)
            bar.update(task, total=event.total_steps)
            if event.request in ("pause", "resume"):
                bar.update(task, text=f"{accuracy}{event.request}d")

    return show


class _Lines:
    """One line an evaluation, at most one every two seconds, and always the first and last."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.said = 0.0
        self.speed = 0.0
        self.began: tuple[float, int] | None = None  # after the first evaluation: both compile
        self.paused: float | None = None

    def __call__(self, event: Event) -> None:
        if isinstance(event, StepsDone):
            self.speed = event.images / event.seconds
        elif isinstance(event, Prepared):
            self._prepared(event)
        elif isinstance(event, Intervened):
            self._intervened(event)
        elif isinstance(event, Evaluated):
            self._evaluated(event)

    def _prepared(self, event: Prepared) -> None:
        now = time.monotonic()
        if now - self.said >= SECONDS_BETWEEN_LINES:
            self.said = now
            print(
                f"{event.split}: {event.done:,} of {event.total:,} pictures are through the base",
                file=sys.stderr,
                flush=True,
            )

    def _intervened(self, event: Intervened) -> None:
        """A pause is no part of the pace that tells the time left."""
        print(*told([vars(event)]), file=sys.stderr, flush=True)
        self.total = event.total_steps
        now = time.monotonic()
        if event.request == "pause":
            self.paused = self.paused or now
        elif event.request == "resume" and self.paused is not None:
            if self.began is not None:
                self.began = (self.began[0] + now - self.paused, self.began[1])
            self.paused = None

    def _evaluated(self, event: Evaluated) -> None:
        now = time.monotonic()
        self.began = self.began or (now, event.step)
        if now - self.said < SECONDS_BETWEEN_LINES and event.step < self.total:
            return
        self.said = now
        began, first = self.began
        pace = (now - began) / max(event.step - first, 1)
        left = f", about {duration(pace * (self.total - event.step))} left"
        remaining = left if first < event.step < self.total else ""
        print(
            f"step {event.step:,}/{self.total:,}  {event.split} accuracy "
            f"{100 * event.accuracy:.2f} %, loss {event.loss:.4f}, "
            f"{self.speed:,.0f} images/s{remaining}",
            file=sys.stderr,
            flush=True,
        )
