"""What augmentations make of labels, as a network sees it that knows none of them.

Where two classes are taken for each other, a change turns one label into the other: what does so
in some drawings does it both ways, while a network that merely does not know such pictures flees
to one class. What goes one way only is therefore not told of (docs/guide/doctor.md).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from saccade.core.interval import wilson
from saccade.core.records import Predictions, Split
from saccade.core.significance import mcnemar
from saccade.doctor.drawings import Drawings
from saccade.doctor.finding import Finding
from saccade.doctor.pictures import Pictures
from saccade.doctor.probe import Probe, teach
from saccade.train.augment import Augmentation, shown, to_json
from saccade.train.mixing import CutMix, MixUp

DRAWINGS, SHOWN = 4, 8
KNOWN = 0.7  # right answers of a class as it is, below which nothing is said of it
SURE = 0.9  # the probability from which an answer takes one class for another
TAKEN = 0.1  # of a class's drawings
APART = 1.5  # times what is taken so of the other classes' drawings
LOST = 0.25  # of what was better than chance; where less is left, nothing can be told any more
ERR = 0.01  # the probability of a warning by chance
LOOK = (
    "look at them (--html): is the label still right? The network was not trained on such pictures "
    "and may just not know them"
)


@dataclass(frozen=True)
class Exchange:
    """Two classes that are taken for each other, and for what share of the drawings of each."""

    one: int
    other: int
    taken: float
    back: float


def changes(
    pictures: Pictures, augmentations: Sequence[Augmentation]
) -> tuple[list[Finding], list[Drawings]]:
    """What each augmentation does by itself, the same at every call; test is not looked at.

    Mixing pictures mixes their labels on purpose: it is drawn, and not judged.
    """
    probe = teach(pictures)
    if probe is None:
        says = "too few pictures in train to see what augmentations do to them"
        return [Finding("augmentation", "note", says)], []
    before = probe.answer(probe.asked.pixels[:])
    findings, drawings = [], []
    if before.accuracy < KNOWN:
        says = f"augmentations are hardly judged: a small network names {before.accuracy:.0%} right"
        findings.append(Finding("augmentation", "note", says, advice="look at them (--html)"))
    for augmentation in augmentations:
        name = to_json((augmentation,))[0]["name"]
        changed = [shown(augmentation, probe.asked.pixels[:], seed) for seed in range(DRAWINGS)]
        told: list[Finding] = []
        if not isinstance(augmentation, MixUp | CutMix):
            after = [probe.answer(pixels) for pixels in changed]
            told = list(judged(name, probe, pictures.classes, before, after))
        findings += told
        rows = _worth_seeing(probe.asked, told)
        names = [probe.asked.names[row] for row in rows]
        drawings.append(Drawings(name, names, np.stack([p[rows] for p in changed], 1)))
    return findings, drawings


def judged(
    name: str,
    probe: Probe,
    classes: Sequence[str],
    before: Predictions,
    after: Sequence[Predictions],
) -> Iterator[Finding]:
    """A warning for each two classes that are exchanged, or one that nothing is left; a note."""
    found = exchanges(before, after, len(classes))
    for each in found:
        one, other = classes[each.one], classes[each.other]
        says = (
            f"{name}: {one} is taken for {other} in {each.taken:.0%} of its drawings, "
            f"and {other} for {one} in {each.back:.0%}"
        )
        rows = _exchanged(each, before, after)
        names = tuple((probe.asked.names[row],) for row in rows)
        yield Finding("augmentation", "warn", says, names, LOOK)
    right = [predictions.correct for predictions in after]
    mean, n = sum(right) // len(right), len(before)
    told = f"{mean / n:.1%} are named right, {before.accuracy:.1%} as they are (n = {n:,})"
    if not found and _lost(before, mean):
        says = f"{name}: hardly anything can be told any more: {told}"
        yield Finding("augmentation", "warn", says, advice=LOOK)
    else:
        says = f"{name}: {told}, by a small network that was trained without it"
        yield Finding("augmentation", "note", says)


def exchanges(before: Predictions, after: Sequence[Predictions], classes: int) -> list[Exchange]:
    """Pairs that are surely taken for each other, by far more than chance and than other classes.

    `after` are answers about several drawings of the same pictures. Those of one picture are no
    independent witnesses: the test (McNemar's, with Bonferroni's correction) counts their mean.
    """
    counts = np.bincount(before.labels, minlength=classes)
    newly, gone = _moves(before, after, classes)
    share = newly / np.maximum(counts, 1)[:, None] / len(after)
    answers = before.logits.argmax(1)
    right = np.bincount(before.labels[answers == before.labels], minlength=classes)
    known = right >= KNOWN * np.maximum(counts, 1)

    def stands_out(one: int, other: int) -> bool:
        rest = [k for k in range(classes) if k not in (one, other)]
        of_rest = newly[rest, other].sum() / max(1, counts[rest].sum() * len(after))
        means = newly[one, other] // len(after), gone[one, other] // len(after)
        return bool(
            known[one]
            and share[one, other] >= max(TAKEN, APART * of_rest)
            and mcnemar(*map(int, means)) < ERR / (classes * (classes - 1))
        )

    return [
        Exchange(one, other, float(share[one, other]), float(share[other, one]))
        for one, other in combinations(range(classes), 2)
        if stands_out(one, other) and stands_out(other, one)
    ]


def _moves(
    before: Predictions, after: Sequence[Predictions], classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """int [label, answer] twice: drawings that surely have this answer anew; that no more have."""
    newly, gone = np.zeros((2, classes, classes), int)
    was = before.logits.argmax(1)
    for predictions in after:
        now = predictions.logits.argmax(1)
        surely = predictions.probabilities.max(1) >= SURE
        which = (now != was) & surely
        np.add.at(newly, (before.labels[which], now[which]), 1)
        np.add.at(gone, (before.labels[now != was], was[now != was]), 1)
    return newly, gone


def _exchanged(each: Exchange, before: Predictions, after: Sequence[Predictions]) -> list[int]:
    """Pictures of the two that most drawings turn into the other, most first."""
    turned = np.where(before.labels == each.one, each.other, each.one)
    of_two = np.isin(before.labels, (each.one, each.other))
    times = sum((predictions.logits.argmax(1) == turned).astype(int) for predictions in after)
    times = times * (of_two & (before.logits.argmax(1) == before.labels))
    order = np.argsort(-times, kind="stable")
    return [int(row) for row in order[:SHOWN] if times[row]]


def _lost(before: Predictions, mean: int) -> bool:
    """Whether the change leaves next to nothing of what was better than always one answer."""
    n = len(before)
    if before.accuracy < KNOWN:
        return False
    chance = np.bincount(before.labels).max() / n
    bound = chance + LOST * (before.accuracy - chance)
    return bool(mean / n < bound and wilson(mean, n)[1] < wilson(before.correct, n)[0])


def _worth_seeing(asked: Split, told: Sequence[Finding]) -> list[int]:
    """Some of every warning, in turns, then some of every class."""
    rows = {name: row for row, name in enumerate(asked.names)}
    warned = [[rows[name] for (name,) in finding.pictures] for finding in told]
    each_class = [np.flatnonzero(asked.labels == k).tolist() for k in np.unique(asked.labels)]
    return list(dict.fromkeys([*_in_turns(warned), *_in_turns(each_class)]))[:SHOWN]


def _in_turns(lists: Sequence[Sequence[int]]) -> list[int]:
    """The first of each, then the second of each, as far as SHOWN.

    >>> _in_turns([[1, 2, 3], [4]])
    [1, 4, 2, 3]
    """
    return [one[i] for i in range(SHOWN) for one in lists if i < len(one)]
