"""saccade's side: the events of `saccade.fit` as any training gives them, looks and saves included.

python ours.py
"""

import time

began = time.perf_counter()

from collections.abc import Callable  # noqa: E402
from dataclasses import replace  # noqa: E402

from measure import pictures, serve, version  # noqa: E402
from nets import NETS  # noqa: E402

import saccade  # noqa: E402
from saccade.core.records import Dataset, Split  # noqa: E402
from saccade.models.backend import keras  # noqa: E402
from saccade.run.events import StepsDone  # noqa: E402


def trainer(name: str, images: int) -> Callable[[], int]:
    """A function that trains one epoch, or as much more as one chunk does; returns the images."""
    net = NETS[name]
    x, y = pictures(net, images)
    split = Split(x, y, [str(i) for i in range(images)])
    few = Split(x[:100], y[:100], split.names[:100])
    data = Dataset(
        name="made-up",
        reference="made-up",
        classes=tuple("0123456789"),
        train=split,
        validation=few,
        test=few,
        preprocess=saccade.Preprocess(*net.pictures),
        test_origin="official",
        statement="",
        fingerprint="",
    )
    steps = images // net.batch
    recipe = saccade.recipe("conv", steps=10_000 * steps, batch_size=net.batch, augment=())
    recipe = replace(recipe, evaluate_every=10_000 * steps)
    events = saccade.fit(saccade.from_keras(net.build(keras), 10), data, recipe)
    done = 0

    def epoch() -> int:
        nonlocal done
        start = done
        while done < start + steps:
            event = next(events)
            if isinstance(event, StepsDone):
                done = event.last
        return (done - start) * net.batch

    return epoch


if __name__ == "__main__":
    serve(trainer, began, versions=[version("saccade"), version("jax"), version("keras")])
