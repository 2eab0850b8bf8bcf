"""What checkpoints cost: the share of a training's time that goes into saving it.

    python benchmarks/saving.py [--seconds 30] [--rounds 3]

Each training is recorded as `saccade train` records it, on the disk of the working directory, and
ended by the clock; every save is timed from the copy of the weights to the last fsync. The first
save of all, before the clock of the saves runs, and the last one count, too.
"""

import argparse
import platform
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

import saccade
from saccade.train import commands, fit
from saccade.train.pace import SaveTimer

NETS = (("mlp-relu", "digits"), ("conv", "mnist"), ("residual", "cifar10-lossless-5000"))


class Counting(SaveTimer):
    """A timer that is remembered, and counts."""

    made: "Counting"
    saves = 0

    def __init__(self, *values: Any):
        super().__init__(*values)
        Counting.made = self

    def cost(self, seconds: float) -> None:
        self.saves += 1
        super().cost(seconds)


def share(model: str, data: str, seconds: float, folder: Path) -> tuple[float, int, float]:
    """(share of the time, how many saves, MiB of a checkpoint) of one training."""
    run = saccade.create_run(folder)
    dataset = saccade.load(data)
    recipe = saccade.recipe(model, epochs=1000, batch_size=100)
    events = saccade.fit(model, dataset, recipe, commands=commands.time_limit(seconds))
    for _ in saccade.record(events, run):
        pass
    timer = Counting.made
    size = sum(
        file.stat().st_size for file in (run.path / "checkpoints").rglob("*") if file.is_file()
    )
    return timer.spent / (timer.clock() - timer.began), timer.saves, size / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    fit.SaveTimer = Counting  # type: ignore[misc]
    print(f"{platform.machine()}, Python {platform.python_version()}, n = {options.rounds}")
    for model, data in NETS:
        told = []
        for _ in range(options.rounds):
            place = Path(tempfile.mkdtemp(dir=".", prefix="saving-"))
            try:
                told.append(share(model, data, options.seconds, place / "run"))
            finally:
                shutil.rmtree(place)
        shares = [100 * one[0] for one in told]
        print(
            f"{model} on {data}: {statistics.median(shares):.2f} % of the time "
            f"({min(shares):.2f} to {max(shares):.2f}), {told[0][1]} saves, "
            f"checkpoints of {told[0][2]:.1f} MiB together",
            flush=True,
        )


if __name__ == "__main__":
    main()
