"""A run's answers to labelled pictures that it did not learn from: what confidence is fitted on."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from saccade.confidence.folds import folds
from saccade.core.errors import BadData, BadUsage
from saccade.core.records import Dataset, Predictions, Split
from saccade.run.events import Event, Finished
from saccade.train.evaluate import has_validation, part_of
from saccade.train.fit import fit
from saccade.train.restore import Trained
from saccade.train.transfer import begun_again

NETWORKS = 3


@dataclass(frozen=True, eq=False)
class Outside:
    """Answers of the run's network, or of `networks` others of its recipe: 0 for its own.

    `groups` are those of the pictures, if they have some.
    """

    predictions: Predictions
    groups: np.ndarray | None
    networks: int = 0

    @property
    def what(self) -> str:
        """The pictures, in words."""
        n = len(self.predictions)
        if not self.networks:
            return f"{n:,} validation pictures"
        return f"{n:,} training pictures, each answered by one of {self.networks} other networks"


@dataclass(frozen=True, eq=False)
class FoldTraining:
    """The `number`-th of `total` networks: `events` are to be gone through, to their end."""

    number: int
    total: int
    steps: int
    events: Iterator[Event]


Watch = Callable[[FoldTraining], Iterable[Event]]


def outside_answers(
    trained: Trained, dataset: Dataset, watch: Watch = lambda training: training.events
) -> Outside:
    """Answers to the validation split; where a run has none, out of fold.

    A network is far too sure of what it learned from. So, where nothing was held out, train is
    parted in three: a network of the same recipe learns from two parts and answers the third.
    Those have seen fewer pictures than the run's own and are a little less sure. `watch` is given
    each training and passes its events on.

    Raises:
        BadData: there are too few pictures to part.
    """
    if has_validation(trained, dataset):
        held = part_of(trained, dataset, "validation")
        engine, weights = trained.engine, trained.weights
        return Outside(engine.answer(weights, engine.resident(held, weights)), held.groups)
    return _out_of_fold(trained, dataset, watch)


def _out_of_fold(trained: Trained, dataset: Dataset, watch: Watch) -> Outside:
    train = dataset.train
    parts = len(train) if train.groups is None else len(np.unique(train.groups))
    if parts < NETWORKS:
        raise BadData(f"{parts} pictures, or groups of them, are too few to hold some out in turn")
    fold = folds(train.labels, NETWORKS, groups=train.groups)
    network = begun_again(trained.network, dataset)
    logits = np.empty((len(train), len(dataset.classes)))
    for number in range(NETWORKS):
        held = np.flatnonzero(fold == number)
        kept = train.take(np.flatnonzero(fold != number))
        data = replace(dataset, train=kept, validation=None, test=train.take(held))
        recipe = replace(trained.engine.recipe, watch="train", patience=None)
        recipe = replace(recipe, batch_size=_batch(recipe.batch_size, recipe.accumulate, kept))
        steps = recipe.total_steps(len(kept))
        recipe = replace(recipe, evaluate_every=steps)
        events = fit(network, data, recipe)
        for event in watch(FoldTraining(number + 1, NETWORKS, steps, events)):
            if isinstance(event, Finished) and event.predictions is not None:
                logits[held] = event.predictions.logits
    return Outside(Predictions(logits, np.asarray(train.labels)), train.groups, NETWORKS)


def _batch(size: int, parts: int, kept: Split) -> int:
    """The recipe's, or as much of it as there are pictures, in as many parts."""
    if size <= len(kept):
        return size
    if len(kept) < parts:
        raise BadUsage(f"{len(kept)} pictures are fewer than the batch's {parts} parts")
    return len(kept) - len(kept) % parts
