"""The engine on an accelerator: epochs/s of every net, and 99 % on MNIST, warm and cold.

    python benchmarks/gpu.py
    python benchmarks/gpu.py --anyway --seeds 2 --rounds 1 --nets softmax      where there is none

Warm: all is compiled, the pictures lie on the device; the clock runs from the first weights to the
last update, then test is read, once a seed. Cold: from a process's start to its last update,
imports, data and compilation included. Warm trainings are the engine's alone; cold ones are what
`saccade train` does, looks and saves included.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from measure import pictures, version  # noqa: E402
from nets import NETS, Net  # noqa: E402
from time_to_accuracy import GOALS, measure, recipe_of, spread  # noqa: E402

from saccade import load  # noqa: E402
from saccade.core.preprocess import Preprocess  # noqa: E402
from saccade.core.records import Split  # noqa: E402
from saccade.models.backend import jax, keras  # noqa: E402
from saccade.models.initialize import first_weights  # noqa: E402
from saccade.models.network import from_keras  # noqa: E402
from saccade.train.engine import Engine  # noqa: E402
from saccade.train.forms import choose_forms  # noqa: E402
from saccade.train.order import batch_ids  # noqa: E402
from saccade.train.recipe import Recipe  # noqa: E402
from saccade.train.resident import Resident  # noqa: E402
from saccade.train.state import State, to_device  # noqa: E402

IMAGES = 60_000
INDEX = next(index for index, goal in enumerate(GOALS) if goal.accuracy == 0.99)
MOST_COLD = 5  # processes


def train(
    engine: Engine, state: State, data: Resident, *, seed: int, first: int, steps: int
) -> State:
    """The updates from `first` on, waited for."""
    recipe, images = engine.recipe, len(data.labels)
    total = recipe.total_steps(images)
    ids = batch_ids(images, recipe.batch_size, first, steps, seed=seed, shuffle="every epoch")
    for start in range(0, steps, engine.rows):
        part = ids[start : start + engine.rows]
        rates = np.array([recipe.rate(first + start + k, total) for k in range(len(part))])
        state = engine.run_chunk(state, data, part, rates, first + start).state
    ready: State = jax.block_until_ready(state)
    return ready


def epochs_per_second(net: Net, rounds: int) -> list[float]:
    """Of warm epochs of made-up pictures, one after the other."""
    x, y = pictures(net, IMAGES)
    steps = IMAGES // net.batch
    recipe = Recipe(steps=(rounds + 1) * steps, batch_size=net.batch)
    graph = from_keras(net.build(keras), 10).graph
    engine = Engine(graph, recipe, Preprocess(*net.pictures), choose_forms(graph))
    data, state = engine.resident(Split(x, y, [""] * IMAGES)), engine.first_state()
    speeds = []
    for epoch in range(rounds + 1):
        began = time.perf_counter()
        state = train(engine, state, data, seed=0, first=epoch * steps, steps=steps)
        speeds.append(1 / (time.perf_counter() - began))
    return speeds[1:]


def warm(seeds: int) -> dict[str, list[float]]:
    """Seconds and test accuracy of trainings on MNIST, one a seed, after one not counted."""
    goal, mnist = GOALS[INDEX], load("mnist")
    recipe = recipe_of(goal, seed=0)
    graph = from_keras(goal.model(keras), 10).graph
    preprocess = replace(mnist.preprocess, scale=recipe.pixel_scale)
    engine = Engine(graph, recipe, preprocess, choose_forms(graph))
    data, test = engine.resident(mnist.train), engine.resident(mnist.test)
    steps = recipe.total_steps(len(mnist.train))
    told: dict[str, list[float]] = {"seconds": [], "test": []}
    for seed in (0, *range(seeds)):
        began = time.perf_counter()
        weights = first_weights(graph, recipe.initialization, seed)
        state = engine.first_state()._replace(weights=to_device(weights, [], {}).weights)
        state = train(engine, state, data, seed=seed, first=0, steps=steps)
        told["seconds"].append(time.perf_counter() - began)
        told["test"].append(engine.answer(state.answering, test).accuracy)
    return {name: values[1:] for name, values in told.items()}


def cold(seeds: int) -> dict[str, list[float]]:
    """The same of processes of their own, which find nothing compiled."""
    told: dict[str, list[float]] = {"seconds": [], "test": []}
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as compiled:
            one = measure(INDEX, seed, compiled)
        told["seconds"].append(one["seconds"])
        told["test"].append(one["test"])
    return told


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--nets", default=",".join(NETS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--anyway", action="store_true", help="without an accelerator, too")
    options = parser.parse_args()
    device = jax.devices()[0]
    if jax.default_backend() == "cpu" and not options.anyway:
        sys.exit("no accelerator: jax sees only the CPU. Install jax[cuda12], or take --anyway")
    print(f"{device.device_kind}, {version('jax')}, {version('keras')}\n")
    print("| net | epochs/s of 60,000 |\n|---|---:|")
    speeds = {}
    for name in options.nets.split(","):
        speeds[name] = epochs_per_second(NETS[name], options.rounds)
        print(f"| {name} | {spread(speeds[name], 2)} |", flush=True)
    print("\n| MNIST to 99 % | seconds | test % | seeds |\n|---|---:|---|---:|")
    reached = {"warm": warm(options.seeds), "cold": cold(min(options.seeds, MOST_COLD))}
    for how, told in reached.items():
        test = spread([100 * accuracy for accuracy in told["test"]], 2)
        print(f"| {how} | {spread(told['seconds'], 2)} | {test} | {len(told['test'])} |")
    if jax.default_backend() != "cpu":
        facts = {"device": device.device_kind, "epochs_per_second": speeds, "mnist": reached}
        (HERE / "gpu.json").write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
