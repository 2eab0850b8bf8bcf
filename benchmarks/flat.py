"""Whether a training's speed depends on how many pictures there are, and what memory they take.

    python benchmarks/flat.py                      6,000 to 60,000 pictures of 28x28, two nets
    python benchmarks/flat.py --nets mlp --rounds 5

Each number of pictures is a process of its own; sizes take turns.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

COUNTS = (6_000, 20_000, 60_000)
EPOCHS = 5
HERE = Path(__file__).resolve().parent


def measure(net: str, count: int) -> None:
    """One line of JSON: images/s, the median of warm epochs, and the peak of memory in bytes."""
    import resource

    sys.path.insert(0, str(HERE))
    from ours import trainer

    epoch = trainer(net, count)
    epoch()
    speeds = []
    for _ in range(EPOCHS):
        began = time.perf_counter()
        done = epoch()
        speeds.append(done / (time.perf_counter() - began))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps([statistics.median(speeds), peak]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nets", default="mlp,conv 4-8-12")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        measure(options.one[0], int(options.one[1]))
        return
    for net in options.nets.split(","):
        told: dict[int, list[list[float]]] = {count: [] for count in COUNTS}
        for _ in range(options.rounds):
            for count in COUNTS:
                words = [sys.executable, __file__, "--one", net, str(count)]
                done = subprocess.run(words, capture_output=True, text=True, check=True)
                told[count].append(json.loads(done.stdout.splitlines()[-1]))
        for count, each in told.items():
            speeds = [speed for speed, _ in each]
            peak = statistics.median(peak for _, peak in each) / 2**20
            print(
                f"{net}, {count:,} pictures ({count * 784 / 2**20:.0f} MiB): "
                f"{statistics.median(speeds):,.0f} images/s ({min(speeds):,.0f} to "
                f"{max(speeds):,.0f}, n = {len(speeds)}), peak {peak:,.0f} MiB",
                flush=True,
            )


if __name__ == "__main__":
    main()
