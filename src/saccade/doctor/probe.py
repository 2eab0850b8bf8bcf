"""A small network that learns a part of train as it is, to be asked about another part.

A few thousand pictures of at most 32 pixels: seconds, and the same answers at every call.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from saccade.core.preprocess import Preprocess
from saccade.core.records import Dataset, Predictions, Split
from saccade.core.thumbnails import thumbnails
from saccade.data.split import hold_out
from saccade.doctor.pictures import Pictures
from saccade.models.network import build
from saccade.run.events import Saved
from saccade.train.engine import Engine
from saccade.train.fit import fit
from saccade.train.forms import choose_forms
from saccade.train.recipes import recipe

MOST, ASKED_SHARE = 6_000, 1 / 3
STEPS, BATCH, SIDE = 800, 50, 32


@dataclass(frozen=True, eq=False)
class Probe:
    """A trained network, and `asked`: pictures it has not seen, as large as they came."""

    engine: Engine
    weights: Mapping[str, np.ndarray]
    asked: Split

    def answer(self, pixels: np.ndarray) -> Predictions:
        """About the pictures of `asked`, as they are or changed: uint8 of their shape."""
        logits = self.engine.logits(self.weights, thumbnails(pixels, SIDE))
        return Predictions(logits, self.asked.labels)


def teach(pictures: Pictures) -> Probe | None:
    """Of readable pictures of train only; None where too few of them are there to hold some out."""
    train = _train(pictures)
    taught, asked = hold_out(train, ASKED_SHARE, len(pictures.classes))
    if len(np.unique(taught.labels)) < 2 or not len(asked):
        return None
    small, unseen = _small(taught), _small(asked)
    height, width, channels = small.pixels.shape[1:]
    rule = Preprocess(height, width, 3 if channels == 3 else 1)
    name, classes = pictures.name, pictures.classes
    dataset = Dataset(name, "", classes, small, unseen, unseen, rule, "held out", "", "")
    model = "conv" if min(height, width) >= 4 else "mlp-relu"
    plan = recipe(
        model,
        steps=STEPS,
        evaluate_every=STEPS,
        batch_size=min(BATCH, len(taught)),
        augment=(),
        patience=None,
    )
    network = build(model, dataset.input_shape, len(classes))
    weights: Mapping[str, np.ndarray] = {}
    for event in fit(network, dataset, plan):
        if isinstance(event, Saved) and event.checkpoint is not None:
            weights = event.checkpoint.weights
    return Probe(Engine(network.graph, plan, rule, choose_forms(network.graph)), weights, asked)


def _train(pictures: Pictures) -> Split:
    """At most MOST of them, drawn at random in a fixed way; groups as numbers where there are."""
    part = np.array([one == "train" for one in pictures.parts], bool)
    rows = np.flatnonzero(pictures.readable & part)
    rows = np.sort(np.random.default_rng(0).permutation(rows)[:MOST])
    places: list[int] = rows.tolist()
    named = [pictures.groups[row] or f"\0{row}" for row in places]
    groups = np.unique(named, return_inverse=True)[1] if any(pictures.groups) else None
    names = [pictures.names[row] for row in places]
    return Split(pictures.pixels[rows], pictures.labels[rows], names, groups)


def _small(split: Split) -> Split:
    return Split(thumbnails(split.pixels[:], SIDE), split.labels, split.names)
