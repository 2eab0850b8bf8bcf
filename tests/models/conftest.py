"""The smallest network of each family is tried at once; the others are slow."""

import pytest

from saccade.models import MODELS
from saccade.models.papers import PAPERS

SMALLEST = {
    family: min(
        (n for n in MODELS if MODELS[n].family == family), key=lambda n: MODELS[n].parameters
    )
    for family in {entry.family for entry in MODELS.values()}
}


def by_family(name, *more):
    """A parameter of a test: a network's name, and what else it takes."""
    marks = [] if name in SMALLEST.values() else [pytest.mark.slow]
    return pytest.param(name, *more, marks=marks)


def by_depth(name, *more):
    """The same for what costs little, but for the deep networks of papers."""
    return by_family(name, *more) if name in PAPERS else pytest.param(name, *more)
