"""What frozen bases cost: pictures a second through MobileNetV2 and ResNet-50, beside Keras' own.

    python benchmarks/bases.py --rounds 5

Random weights, 224x224 pictures in batches of 16, which is how frozen layers are run once for each
picture. Keras' `predict` on TensorFlow runs in the environment that benchmarks/run.py makes; sides
take turns. Prints a table, and writes benchmarks/bases.json.
"""

import argparse
import json
import statistics
import sys
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from run import Side, environment, hardware, started  # noqa: E402

BASES = ("mobilenetv2", "resnet50", "squeezenet1.1")
IMAGES = 64


def sides() -> list[Side]:
    """Keras has no SqueezeNet."""
    predict = str(HERE / "peers" / "keras_predict.py")
    found = [
        Side("saccade", [sys.executable, str(HERE / "ours_predict.py")]),
        Side("Keras predict, JAX", [sys.executable, predict], {"KERAS_BACKEND": "jax"}),
    ]
    if python := environment("tensorflow"):
        tensorflow = {"KERAS_BACKEND": "tensorflow"}
        found.append(Side("Keras predict, TensorFlow", [python, predict], tensorflow))
    return found


def measure(base: str, rounds: int) -> dict[str, list[float]]:
    """Images/s of each side, in turns; the first two rounds compile and tune."""
    speeds: dict[str, list[float]] = {}
    with ExitStack() as stack:
        asks = {}
        for side in sides():
            ask = stack.enter_context(started(side))
            ask()
            try:
                for _ in range(2):
                    ask(f"{base} {IMAGES}")
            except RuntimeError as error:
                print(error, file=sys.stderr)
                continue
            asks[side.name] = ask
        for _ in range(rounds):
            for name, ask in asks.items():
                told = ask(f"{base} {IMAGES}")
                speeds.setdefault(name, []).append(told["images"] / told["seconds"])
    return speeds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bases", default=",".join(BASES))
    options = parser.parse_args()
    results = {"hardware": hardware(), "images": IMAGES, "bases": {}}
    print(results["hardware"])
    for base in options.bases.split(","):
        speeds = measure(base, options.rounds)
        results["bases"][base] = speeds
        for name, each in speeds.items():
            ratio = statistics.median(speeds["saccade"]) / statistics.median(each)
            print(
                f"{base:14s} {name:26s} {statistics.median(each):7.1f} images/s "
                f"({min(each):.1f} to {max(each):.1f}, n = {len(each)}); saccade {ratio:.2f} times"
            )
    (HERE / "bases.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
