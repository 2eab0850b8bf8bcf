"""saccade's side of bases.py: what `Engine` does with a frozen base."""

import time

began = time.perf_counter()

import numpy as np  # noqa: E402
from measure import serve, version  # noqa: E402

from saccade.core.preprocess import Preprocess  # noqa: E402
from saccade.models.applications import base_model  # noqa: E402
from saccade.models.graph import layer_graph  # noqa: E402
from saccade.models.initialize import unallocated  # noqa: E402
from saccade.train.engine import FEATURE_BATCH, Engine  # noqa: E402
from saccade.train.forms import choose_forms  # noqa: E402
from saccade.train.recipe import Recipe  # noqa: E402


def predictor(base: str, images: int):
    """A function that takes pictures through the base."""
    with unallocated():
        graph = layer_graph(base_model(base, (224, 224, 3)))
    engine = Engine(graph, Recipe(steps=1), Preprocess(224, 224, 3), choose_forms(graph))
    weights = engine.first_state().weights
    pixels = np.random.default_rng(0).integers(0, 256, (images, 224, 224, 3), dtype=np.uint8)

    def once() -> int:
        for start in range(0, images, FEATURE_BATCH):
            engine.logits(weights, pixels[start : start + FEATURE_BATCH])
        return images

    return once


if __name__ == "__main__":
    serve(predictor, began, versions=[version("jax"), version("jaxlib")])
