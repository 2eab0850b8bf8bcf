"""What every side of the comparison does in the same way: data, timing, what is told.

A side is a process that reads lines `NET IMAGES` and answers each with a line of JSON, so that the
sides take turns. It trains one epoch of `IMAGES` made-up pictures; the first time of a net is the
cold one (compiling included), the following ones are warm.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version as _version

import numpy as np
from nets import Net

Epoch = Callable[[], int]  # returns how many images it trained on: at least those asked for


def pictures(net: Net, count: int) -> tuple[np.ndarray, np.ndarray]:
    """uint8 [count, height, width, channels] and int32 labels, the same for all sides."""
    random = np.random.default_rng(0)
    x = random.integers(0, 256, (count, *net.pictures), dtype=np.uint8)
    return x, random.integers(0, 10, count).astype(np.int32)


def version(package: str) -> str:
    """`jax 0.12.0`"""
    return f"{package} {_version(package)}"


def serve(trainer: Callable[[str, int], Epoch], began: float, versions: Sequence[str]) -> None:
    """Answers until stdin ends."""
    started = time.perf_counter() - began
    say({"ready": True, "seconds_to_start": started, "versions": list(versions)})
    epochs: dict[tuple[str, int], Epoch] = {}
    for line in sys.stdin:
        name, images = line.rsplit(maxsplit=1)
        key = (name, int(images))
        cold = key not in epochs
        start = time.perf_counter()
        if cold:
            epochs[key] = trainer(*key)
        done = epochs[key]()
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        say({"net": name, "images": done, "cold": cold, "seconds": seconds, "peak_bytes": peak})


def say(values: object) -> None:
    print(json.dumps(values), flush=True)
