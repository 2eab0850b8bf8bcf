"""With few pictures a net learns them by heart; dropout and penalties hold it back.

Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", 2014, and
the penalties of the course's quizzes: the sum of |w| (L1) or of w^2 (L2) over all kernels. What is
held out to watch is nearly everything: little is left to learn from, and the gap is well measured.
"""

from dataclasses import replace

from saccade.core.records import Dataset
from saccade.train.recipe import Recipe
from saccade.train.schedule import Cosine
from saccade.train.stories.claim import Claim, contrast, gain, more_than
from saccade.train.stories.story import Chart, Gaps, Row, Story, Told

PICTURES = 1_000  # that are left to learn from
LEAST_SHARE, MOST_SHARE = 0.5, 0.99
STEPS = 2_000
L1, L2 = 1e-4, 1e-3
NAMES = ("dropout", "l1", "l2")


def dropout(dataset: Dataset, share: float) -> Story:
    """The same dense net with nothing, dropout, L1 and L2.

    >>> import saccade
    >>> [row.name for row in dropout(saccade.load("digits"), 1.0).rows]
    ['nothing', 'dropout', 'l1', 'l2']
    """
    steps = max(1, round(STEPS * share))
    held_out = 1 - PICTURES / len(dataset.train)
    plain = Recipe(
        name="dropout",
        source="ours",
        steps=steps,
        batch_size=50,
        optimizer="adam",
        schedule=Cosine(0.001),
        validation_share=min(MOST_SHARE, max(LEAST_SHARE, held_out)),
        evaluate_every=max(1, steps // 5),
    )
    rows = [
        Row("nothing", "nothing holds it back", "mlp-relu", plain),
        Row("dropout", "a quarter of each layer dropped", "mlp-dropout", plain),
        Row("l1", f"L1 of {L1:g}", "mlp-relu", replace(plain, l1=L1)),
        Row("l2", f"L2 of {L2:g}", "mlp-relu", replace(plain, l2=L2)),
    ]
    title = "dropout and penalties against overfitting"
    return Story("dropout", title, rows, dropout_claims, _charts)


def dropout_claims(told: Told) -> list[Claim]:
    """Of each: it narrows the gap, and is no worse on what it has not seen."""
    plain = told["nothing"].measures
    claims = []
    for name in NAMES:
        other, words = told[name].measures, name.upper() if name != "dropout" else name
        narrower = contrast(
            (1, plain, "train"),
            (-1, plain, "validation"),
            (-1, other, "train"),
            (1, other, "validation"),
        )
        found = f"the gap is {narrower} narrower; on validation {gain(other, plain)}"
        claims.append(more_than(f"{words} narrows the gap", found, narrower))
    return claims


def _charts(told: Told) -> list[Chart]:
    dots = {name: evidence.pooled() for name, evidence in told.items()}
    train = {
        name: sum(measure.train.accuracy for measure in evidence.measures) / len(evidence.measures)
        for name, evidence in told.items()
    }
    return [Gaps("accuracy on validation, and on train", dots, train)]
