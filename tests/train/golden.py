"""Short trainings and what they end in: to the bit here, nearly so elsewhere.

    python tests/train/golden.py            tells what this machine gives, one JSON value
    python tests/train/golden.py --write    keeps it in golden.json, beside what others gave

golden.json holds hashes by processor, number of threads and jaxlib version: the same three give the
same bits, ever. For other machines it holds a few figures of the same trainings, to be met nearly.
Write it anew when numbers were meant to change, and say so in CHANGELOG.md.
"""

import hashlib
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

import saccade
from saccade.models.backend import jax
from saccade.run.events import Evaluated, Finished, Saved, StepsDone
from saccade.train.engine import Engine
from saccade.train.geometry import Affine
from saccade.train.recipe import Recipe
from saccade.train.schedule import Constant, Cosine

FILE = Path(__file__).with_name("golden.json")
_COMMON = {"batch_size": 50, "evaluate_every": 10, "schedule": Constant(0.003)}
# Written out, so that other defaults are no change of numbers. All three kinds of steps: without
# convolutions; patches in a loop; wide ones a call a step, batch norm and dropout.
RECIPES = {
    "softmax": Recipe(steps=40, optimizer="sgd", **{**_COMMON, "schedule": Constant(0.5)}),
    "conv": Recipe(
        steps=30,
        optimizer="adamw",
        weight_decay=0.1,
        augment=(Affine(),),
        **{**_COMMON, "schedule": Cosine(0.003)},
    ),
    "conv-bn": Recipe(steps=20, optimizer="adam", **_COMMON),
}


def machine() -> str:
    """Processor, threads and jaxlib: what bits may depend on."""
    told = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    facts = dict(line.split("\t: ") for line in told.splitlines()[:20] if "\t: " in line)
    facts = {name.strip(): value for name, value in facts.items()}
    name = facts.get("model name", platform.processor() or platform.machine())
    version = f" (family {facts['cpu family']}, model {facts['model']})" if "model" in facts else ""
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}{version}, {threads} threads, jaxlib {jax.lib.__version__}"


def train(model: str) -> dict[str, Any]:
    """Hashes of one training: order of pictures, log of metrics, weights; and figures of it."""
    order, run_chunk = hashlib.sha256(), Engine.run_chunk

    def seen(engine: Any, state: Any, train: Any, ids: Any, rates: Any, first: int) -> Any:
        order.update(np.ascontiguousarray(ids, np.int32))
        return run_chunk(engine, state, train, ids, rates, first)

    with patch.object(Engine, "run_chunk", seen):
        events = list(saccade.fit(model, saccade.load("digits"), RECIPES[model]))
    steps = [event for event in events if isinstance(event, StepsDone)]
    losses = [loss for event in steps for loss in event.losses]
    accuracies = [accuracy for event in steps for accuracy in event.accuracies]
    evaluated = [(e.step, e.accuracy, e.loss) for e in events if isinstance(e, Evaluated)]
    [finished] = (event for event in events if isinstance(event, Finished))
    metrics = repr((losses, accuracies, evaluated, finished.test))
    *_, last = (e.checkpoint for e in events if isinstance(e, Saved) and "last" in e.names)
    arrays = {**last.weights, **last.state}
    weights = hashlib.sha256()
    for name in sorted(arrays):
        weights.update(name.encode() + np.ascontiguousarray(arrays[name]).tobytes())
    return {
        "hashes": {
            "order": order.hexdigest(),
            "metrics": hashlib.sha256(metrics.encode()).hexdigest(),
            "weights": weights.hexdigest(),
        },
        "figures": {
            "first_loss": losses[0],
            "last_loss": losses[-1],
            "test_loss": finished.test.loss,
            **{name: spread(value) for name, value in last.weights.items()},
        },
    }


def spread(array: np.ndarray) -> list[float]:
    """[length, length along a fixed random direction]."""
    along = np.random.default_rng(0).normal(size=array.shape) / np.sqrt(array.size)
    values = array.astype(float)
    return [float(np.linalg.norm(values)), float((values * along).sum())]


def main() -> None:
    here = {model: train(model) for model in RECIPES}
    print(json.dumps(here))
    if "--write" in sys.argv[1:]:
        kept = json.loads(FILE.read_text()) if FILE.exists() else {"hashes": {}}
        kept["hashes"][machine()] = {model: result["hashes"] for model, result in here.items()}
        kept["figures"] = {model: result["figures"] for model, result in here.items()}
        FILE.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
