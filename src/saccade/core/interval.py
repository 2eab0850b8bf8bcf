"""How far an accuracy can be trusted."""

import math
from collections.abc import Sequence
from statistics import NormalDist, fmean, stdev


def wilson(correct: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The Wilson score interval of a share: (low, high), both within 0..1.

    Wilson, "Probable inference, the law of succession, and statistical inference", 1927. Unlike
    the plain normal interval it stays inside 0..1 and is right for shares near 1.

    >>> tuple(round(x, 4) for x in wilson(9_268, 10_000))
    (0.9215, 0.9317)
    >>> wilson(10, 10)[1]
    1.0
    """
    if n < 1 or not 0 <= correct <= n:
        raise ValueError(f"a share needs 0 <= correct <= n and n >= 1, got {correct} of {n}")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = correct / n
    centre = share + z * z / (2 * n)
    reach = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, (centre - reach) / scale), min(1.0, (centre + reach) / scale)


def student(shares: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """Student's t interval of the mean of shares that were measured anew: (low, high), in 0..1.

    Student, "The probable error of a mean", 1908. It takes at least two, and knows of nothing that
    was the same each time: of the test pictures, if all were measured on the same ones.

    >>> tuple(round(x, 4) for x in student([0.90, 0.92, 0.94]))
    (0.8703, 0.9697)
    """
    low, high = student_of_mean(shares, confidence)
    return max(0.0, low), min(1.0, high)


def student_of_mean(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """The same of any numbers, such as differences of shares.

    >>> tuple(round(x, 4) for x in student_of_mean([-0.02, 0.0, 0.02]))
    (-0.0497, 0.0497)
    """
    if len(values) < 2:
        raise ValueError(f"an interval of a mean needs two values, got {len(values)}")
    times = student_quantile((1 + confidence) / 2, len(values) - 1)
    mean, reach = fmean(values), times * stdev(values) / math.sqrt(len(values))
    return mean - reach, mean + reach


def combined(
    terms: Sequence[tuple[float, float, tuple[float, float]]],
) -> tuple[float, float, float]:
    """(value, low, high) of a sum of shares, each (factor, share, its interval), all independent.

    Zou and Donner, "Construction of confidence limits about effect measures", 2008; for the
    difference of two shares with Wilson's intervals it is method 10 of Newcombe 1998, whose
    example is below.

    >>> shares = [(1, 56 / 70, wilson(56, 70)), (-1, 48 / 80, wilson(48, 80))]
    >>> tuple(round(x, 4) for x in combined(shares))
    (0.2, 0.0524, 0.3339)
    """
    value = sum(factor * share for factor, share, _ in terms)
    below = above = 0.0
    for factor, share, interval in terms:
        low, high = sorted(factor * edge for edge in interval)
        below += (factor * share - low) ** 2
        above += (high - factor * share) ** 2
    return value, value - math.sqrt(below), value + math.sqrt(above)


def student_quantile(probability: float, freedom: int) -> float:
    """The value that Student's t with `freedom` degrees stays below with this probability, >= 0.5.

    >>> round(student_quantile(0.975, 2), 4), round(student_quantile(0.975, 9), 4)
    (4.3027, 2.2622)
    """
    if not 0.5 <= probability < 1 or freedom < 1:
        raise ValueError(f"no such quantile: {probability} with {freedom} degrees of freedom")
    low, high = 0.0, math.pi / 2  # of the angle whose tangent is t / sqrt(freedom)
    for _ in range(60):
        angle = (low + high) / 2
        low, high = (angle, high) if _below(angle, freedom) < probability else (low, angle)
    return math.sqrt(freedom) * math.tan(low)


def _below(angle: float, freedom: int) -> float:
    """The distribution function, a finite sum (Abramowitz and Stegun 26.7.3 and 26.7.4)."""
    cosine, odd = math.cos(angle), freedom % 2
    term, total = (cosine if odd else 1.0), 0.0
    for k in range(1 + odd, freedom, 2):
        total += term
        term *= cosine * cosine * k / (k + 1)
    both = math.sin(angle) * total
    return 0.5 + (angle + both) / math.pi if odd else 0.5 + both / 2
