"""Seconds from a process's start until MNIST is answered well enough, over seeds.

    python benchmarks/time_to_accuracy.py
    python benchmarks/time_to_accuracy.py --goals 0.99 --seeds 10

A goal is reached when the mean test accuracy of all seeds is at least the goal; net, recipe and
length were chosen by validation (docs/lab-notes.md), and test is read once a seed, after training.
A tenth of the 60,000 is held out throughout.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from run import hardware  # noqa: E402


@dataclass(frozen=True)
class Goal:
    """A test accuracy, and the training that reaches it."""

    accuracy: float
    model: Callable[[Any], Any]
    recipe: dict[str, Any]


def dense(keras: Any) -> Any:
    """Softmax regression."""
    layers = keras.layers
    return keras.Sequential([layers.Input((28, 28, 1)), layers.Flatten(), layers.Dense(10)])


def convolutional(
    keras: Any, *filters: tuple[int, int, int], units: int, dropout: float = 0.0
) -> Any:
    """Convolutions of (filters, side, stride), then a dense layer, all with batch norm and relu."""
    layers = keras.layers
    model = keras.Sequential([layers.Input((28, 28, 1))])
    for count, side, stride in filters:
        model.add(layers.Conv2D(count, side, stride, "same", use_bias=False))
        model.add(layers.BatchNormalization(scale=False))
        model.add(layers.Activation("relu"))
    model.add(layers.Flatten())
    model.add(layers.Dense(units, use_bias=False))
    model.add(layers.BatchNormalization(scale=False))
    model.add(layers.Activation("relu"))
    model.add(layers.Dropout(dropout))
    model.add(layers.Dense(10))
    return model


def small(keras: Any) -> Any:
    """Two strided convolutions of few filters."""
    return convolutional(keras, (8, 5, 2), (16, 3, 2), units=128)


def course(keras: Any) -> Any:
    """The course's 6-12-24 with batch norm and dropout."""
    return convolutional(keras, (6, 6, 1), (12, 5, 2), (24, 4, 2), units=200, dropout=0.4)


GOALS = [
    Goal(0.92, dense, {"epochs": 6, "batch_size": 100, "rate": 0.005}),
    Goal(0.98, small, {"epochs": 1, "batch_size": 100, "rate": 0.01}),
    Goal(0.99, small, {"epochs": 5, "batch_size": 100, "rate": 0.01}),
    Goal(0.994, course, {"epochs": 12, "batch_size": 100, "rate": 0.01}),
]


def recipe_of(goal: Goal, seed: int) -> Any:
    """Adam under one cycle of the rate, nothing looked at before the end."""
    import saccade
    from saccade.train.schedule import OneCycle

    changes = {"augment": (), "weight_decay": 0.0, **goal.recipe}
    schedule, never = OneCycle(changes.pop("rate")), 1_000_000
    return saccade.recipe(
        "conv", schedule=schedule, optimizer="adam", seed=seed, evaluate_every=never, **changes
    )


def train(index: int, seed: int) -> None:
    """One training in this process: a line when the last update is done, then one of results."""
    import saccade
    from saccade.models.backend import keras
    from saccade.run.events import Finished, Started, StepsDone

    goal = GOALS[index]
    recipe = recipe_of(goal, seed)
    data, steps = saccade.load("mnist"), 0
    for event in saccade.fit(saccade.from_keras(goal.model(keras), 10), data, recipe):
        if isinstance(event, Started):
            steps = event.total_steps
        if isinstance(event, StepsDone) and event.last == steps:
            print("trained", flush=True)
        if isinstance(event, Finished):
            told = {"test": event.test.accuracy, "validation": event.validation.accuracy}
            told["updates"] = steps * recipe.batch_size / event.images_per_second
            print(json.dumps(told), flush=True)


def measure(index: int, seed: int, compiled: str) -> dict[str, float]:
    """A training in a process of its own; `seconds` from its start to its last update."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, __file__, "--train", str(index), str(seed)],
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "JAX_COMPILATION_CACHE_DIR": compiled,
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.05",
        },
    )
    lines = process.stdout or []
    if next(iter(lines), "").strip() != "trained":
        raise RuntimeError("the training ended before its last update")
    seconds = time.perf_counter() - began
    told = json.loads(next(iter(lines), "{}"))
    if process.wait():
        raise RuntimeError(f"the training ended with {process.returncode}")
    return {**told, "seconds": seconds}


def spread(values: list[float], digits: int = 1) -> str:
    """`8.1 (7.9 to 8.4)`: mean, least and largest."""
    mean, least, most = (f"{f(values):.{digits}f}" for f in (statistics.fmean, min, max))
    return f"{mean} ({least} to {most})"


def row(index: int, seeds: int) -> tuple[str, dict[str, Any]]:
    """A line of the table, and what it is made of."""
    cold, warm = [], []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as compiled:
            cold.append(measure(index, seed, compiled))
            warm.append(measure(index, seed, compiled))
    accuracies = [told["test"] for told in cold]
    goal = GOALS[index]
    reached = "yes" if statistics.fmean(accuracies) >= goal.accuracy else "no"
    columns = [
        f"{100 * goal.accuracy:g} %",
        spread([100 * accuracy for accuracy in accuracies], 2),
        reached,
        spread([told["seconds"] for told in cold]),
        spread([told["seconds"] for told in warm]),
        spread([told["updates"] for told in cold]),
    ]
    return f"| {' | '.join(columns)} |", {"goal": goal.accuracy, "cold": cold, "warm": warm}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--goals", default=",".join(str(goal.accuracy) for goal in GOALS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--train", nargs=2, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train:
        train(*options.train)
        return
    wanted = {float(goal) for goal in options.goals.split(",")}
    print(f"{hardware()}; mean of {options.seeds} seeds, least and largest; seconds\n")
    print("| goal | test % | reached | cold | compiled before | updates alone |")
    print("|---|---|---|---:|---:|---:|")
    results = []
    for index, goal in enumerate(GOALS):
        if goal.accuracy in wanted:
            line, result = row(index, options.seeds)
            print(line, flush=True)
            results.append(result)
    if len(results) == len(GOALS):
        facts = {"hardware": hardware(), "goals": results}
        (HERE / "time_to_accuracy.json").write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
