"""A deep net learns better with a normalisation, or with an activation that makes one needless.

Batch norm (Ioffe and Szegedy 2015), layer norm (Ba et al. 2016), weight norm (Salimans and Kingma
2016), SELU (Klambauer et al. 2017) and nothing, in the same net with the same recipe.
"""

from saccade.core.records import Dataset
from saccade.models.entry import NORMALISATIONS
from saccade.train.recipe import Recipe
from saccade.train.schedule import Cosine
from saccade.train.stories.claim import Claim, gain, more_than
from saccade.train.stories.story import Chart, Lines, Row, Story, Told

MODEL = "mlp-deep"
STEPS = 500
WORDS = {
    "none": "nothing",
    "batch": "batch norm",
    "layer": "layer norm",
    "weight": "weight norm",
    "selu": "SELU",
}


def normalisation(dataset: Dataset, share: float) -> Story:
    """A row a normalisation.

    >>> import saccade
    >>> [row.name for row in normalisation(saccade.load("digits"), 1.0).rows]
    ['none', 'batch', 'layer', 'weight', 'selu']
    """
    steps = max(1, round(STEPS * share))
    recipe = Recipe(
        name="normalisation",
        source="ours",
        steps=steps,
        batch_size=100,
        optimizer="sgd",
        momentum=0.9,
        schedule=Cosine(0.01),
        evaluate_every=max(1, steps // 25),
    )
    rows = [Row(kind, words, MODEL, recipe, kind) for kind, words in WORDS.items()]
    title = "normalisations of a deep net"
    return Story("normalisation", title, rows, normalisation_claims, _charts)


def normalisation_claims(told: Told) -> list[Claim]:
    """Each against none."""
    claims = []
    for kind in NORMALISATIONS:
        if kind != "none":
            over = gain(told[kind].measures, told["none"].measures)
            claims.append(more_than(f"{WORDS[kind]} beats none", f"{over} over none", over))
    return claims


def _charts(told: Told) -> list[Chart]:
    lines = {words: told[kind].line() for kind, words in WORDS.items()}
    return [Lines("accuracy on validation", "steps", lines)]
