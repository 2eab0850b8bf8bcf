"""Judging a run again, on data that is read again."""

from dataclasses import asdict
from pathlib import Path
from typing import Literal

from saccade.core.errors import BadData, BadUsage
from saccade.core.records import Dataset, Predictions, Split
from saccade.data import load
from saccade.data.split import hold_out
from saccade.run.directory import Run
from saccade.run.events import Accuracy
from saccade.train.restore import Own, Trained, restore
from saccade.train.results import note_test_read

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
    >>> _ = list(saccade.record(events, run))
    >>> accuracy, predictions = saccade.evaluate(run)
    >>> accuracy.n, accuracy.accuracy == predictions.accuracy
    (359, True)
    """
    trained = restore(run, model=model)
    dataset = reload(trained.run)
    part = _part(trained, dataset, split)
    predictions = trained.engine.answer(trained.weights, trained.engine.resident(part))
    result = Accuracy.of(predictions)
    if split == "test":
        note_test_read(trained.run, "saccade eval", asdict(result))
    return result, predictions


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


def _part(trained: Trained, dataset: Dataset, split: SplitName) -> Split:
    if split == "test":
        return dataset.test
    recipe = trained.engine.recipe
    if dataset.validation is not None:
        return dataset.train if split == "train" else dataset.validation
    if recipe.watch == "test":
        if split == "validation":
            raise BadUsage("this run has no validation split: its recipe watches test")
        return dataset.train
    train, validation = hold_out(dataset.train, recipe.validation_share, len(dataset.classes))
    return train if split == "train" else validation
