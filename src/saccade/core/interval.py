"""How far an accuracy can be trusted."""

import math
from statistics import NormalDist


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
