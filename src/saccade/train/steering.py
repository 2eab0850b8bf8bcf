"""Where a run is headed: its rate and its length, as what it was told on its way has left them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from saccade.run.control import Request as Asked
from saccade.run.control import check
from saccade.run.events import Event, Intervened
from saccade.run.interventions import DECIDING
from saccade.train.commands import (
    PROGRAM,
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

DIVERGENCE = "divergence"  # the source of a halved rate


@dataclass(frozen=True)
class Leg:
    """From the step `first` on, counted from 0: this recipe, and `total` steps in all."""

    first: int
    recipe: Recipe
    total: int


class Steering:
    """Asks for commands and keeps what has become of them.

    `replay` are interventions of an earlier run, which come again at the same steps.
    """

    def __init__(
        self, recipe: Recipe, images: int, commands: Source, replay: Sequence[Intervened] = ()
    ):
        self.images, self.commands = images, commands
        self.legs = [Leg(0, recipe, recipe.total_steps(images))]
        self.replay = [told for told in replay if told.request in DECIDING]
        self.told: list[Intervened] = []
        self.stop: Stop | None = None
        self.paused = self.save = False

    @property
    def total(self) -> int:
        """How many steps there are to be."""
        return self.legs[-1].total

    @property
    def recipe(self) -> Recipe:
        """The recipe of the next step."""
        return self.legs[-1].recipe

    def rates(self, first: int, count: int) -> np.ndarray:
        """The learning rates of `count` steps from `first` on."""
        return np.array([self._rate(step) for step in range(first, first + count)])

    def _rate(self, step: int) -> float:
        leg = next(leg for leg in reversed(self.legs) if leg.first <= step)
        return leg.recipe.rate(step, leg.total)

    def next_replayed(self, step: int) -> int:
        """The first step after `step` at which something is told again; the last one if none is."""
        return min((told.step for told in self.replay if told.step > step), default=self.total)

    def ask(self, history: Sequence[Event], step: int) -> Iterator[Intervened]:
        """Obeys what is asked now; yields it. That the program itself saves or stops is no
        intervention.

        Raises:
            BadUsage: the number of a command is out of range.
        """
        for told in self.replay:
            if told.step == step and told not in self.told:
                self._obey(step, _command(told))
                yield self._note(told)
        for command in self.commands(history):
            request, value = _request(command)
            check(request, value)
            self._obey(step, command)
            if command.source != PROGRAM or not isinstance(command, Save | Stop):
                yield self._note(Intervened(step, request, value, command.source, self.total))

    @property
    def went_back(self) -> bool:
        """Whether the rate was halved before because the loss was no number."""
        return any(told.source == DIVERGENCE for told in self.told)

    def halve(self, step: int) -> Intervened:
        """Half the learning rate from here on."""
        rate = self.recipe.schedule.rate / 2
        self._obey(step, SetLearningRate(rate, DIVERGENCE))
        return self._note(Intervened(step, "learning_rate", rate, DIVERGENCE, self.total))

    def tell_again(self, told: Sequence[Intervened]) -> None:
        """What was told before a checkpoint, when the run goes on from it: not paused."""
        for each in told:
            self.told.append(each)
            if each.request in DECIDING:
                self._obey(each.step, _command(each))
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

    def _obey(self, step: int, command: Command) -> None:
        """Saves what a kill would lose: a change of the numbers, the steps before a pause."""
        match command:
            case Stop():
                self.stop = self.stop or command
            case Save():
                self.save = True
            case Pause():
                self.paused = self.save = True
            case Resume():
                self.paused = False
            case SetLearningRate(rate):
                self.legs.append(Leg(step, self.recipe.with_rate(rate), self.total))
                self.save = True
            case AddEpochs(epochs):
                more = max(1, round(epochs * self.images / self.recipe.batch_size))
                self.legs.append(Leg(step, self.recipe, self.total + more))
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
