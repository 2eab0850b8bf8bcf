"""What a story says, and whether its trainings bear it out.

Accuracies are shares of pictures; a difference has a 95 % interval: of one seed that of the
pictures, of several that of the seeds (saccade.core.interval).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from saccade.core.interval import combined, student_of_mean, wilson
from saccade.run.events import Accuracy

Part = Literal["validation", "train"]


@dataclass(frozen=True)
class Measure:
    """What one training came to: the last step's answers to validation, and to pictures of train.

    `curve` is (step, accuracy on validation) of every evaluation.
    """

    validation: Accuracy
    train: Accuracy
    curve: tuple[tuple[int, Accuracy], ...]


@dataclass(frozen=True)
class Difference:
    """A sum or difference of shares, -1..1, and its interval.

    >>> str(Difference(-0.031, -0.04, -0.022))
    '-3.1 points (-4.0 to -2.2)'
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        value, low, high = (f"{100 * each:+.1f}" for each in (self.value, self.low, self.high))
        return f"{value} points ({low} to {high})"


@dataclass(frozen=True)
class Claim:
    """`says` what is to be shown, `found` what came out.

    `holds` is None where that is too close to say. `margin` is by how much it holds, negative where
    it does not, in the unit that `found` speaks of.
    """

    says: str
    found: str
    holds: bool | None
    margin: float


Term = tuple[int, Sequence[Measure], Part]


def contrast(*terms: Term) -> Difference:
    """The sum of accuracies, each with its factor (such as 1 and -1), seed by seed.

    >>> def row(right):
    ...     accuracy = Accuracy(right / 1000, 0.0, 0.0, 0.0, 1000)
    ...     return [Measure(accuracy, accuracy, ())]
    >>> str(contrast((1, row(930), "validation"), (-1, row(900), "validation")))
    '+3.0 points (+0.6 to +5.5)'
    """

    def total(seed: int) -> float:
        told = [(factor, _accuracy_of(measures[seed], part)) for factor, measures, part in terms]
        return sum(factor * accuracy.accuracy for factor, accuracy in told)

    by_seed = [total(seed) for seed in range(len(terms[0][1]))]
    if len(by_seed) > 1:
        return Difference(fmean(by_seed), *student_of_mean(by_seed))
    shares = [(factor, _accuracy_of(measures[0], part)) for factor, measures, part in terms]
    return Difference(*combined([(f, a.accuracy, _interval(a)) for f, a in shares]))


def gain(of: Sequence[Measure], over: Sequence[Measure], part: Part = "validation") -> Difference:
    """How much more one row has than another."""
    return contrast((1, of, part), (-1, over, part))


def more_than(says: str, found: str, difference: Difference, least: float = 0.0) -> Claim:
    """A claim that a difference is above `least`: it holds if all of its interval is.

    >>> more_than("a is better", "+3 points", Difference(0.03, 0.01, 0.05)).holds
    True
    >>> print(more_than("a is better", "+1 point", Difference(0.01, -0.01, 0.03)).holds)
    None
    >>> more_than("a is better", "-3 points", Difference(-0.03, -0.05, -0.01)).holds
    False
    """
    below = difference.high < least
    holds = True if difference.low > least else False if below else None
    return Claim(says, found, holds, difference.value - least)


def _accuracy_of(measure: Measure, part: Part) -> Accuracy:
    return measure.validation if part == "validation" else measure.train


def steps_to(measure: Measure, share: float) -> int | None:
    """The first evaluated step whose accuracy is at least `share`; None if there is none.

    >>> right = [Accuracy(x, 0.0, 1.0, 0.0, 100) for x in (0.5, 0.91, 0.9)]
    >>> measure = Measure(right[-1], right[-1], tuple(zip((10, 20, 30), right)))
    >>> steps_to(measure, 0.9), steps_to(measure, 0.95)
    (20, None)
    """
    return next((step for step, told in measure.curve if told.accuracy >= share), None)


def _interval(told: Accuracy) -> tuple[float, float]:
    return wilson(round(told.accuracy * told.n), told.n)
