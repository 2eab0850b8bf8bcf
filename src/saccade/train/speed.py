"""How fast networks train on this machine, beside Keras' own `fit` on the same JAX.

Both sides train the same network with Adam on the same made-up pictures, in one process, taking
turns. Ours is a whole `fit`, looks and saves included; Keras has its data in memory, as floats.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from saccade.core.preprocess import Preprocess
from saccade.core.records import Dataset, Split
from saccade.models.backend import jax, keras
from saccade.models.network import build, keras_model
from saccade.run.events import StepsDone
from saccade.train.fit import fit
from saccade.train.recipes import recipe

SHAPE, CLASSES, BATCH = (28, 28, 1), 10, 100
ENDLESS = 1_000_000
# Pictures a round: enough to time, not so many that Keras takes long.
NETS = {
    "softmax": 60_000,
    "mlp-relu": 60_000,
    "conv": 12_000,
    "conv-bn-small": 6_000,
    "conv-bn": 1_000,
}

Round = Callable[[], int]  # trains at least an epoch; returns how many images


@dataclass(frozen=True)
class Speed:
    """Images/s of each round, and seconds of the first one, in which all is compiled."""

    model: str
    ours: tuple[float, ...]
    keras: tuple[float, ...]
    ours_first: float
    keras_first: float

    @property
    def ratio(self) -> float:
        """How many times as fast as Keras, by the medians."""
        return float(np.median(self.ours) / np.median(self.keras))


def measure(model: str, images: int, rounds: int) -> Speed:
    """Takes turns, after one round each that is not counted; nothing is compiled beforehand."""
    sides = _ours(model, images), _keras(model, images)
    config: Any = jax.config
    kept = config.jax_enable_compilation_cache
    config.update("jax_enable_compilation_cache", False)
    try:
        first = [_timed(side)[1] for side in sides]
    finally:
        config.update("jax_enable_compilation_cache", kept)
    times = [[_timed(side) for side in sides] for _ in range(rounds)]
    ours, theirs = (
        tuple(done / seconds for done, seconds in side) for side in zip(*times, strict=True)
    )
    return Speed(model, ours, theirs, *first)


def made_up(images: int) -> Dataset:
    """Noise: how long an update takes does not depend on what is seen."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (images, *SHAPE), dtype=np.uint8)
    labels = random.integers(0, CLASSES, images).astype(np.int32)
    train = Split(pixels, labels, [str(i) for i in range(images)])
    few = train.take(np.arange(min(images, BATCH)))
    names = tuple(map(str, range(CLASSES)))
    rule = Preprocess(28, 28, 1)
    return Dataset("made-up", "made-up", names, train, few, few, rule, "official", "", "")


def _ours(model: str, images: int) -> Round:
    data, steps = made_up(images), images // BATCH
    endless = recipe(
        model,
        steps=ENDLESS,
        evaluate_every=ENDLESS,
        batch_size=BATCH,
        augment=(),
        optimizer="adam",
        weight_decay=0,
    )
    events = iter(fit(build(model, SHAPE, CLASSES), data, endless))
    return lambda: BATCH * _train(events, steps)


def _train(events: Iterator[object], steps: int) -> int:
    """At least so many updates; returns how many there were, since a chunk goes on to its end."""
    done = 0
    while done < steps:
        event = next(events)
        if isinstance(event, StepsDone):
            done += event.last - event.first + 1
    return done


def compiled(model: str) -> Any:
    """The same network as Keras trains it."""
    network = keras_model(model, SHAPE, CLASSES)
    network.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return network


def _keras(model: str, images: int) -> Round:
    train, network = made_up(images).train, compiled(model)
    pixels = train.pixels[:].astype(np.float32) / 255

    def epoch() -> int:
        network.fit(pixels, train.labels, batch_size=BATCH, epochs=1, verbose=0)
        return images

    return epoch


def _timed(work: Round) -> tuple[int, float]:
    """Images trained on, and seconds."""
    start = time.perf_counter()
    return work(), time.perf_counter() - start
