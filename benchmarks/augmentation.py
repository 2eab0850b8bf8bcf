"""What augmentation is worth: a recipe plain and augmented, over seeds, test read once each.

    python benchmarks/augmentation.py flowers       residual, 96 px; ours, the course's set: an hour
    python benchmarks/augmentation.py cats-dogs     the deck's network and steps, 96 px: an hour
    python benchmarks/augmentation.py F-est         the deck's estimator on flowers, 64 px: ten min

Seeds take turns, each a training of its own; --share 0.1 takes a tenth of the steps, to try it out.
"""

import argparse
import platform
import statistics
import time
from dataclasses import dataclass, replace

import saccade
from saccade.run.events import Accuracy
from saccade.train.augment import SETS
from saccade.train.recipe import Recipe


@dataclass(frozen=True)
class Pair:
    """A data set, a network, and the two recipes; `None` is ours, with other augmentations."""

    data: str
    model: str
    plain: str
    augmented: str | None
    seeds: int
    side: int = 96


PAIRS = {
    "flowers": Pair("flowers", "residual", "default", None, 5),
    "cats-dogs": Pair("cats-dogs", "cats-dogs", "C&D", "C&D-augmented", 3),
    "F-est": Pair("flowers", "F-est", "F-est", "F-est-augmented", 1, side=64),
}


def recipes(pair: Pair, seed: int, share: float) -> dict[str, Recipe]:
    """By way. The same but for augmentation, where they are ours; else as the deck has them."""
    plain = saccade.recipe(pair.model, pair.plain, seed=seed)
    if pair.augmented is None:
        ways = {"plain": (), "augmented": plain.augment, "the course's set": SETS[pair.data]}
        each = {way: replace(plain, augment=augment) for way, augment in ways.items()}
    else:
        augmented = saccade.recipe(pair.model, pair.augmented, seed=seed)
        each = {"plain": plain, "augmented": augmented}
    return {way: shortened(one, share) for way, one in each.items()}


def shortened(recipe: Recipe, share: float) -> Recipe:
    if recipe.steps is not None:
        return replace(recipe, steps=max(1, round(recipe.steps * share)))
    return replace(recipe, epochs=(recipe.epochs or 1) * share)


def test_accuracy(pair: Pair, recipe: Recipe, data: saccade.Dataset) -> Accuracy:
    return saccade.finish(saccade.fit(pair.model, data, recipe)).test


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pair", choices=list(PAIRS))
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--share", type=float, default=1.0)
    options = parser.parse_args()
    pair = PAIRS[options.pair]
    data = saccade.load(pair.data, image_size=pair.side)
    print(f"{platform.machine()}, Python {platform.python_version()}; {data.statement}")
    told: dict[str, list[float]] = {}
    for seed in range(options.seeds or pair.seeds):
        for way, recipe in recipes(pair, seed, options.share).items():
            began = time.perf_counter()
            accuracy = test_accuracy(pair, recipe, data)
            told.setdefault(way, []).append(100 * accuracy.accuracy)
            seconds = time.perf_counter() - began
            print(f"seed {seed}, {way}: test {accuracy}, {seconds:.0f} s", flush=True)
    plain = told.pop("plain")
    print(f"plain: mean {statistics.mean(plain):.2f} ({min(plain):.2f} to {max(plain):.2f})")
    for way, each in told.items():
        gains = [after - before for before, after in zip(plain, each, strict=True)]
        print(
            f"{way}: mean {statistics.mean(each):.2f} ({min(each):.2f} to {max(each):.2f}); minus "
            f"plain, seed by seed: mean {statistics.mean(gains):+.2f} points "
            f"({min(gains):+.2f} to {max(gains):+.2f}), n = {len(gains)}"
        )


if __name__ == "__main__":
    main()
