"""Where a run is headed: its rate and its length, as what it was told on its way has left them."""

from collections.abc import Iterator, Sequence

import numpy as np

from saccade.run.control import WITH_VALUE
from saccade.run.control import Request as Asked
from saccade.run.events import Event, Intervened
from saccade.train.commands import (
    AddEpochs,
    Command,
    Pause,
    Resume,
    Save,
    SetLearningRate,
    Source,
    Stop,
    command_of,
)
from saccade.train.recipe import Recipe


class Steering:
    """Asks for commands and keeps what has become of them.

    `replay` are interventions of an earlier run, which come again at the same steps.
    """

    def __init__(
        self, recipe: Recipe, images: int, commands: Source, replay: Sequence[Intervened] = ()
    ):
        self.recipe, self.images, self.commands = recipe, images, commands
        self.total = recipe.total_steps(images)
        self.replay = [told for told in replay if told.request in (*WITH_VALUE, "stop")]
        self.told: list[Intervened] = []
        self.stop: Stop | None = None
        self.paused = self.save = False

    def rates(self, first: int, count: int) -> np.ndarray:
        """The learning rates of `count` steps from `first` on."""
        return np.array([self.recipe.rate(s, self.total) for s in range(first, first + count)])

    def next_replayed(self, step: int) -> int:
        """The first step after `step` at which something is told again; the last one if none is."""
        return min((told.step for told in self.replay if told.step > step), default=self.total)

    def ask(self, history: Sequence[Event], step: int) -> Iterator[Intervened]:
        """Obeys what is asked now; yields what a person asked for."""
        for told in self.replay:
            if told.step == step and told not in self.told:
                self._obey(_command(told))
                yield self._note(told)
        for command in self.commands(history):
            self._obey(command)
            if command.source:
                request, value = _request(command)
                yield self._note(Intervened(step, request, value, command.source, self.total))

    def tell_again(self, told: Sequence[Intervened]) -> None:
        """What was told before a checkpoint, when the run goes on from it."""
        for each in told:
            self.told.append(each)
            if each.request in WITH_VALUE:
                self._obey(_command(each))
        self.save = False

    def take_save(self) -> bool:
        """Whether a save was asked for since the last time."""
        asked, self.save = self.save, False
        return asked

    @property
    def waits(self) -> bool:
        """Whether no step may be taken now."""
        return self.paused and self.stop is None

    def _note(self, told: Intervened) -> Intervened:
        self.told.append(told)
        return told

    def _obey(self, command: Command) -> None:
        match command:
            case Stop():
                self.stop = self.stop or command
            case Save():
                self.save = True
            case Pause():
                self.paused = True
            case Resume():
                self.paused = False
            case SetLearningRate(rate):
                self.recipe = self.recipe.with_rate(rate)
                self.save = True  # or a kill would lose it
            case AddEpochs(epochs):
                more = round(epochs * self.images / self.recipe.batch_size)
                self.total += max(1, more)
                self.save = True


def _request(command: Command) -> tuple[str, float | None]:
    match command:
        case SetLearningRate(rate):
            return "learning_rate", rate
        case AddEpochs(epochs):
            return "epochs", epochs
    return type(command).__name__.lower(), None


def _command(told: Intervened) -> Command:
    return command_of(Asked(told.request, told.value, told.source))
