"""Runs to look at, real and hand-made (through the real `record`), and pages taken apart."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import saccade
from saccade.core.records import Predictions, Split
from saccade.run.checkpoint import Checkpoint
from saccade.run.directory import Run, create_run
from saccade.run.events import (
    Accuracy,
    Evaluated,
    Event,
    Finished,
    Intervened,
    Saved,
    Started,
    StepsDone,
)
from saccade.train.record import record
from saccade.view.report import write_report


@dataclass(frozen=True)
class Tale:
    """A run that never happened: what it was trained on and what it answered."""

    classes: tuple[str, ...] = ("cat", "dog")
    labels: tuple[int, ...] = (0, 0, 0, 1, 1, 1)
    answers: tuple[int, ...] = (0, 0, 1, 1, 1, 0)
    names: tuple[str, ...] = ()
    side: int = 8
    recipe: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    command: str = "saccade train ./pets"

    @property
    def predictions(self) -> Predictions:
        """Answers of rising sureness, so that the last mistake is the worst."""
        logits = np.zeros((len(self.labels), len(self.classes)))
        logits[np.arange(len(self.labels)), self.answers] = np.linspace(1, 5, len(self.labels))
        return Predictions(logits, np.array(self.labels, np.int32))

    def events(self) -> list[Event]:
        """Forty steps, two evaluations (the first is the best), a save, the end."""
        split = self.recipe.get("watch", "validation")
        steps = [
            StepsDone(first, first + 9, 0.1, (2.0,) * 10, (first / 50,) * 10, (0.1,) * 10, 100)
            for first in (1, 11, 21, 31)
        ]
        evaluated = [
            Evaluated(step, split, accuracy, 0.5, 20, best, 1.0, 0.5, 0.1, 0.01)
            for step, accuracy, best in ((20, 0.75, True), (40, 0.7, False))
        ]
        saved = Saved(40, ("last",), Checkpoint(40, {"w": np.zeros(1)}, {}, {}))
        return [Started(self.facts(), 0), *steps[:2], evaluated[0], *steps[2:], evaluated[1], saved,
                self.finished()]  # fmt: skip

    def finished(self) -> Finished:
        predictions = self.predictions
        wrong = np.flatnonzero(predictions.answers != predictions.labels)[::-1][:50]
        names = self.names or tuple(f"test/{i}" for i in range(len(predictions)))
        pixels = np.arange(len(wrong) * self.side**2 * 3, dtype=np.uint32).astype(np.uint8)
        watched_test = self.recipe.get("watch") == "test"
        return Finished(
            step=40,
            reason="all steps done",
            seconds=0.4,
            images_per_second=4000.0,
            validation=None if watched_test else Accuracy(0.75, 0.5, 0.9, 0.5, 20),
            test=Accuracy.of(predictions),
            step_read=40 if watched_test else 20,
            best_watched=0.75,
            predictions=predictions,
            names=names,
            worst_ids=tuple(wrong.tolist()),
            worst=Split(
                pixels.reshape(len(wrong), self.side, self.side, 3),
                predictions.labels[wrong],
                [names[i] for i in wrong],
            ),
        )

    def facts(self) -> dict[str, Any]:
        images = len(self.labels)
        return {
            "data": {
                "name": "pets",
                "statement": f"pets: {images} images",
                "fingerprint": "f" * 64,
                "classes": list(self.classes),
                "train": 1000,
                "validation": 20,
                "test": images,
                "test_origin": "held out",
                "excluded": [],
                **self.data,
            },
            "model": {
                "name": "conv",
                "model": "conv",
                "arguments": {},
                "input_shape": [8, 8, 3],
                "parameters": 99,
            },
            "recipe": {
                "name": "default",
                "source": "",
                "reported": None,
                "steps": 40,
                "watch": "validation",
                **self.recipe,
            },
            "total_steps": 40,
            "device": {"kind": "cpu", "name": "cpu", "cores": 2},
            "versions": {"python": "3.13.0", "jax": "0.12.0"},
            "command": self.command,
        }


VOID = {"meta", "br", "img"}


@dataclass
class Element:
    """A tag with its attributes and all text inside it."""

    tag: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """A page taken apart; `errors` lists tags that do not pair up."""

    html: str
    elements: list[Element] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[Element] = []
        self.feed(self.html)
        self.close()
        self.errors += [f"<{element.tag}> is never closed" for element in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.errors.append(f"<{tag}> has an attribute twice: {names}")
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1].tag != tag:
            self.errors.append(f"</{tag}> closes {[e.tag for e in self._open[-1:]]}")
        else:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str, kind: str | None = None) -> list[Element]:
        """Every element of this tag, with this word in its class."""
        return [
            element
            for element in self.elements
            if element.tag == tag
            and (kind is None or kind in element.attributes.get("class", "").split())
        ]

    def part(self, title: str) -> str:
        """The text of the section with this heading."""
        found = [e.text for e in self.all("section") if e.text.startswith(title)]
        assert len(found) == 1, (title, [e.text[:30] for e in self.all("section")])
        return found[0]

    @property
    def text(self) -> str:
        """Everything a person reads."""
        return self.all("main")[0].text


@pytest.fixture
def tell(tmp_path: Path) -> Callable[..., Run]:
    """Records a tale, all of it or its first events; the rest never happens, as after a kill.

    `asked` are interventions: each comes after the steps it names.
    """
    number = count(1)

    def telling(events: int | None = None, asked: Sequence[Intervened] = (), **tale: Any) -> Run:
        run = create_run(tmp_path / f"run-{next(number)}")
        told: list[Event] = Tale(**tale).events()
        for each in asked:
            told.insert(1 + each.step // 10, each)
        for _ in record(iter(told[:events]), run):
            pass
        return Run(run.path)

    return telling


@pytest.fixture
def look() -> Callable[[Run], Page]:
    """Writes a run's report and takes it apart."""
    return lambda run: Page(write_report(run).read_text("utf-8"))


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A real run: thirty steps of softmax on the built-in digits."""
    run = create_run(tmp_path_factory.mktemp("runs") / "digits run")
    recipe = saccade.recipe("softmax", steps=30, evaluate_every=10)
    for _ in saccade.record(saccade.fit("softmax", saccade.load("digits"), recipe), run):
        pass
    return Run(run.path)
