"""With few pictures a net learns them by heart; dropout and penalties hold it back.

Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", 2014, and
the penalties of the course's quizzes: the sum of |w| (L1) or of w^2 (L2) over all kernels. What is
held out to watch is nearly everything: little is left to learn from, and the gap is well measured.
The gap is that of the losses: all of them name every picture right that they have learnt from.
"""

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

from saccade.core.records import Dataset
from saccade.train.recipe import Recipe
from saccade.train.schedule import Cosine
from saccade.train.stories.claim import Claim, Measure, gain, more_than
from saccade.train.stories.story import Chart, Curves, Gaps, Row, Story, Told

PICTURES = 1_000  # that are left to learn from
LEAST_SHARE, MOST_SHARE = 0.5, 0.99
STEPS = 2_000
L1, L2 = 3e-4, 5e-3
NAMES = {"dropout": "dropout", "l1": "L1", "l2": "L2"}


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
        evaluate_every=max(1, steps // 10),
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
    """Of each: it narrows the gap, and is right more often on what it has not seen."""
    plain = told["nothing"].measures
    claims = []
    for name, words in NAMES.items():
        other = told[name].measures
        better = gain(other, plain)
        claims.append(_narrower(f"{words} narrows the gap between the losses", other, plain))
        claims.append(more_than(f"{words} is right more often on validation", f"{better}", better))
    return claims


def _narrower(says: str, of: Sequence[Measure], than: Sequence[Measure]) -> Claim:
    """With every seed; the margin is in nats, of the seed where it is the least."""
    ours, theirs = ([_gap(measure) for measure in measures] for measures in (of, than))
    least = min(wide - narrow for narrow, wide in zip(ours, theirs, strict=True))
    found = f"{fmean(ours):.2f} nats instead of {fmean(theirs):.2f}"
    return Claim(says, found, least > 0, least)


def _gap(measure: Measure) -> float:
    return measure.validation.loss - measure.train.loss


def _charts(told: Told) -> list[Chart]:
    dots = {name: evidence.pooled() for name, evidence in told.items()}
    train = {
        name: fmean(measure.train.accuracy for measure in evidence.measures)
        for name, evidence in told.items()
    }
    losses = {
        name: [(float(step), seen.loss) for step, seen in evidence.measures[0].curve]
        for name, evidence in told.items()
    }
    return [
        Curves("loss on validation", "nats", "steps", losses),
        Gaps("accuracy on validation, and on train", dots, train),
    ]
