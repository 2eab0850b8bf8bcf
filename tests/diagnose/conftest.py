"""Digits, spoiled in one way each, and trainings on them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import saccade
from saccade.core.errors import Diverged
from saccade.core.records import Dataset, Split
from saccade.data.split import hold_out
from saccade.diagnose.trace import Trace, read_trace
from saccade.run.directory import Run
from saccade.train.commands import nothing, patience


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """1,438 pictures to train on, 359 to test."""
    return saccade.load("digits")


@pytest.fixture
def trained(tmp_path: Path) -> Callable[..., Trace]:
    """A function that trains to the end, however that looks, and reads the record."""

    def train(model, dataset, recipe) -> Trace:
        run = saccade.create_run(tmp_path / "run")
        commands = patience(recipe.patience) if recipe.patience else nothing
        try:
            for _ in saccade.record(saccade.fit(model, dataset, recipe, commands=commands), run):
                pass
        except Diverged:
            pass
        return read_trace(Run(run.path))

    return train


def with_noise(dataset: Dataset, share: float) -> Dataset:
    """The same pictures; this share of all labels is drawn anew."""
    rng = np.random.default_rng(0)

    def spoiled(split: Split) -> Split:
        labels = split.labels.copy()
        hit = rng.random(len(labels)) < share
        labels[hit] = rng.integers(0, len(dataset.classes), hit.sum())
        return replace(split, labels=labels)

    return replace(dataset, train=spoiled(dataset.train), test=spoiled(dataset.test))


def without_class(dataset: Dataset, label: int) -> Dataset:
    """No picture of one class to train on, as many as ever to watch."""
    train, validation = hold_out(dataset.train, 0.1, len(dataset.classes))
    train = train.take(np.flatnonzero(train.labels != label))
    return dataset.with_validation(train, validation)


def with_few(dataset: Dataset, count: int) -> Dataset:
    """That many pictures to train on, 500 others to watch."""
    order = np.random.default_rng(0).permutation(len(dataset.train))
    few, watched = order[:count], order[count : count + 500]
    return dataset.with_validation(dataset.train.take(few), dataset.train.take(watched))
