"""Judging a run again, on data that is read again."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import numpy as np

from saccade.core.errors import BadData, BadUsage
from saccade.core.records import Dataset, Predictions, Split
from saccade.data import load
from saccade.data.split import hold_out
from saccade.run.directory import Run
from saccade.run.events import Accuracy
from saccade.train.restore import Own, Trained, restore
from saccade.train.results import note_test_read
from saccade.train.views import averaged_answers, views_named

SplitName = Literal["train", "validation", "test"]


def evaluate(
    run: str | Path | Run, split: SplitName = "test", *, model: Own = None
) -> tuple[Accuracy, Predictions]:
    """The accuracy of a run's network on one of its splits, and every answer.

    The data is read again by the run's own record and must be the same. A reading of test is noted
    in the run's eval/test_reads.jsonl. A run of a network of a person's own takes it as `model`.

    Raises:
        BadRun: no such run, or it has no checkpoint yet.
        BadData: the data is no longer what the run was trained on.

    >>> import saccade, tempfile, pathlib
    >>> run = saccade.create_run(pathlib.Path(tempfile.mkdtemp()) / "run")
    >>> events = saccade.fit("softmax", saccade.load("digits"), saccade.recipe("softmax", steps=99))
    >>> _ = saccade.finish(saccade.record(events, run))
    >>> accuracy, predictions = saccade.evaluate(run)
    >>> accuracy.n, accuracy.accuracy == predictions.accuracy
    (359, True)
    """
    trained = restore(run, model=model)
    _, predictions = _answer(trained, reload(trained.run), split, "saccade eval")
    return Accuracy.of(predictions), predictions


def evaluate_views(
    run: str | Path | Run, views: str, split: SplitName = "test", *, model: Own = None
) -> tuple[Accuracy, Predictions, Accuracy]:
    """What `evaluate` gives, and the accuracy of answers that are averaged over views.

    `views` are flip, shift or flip-shift (`saccade.train.views`). What they give is another
    measure beside the run's accuracy, never instead of it; of test, both readings are noted.

    Raises:
        BadRun, BadData: as `evaluate`.
        BadUsage: there are no such views.
    """
    chosen = views_named(views)
    trained = restore(run, model=model)
    part, predictions = _answer(trained, reload(trained.run), split, "saccade eval")
    averaged = Accuracy.of(averaged_answers(trained.engine, trained.weights, part, chosen))
    if split == "test":
        note_test_read(trained.run, f"saccade eval --tta {views}", asdict(averaged))
    return Accuracy.of(predictions), predictions, averaged


def answers(
    run: str | Path | Run, splits: Sequence[SplitName], why: str, *, model: Own = None
) -> tuple[list[str], Predictions]:
    """The name of every picture of those splits that the run has, and all answers.

    A reading of test is noted with the reason `why`.

    Raises:
        BadRun, BadData: as `evaluate`.
    """
    trained = restore(run, model=model)
    dataset = reload(trained.run)
    there = [s for s in splits if s != "validation" or has_validation(trained, dataset)]
    found = [_answer(trained, dataset, split, why) for split in there]
    return [name for part, _ in found for name in part.names], Predictions(
        np.concatenate([predictions.logits for _, predictions in found]),
        np.concatenate([predictions.labels for _, predictions in found]),
    )


def unseen(trained: Trained, most: int) -> tuple[str, np.ndarray]:
    """At most `most` pictures that the network has not learned from, and what they are.

    Of validation and, where that has fewer, of test: uint8 [n, height, width, channels]. They come
    without labels, so that looking at them is no reading of test.

    Raises:
        BadData: the data is no longer what the run was trained on.
    """
    dataset = reload(trained.run)
    there: list[SplitName] = ["test"]
    if has_validation(trained, dataset):
        there.insert(0, "validation")
    found, left = [], most
    for name in there:
        part = part_of(trained, dataset, name)
        # Files come class by class.
        rows = np.unique(np.linspace(0, len(part) - 1, min(left, len(part))).astype(int))
        if len(rows):
            found.append((name, np.asarray(part.take(rows).pixels[:])))
            left -= len(rows)
    return " and ".join(name for name, _ in found), np.concatenate([each for _, each in found])


def _answer(
    trained: Trained, dataset: Dataset, split: SplitName, why: str
) -> tuple[Split, Predictions]:
    """A split and the answers on it; a reading of test is noted."""
    part = part_of(trained, dataset, split)
    engine, weights = trained.engine, trained.weights
    predictions = engine.answer(weights, engine.resident(part, weights))
    if split == "test":
        note_test_read(trained.run, why, asdict(Accuracy.of(predictions)))
    return part, predictions


def has_validation(trained: Trained, dataset: Dataset) -> bool:
    """Whether a run has pictures that were held out of train."""
    return dataset.validation is not None or trained.engine.recipe.watch == "validation"


def reload(run: Run) -> Dataset:
    """The run's data, read again.

    Raises:
        BadData: its fingerprint is another.
    """
    facts = run.facts
    reference = facts["data"]["reference"]
    dataset = load(reference, **facts.get("loaded_with", {}))
    if dataset.fingerprint != facts["data"]["fingerprint"]:
        raise BadData(
            f"{reference} is not what {run.path} was trained on: pictures or labels have changed "
            f"since (fingerprint {dataset.fingerprint[:12]}, "
            f"then {facts['data']['fingerprint'][:12]})"
        )
    return dataset


def part_of(trained: Trained, dataset: Dataset, split: SplitName) -> Split:
    """A split as the run had it.

    Raises:
        BadUsage: validation of a run that has none.
    """
    if split == "test":
        return dataset.test
    recipe = trained.engine.recipe
    if dataset.validation is not None:
        return dataset.train if split == "train" else dataset.validation
    if recipe.watch != "validation":
        if split == "validation":
            raise BadUsage(f"this run has no validation split: its recipe watches {recipe.watch}")
        return dataset.train
    train, validation = hold_out(dataset.train, recipe.validation_share, len(dataset.classes))
    return train if split == "train" else validation
