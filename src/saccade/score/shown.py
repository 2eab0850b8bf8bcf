"""A few of many pictures, answered once more to be looked at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from saccade.core.answerer import Answerer
from saccade.data.listing import Found
from saccade.score.ask import top
from saccade.score.scoring import score


@dataclass(frozen=True, eq=False)
class Shown:
    """A picture as the network sees it, uint8 [height, width, channels], and its answer.

    `topk` are (class, probability), most likely first; `of_label` is the probability of the label,
    None if there is none that the network knows.
    """

    path: str
    label: str
    topk: tuple[tuple[str, float], ...]
    of_label: float | None
    pixels: np.ndarray


def look(answerer: Answerer, found: Sequence[Found], positions: Sequence[int]) -> Iterator[Shown]:
    """The pictures at these positions, in this order; those that are gone by now are left out."""
    places = {name: i for i, name in enumerate(answerer.classes)}
    for block in score(answerer, [found[position] for position in positions]):
        probabilities = block.probabilities
        for i, (one, problem) in enumerate(zip(block.found, block.problems, strict=True)):
            if not problem:
                place = places.get(one.label)
                of_label = None if place is None else float(probabilities[i, place])
                topk = top(probabilities[i], answerer.classes)
                yield Shown(one.name, one.label, topk, of_label, block.pixels[i])
