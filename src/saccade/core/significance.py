"""Whether two classifiers differ by more than chance."""

from math import comb


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p value of McNemar's test, 0..1.

    Of the pictures that just one of two classifiers names right, `only_first` are the first's and
    `only_second` the second's. If neither were better, each would be so with a chance of a half
    (McNemar 1947; exact by the binomial distribution).

    >>> mcnemar(8, 2)
    0.109375
    >>> mcnemar(0, 0), mcnemar(5, 5)
    (1.0, 1.0)
    """
    if only_first < 0 or only_second < 0:
        raise ValueError(f"counts can't be negative, got {only_first} and {only_second}")
    n = only_first + only_second
    tail = sum(comb(n, k) for k in range(min(only_first, only_second) + 1))
    p: float = 2 * tail / 2**n
    return min(1.0, p)
