"""Between what training holds and what a checkpoint's files hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from saccade.core.errors import BadRun
from saccade.models.graph import Graph
from saccade.run.checkpoint import Checkpoint
from saccade.run.events import Intervened
from saccade.train.engine import Engine
from saccade.train.forms import Forms
from saccade.train.standing import Best
from saccade.train.state import State, to_device

OPTIMIZER, TRAINED = "optimizer/", "trained/"


@dataclass(frozen=True)
class ResumeFrom:
    """Where to go on: a checkpoint, and the forms chosen when the run began."""

    last: Checkpoint
    forms: Forms

    @property
    def told(self) -> tuple[Intervened, ...]:
        """What was asked of the run before."""
        return tuple(Intervened(**told) for told in self.last.facts.get("interventions", ()))

    @property
    def evaluated(self) -> int | None:
        """The last step that was evaluated, None in a checkpoint that does not say it."""
        return self.last.facts.get("evaluated")


def to_checkpoint(step: int, state: State, facts: Mapping[str, Any], best: Best) -> Checkpoint:
    """Host copies of everything a run needs to go on exactly.

    The order of pictures and all randomness are functions of the seed and the step, so the step is
    all the position there is.
    """
    beside = {f"{OPTIMIZER}{i:04d}": np.array(value) for i, value in enumerate(state.optimizer)}
    if state.average:  # the file of weights is what answers
        beside |= {f"{TRAINED}{name}": np.array(v) for name, v in state.weights.items()}
    weights = to_host(state.answering)
    if best.weights is None:
        return Checkpoint(step, weights, beside, facts)
    earlier = {} if best.step == step else best.weights
    return Checkpoint(step, weights, beside, facts, best.step, earlier)


def to_host(weights: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Copies of the weights that the next update can't touch."""
    return {name: np.array(value) for name, value in weights.items()}


def from_checkpoint(checkpoint: Checkpoint, engine: Engine) -> State:
    """The state a checkpoint holds.

    Raises:
        BadRun: its arrays are not those of this network and its optimizer.
    """
    for weights in filter(None, (checkpoint.weights, checkpoint.best)):
        check_weights(weights, engine.graph)
    beside = checkpoint.state
    optimizer = [beside[key] for key in sorted(beside) if key.startswith(OPTIMIZER)]
    shapes = [value.shape for value in optimizer]
    expected = engine.layout.optimizer_shapes
    if shapes != expected:
        raise BadRun(
            f"the checkpoint does not fit the optimizer: its variables are {shapes} in the file, "
            f"{expected} by the recipe"
        )
    trained = {
        key.removeprefix(TRAINED): value for key, value in beside.items() if key.startswith(TRAINED)
    }
    if trained:
        return to_device(trained, optimizer, checkpoint.weights)
    return to_device(checkpoint.weights, optimizer, {})


def check_weights(weights: Mapping[str, np.ndarray], graph: Graph) -> None:
    """Refuses arrays of other names or shapes than the network's.

    Raises:
        BadRun: names the first that differs.
    """
    expected = {name: tuple(v.shape) for name, v in graph.weights.items()}
    held = {name: value.shape for name, value in weights.items()}
    if expected != held:
        name = sorted(expected.items() ^ held.items())[0][0]
        raise BadRun(
            f"the checkpoint does not fit the network: {name} is {held.get(name)} in the file, "
            f"{expected.get(name)} in the network"
        )
