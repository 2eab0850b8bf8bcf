"""A run's network with its trained weights, ready to answer."""

from dataclasses import dataclass
from pathlib import Path

from saccade.core.errors import BadRun
from saccade.core.preprocess import Preprocess
from saccade.models.network import Network, rebuild
from saccade.run.checkpoint import Arrays, read_checkpoint
from saccade.run.directory import Run, open_run
from saccade.train.checkpoint import check_weights
from saccade.train.engine import Engine, Forms
from saccade.train.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Trained:
    """What answers: `step` is how many updates the weights have seen."""

    run: Run
    network: Network
    engine: Engine
    weights: Arrays
    classes: tuple[str, ...]
    step: int

    @property
    def preprocess(self) -> Preprocess:
        """How any picture becomes the network's input."""
        return self.engine.preprocess


def restore(run: str | Path | Run, checkpoint: str | None = None) -> Trained:
    """The network of a run, rebuilt from its own record.

    `checkpoint` is `best` or `last`; by default the one test was (or would be) read with.

    Raises:
        BadRun: no such run, it has no checkpoint yet, or a file is damaged.
    """
    opened = run if isinstance(run, Run) else open_run(run)
    facts = opened.facts
    try:
        height, width, channels = facts["model"]["input_shape"]
        classes = tuple(facts["data"]["classes"])
        recipe = Recipe.from_json(facts["recipe"])
        preprocess = Preprocess(**facts["preprocess"])
        forms = Forms(**facts["forms"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadRun(f"{opened.path}/run.json lacks what is needed: {error!r}") from None
    network = rebuild(facts["model"], (height, width, channels), len(classes))
    saved = read_checkpoint(opened.checkpoints, checkpoint or opened.best_or_last())
    check_weights(saved, network.graph)
    engine = Engine(network.graph, recipe, preprocess, forms)
    return Trained(opened, network, engine, saved.weights, classes, saved.step)
