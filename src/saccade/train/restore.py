"""A run's network with its trained weights, ready to answer."""

import warnings
from dataclasses import dataclass
from pathlib import Path

from saccade.core.calibration import Calibration
from saccade.core.errors import BadRun
from saccade.core.preprocess import Preprocess
from saccade.models.network import Network
from saccade.models.rebuild import rebuild
from saccade.models.user import as_network
from saccade.run.calibration import fitting_calibration
from saccade.run.checkpoint import Arrays, read_checkpoint
from saccade.run.directory import Run, open_run
from saccade.train.checkpoint import check_weights
from saccade.train.engine import Engine
from saccade.train.forms import Forms
from saccade.train.recipe import Recipe

# FILE.py:FUNCTION or a network, for a run whose model is a person's own.
Own = str | Network | None


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

    @property
    def calibration(self) -> Calibration | None:
        """The run's, None where it has none of these weights; one of others is warned of.

        Raises:
            BadRun: it is damaged.
        """
        return fitting_calibration(self.run, self.weights, len(self.classes))


def restore(run: str | Path | Run, checkpoint: str | None = None, *, model: Own = None) -> Trained:
    """The network of a run, rebuilt from its own record.

    `checkpoint` is `best` or `last`; by default the one test was (or would be) read with. A run of
    a network of a person's own takes it again as `model`: nothing that lies in a run is executed.

    Raises:
        BadRun: no such run, it has no checkpoint yet, or a file is damaged.
        BadUsage: `model` is missing, not asked for, or does not fit.
    """
    opened = run if isinstance(run, Run) else open_run(run)
    network, engine, classes = without_weights(opened, model)
    saved = read_checkpoint(opened.checkpoints, checkpoint or opened.best_or_last())
    check_weights(saved.weights, network.graph)
    return Trained(opened, network, engine, saved.weights, classes, saved.step)


def without_weights(run: Run, model: Own = None) -> tuple[Network, Engine, tuple[str, ...]]:
    """A run's network, the engine it answers with, and the names of its classes.

    Raises:
        BadRun: run.json is damaged.
        BadUsage: `model` is missing, not asked for, or takes other pictures.
    """
    facts = run.facts
    try:
        classes = tuple(facts["data"]["classes"])
        recipe = Recipe.from_json(facts["recipe"])
        preprocess = Preprocess.from_json(facts["preprocess"])
        forms = Forms(**facts["forms"])
    except (KeyError, TypeError, ValueError) as error:
        raise _lacking(run, error) from None
    network = rebuilt(run, model)
    return network, Engine(network.graph, recipe, preprocess, forms), classes


def rebuilt(run: Run, model: Own = None) -> Network:
    """The network of a run, untrained. A file that has changed since is warned of.

    Raises:
        BadRun: run.json is damaged.
        BadUsage: `model` is missing, not asked for, or takes other pictures.
    """
    try:
        reference = run.facts["model"]
        height, width, channels = reference["input_shape"]
        classes = len(run.facts["data"]["classes"])
        seed = run.facts["recipe"]["seed"]
    except (KeyError, TypeError, ValueError) as error:
        raise _lacking(run, error) from None
    shape = (height, width, channels)
    own = None if model is None else as_network(model, shape, classes, seed=seed)
    network = rebuild(reference, shape, classes, own)
    was, now = (each.get("source_sha256") for each in (reference, network.reference))
    if was is not None and was != now:
        warnings.warn(f"{model} is not the file that {run.path} was trained with", stacklevel=2)
    return network


def _lacking(run: Run, error: Exception) -> BadRun:
    return BadRun(f"{run.path}/run.json lacks what is needed: {error!r}")
