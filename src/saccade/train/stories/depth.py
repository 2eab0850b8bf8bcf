"""Deeper is not better by itself, and with shortcuts it is no worse.

He et al., "Deep Residual Learning for Image Recognition", 2015, sections 1 and 4.2: of plain nets
the deeper one learns worse, on training pictures, too, so that it is no overfitting; with an
identity around every two layers it does not. Theirs go through CIFAR-10 160 times; these are short.
"""

import math
from collections.abc import Sequence

from saccade.core.records import Dataset
from saccade.train.recipe import Recipe
from saccade.train.schedule import Cosine
from saccade.train.stories.claim import Claim, Difference, Measure, Part, gain, more_than
from saccade.train.stories.story import Chart, Curves, Lines, Row, Story, Told

DEPTHS = (20, 32, 56)
QUICK_DEPTHS = (20, 32)
KINDS = {"plain": "plain-cifar", "residual": "resnet-cifar"}
STEPS = 200
ALLOWED = 0.01  # a residual net that is deeper may lose so much


def depth(dataset: Dataset, share: float) -> Story:
    """Plain and residual nets of the same depths, and a share of the steps.

    >>> import saccade
    >>> [row.name for row in depth(saccade.load("digits"), 1.0).rows][:2]
    ['plain-20', 'plain-32']
    """
    depths = DEPTHS if share == 1 else QUICK_DEPTHS
    steps = max(1, round(STEPS * share))
    recipe = Recipe(
        name="depth",
        source="He et al. 2015, section 4.2, shortened",
        steps=steps,
        batch_size=64,
        optimizer="sgd",
        momentum=0.9,
        schedule=Cosine(0.1),
        l2=5e-5,  # half of their weight decay: its slope is twice that
        evaluate_every=max(1, steps // 8),
    )
    rows = [
        Row(f"{kind}-{count}", f"{count} layers, {kind}", f"{model}-{count}", recipe)
        for kind, model in KINDS.items()
        for count in depths
    ]

    def claims(told: Told) -> list[Claim]:
        return depth_claims(told, depths[0], depths[-1])

    def charts(told: Told) -> list[Chart]:
        return depth_charts(told, depths)

    return Story("depth", "depth: plain nets and residual ones", rows, claims, charts)


def depth_claims(told: Told, shallow: int, deep: int) -> list[Claim]:
    """From `shallow` to `deep` layers."""

    def of(kind: str, count: int) -> Sequence[Measure]:
        return told[f"{kind}-{count}"].measures

    def change(kind: str, part: Part = "validation") -> Difference:
        return gain(of(kind, deep), of(kind, shallow), part)

    layers = f"{shallow} -> {deep} layers"
    better = gain(of("residual", deep), of("plain", deep))
    return [
        more_than(
            "a plain net gets worse with depth",
            f"{layers}: {change('plain')}",
            gain(of("plain", shallow), of("plain", deep)),
        ),
        more_than(
            "on the pictures it learns from, too: that is no overfitting",
            f"{layers}: {change('plain', 'train')}",
            gain(of("plain", shallow), of("plain", deep), "train"),
        ),
        more_than(
            f"a residual net does not, by more than {100 * ALLOWED:g} point",
            f"{layers}: {change('residual')}",
            change("residual"),
            least=-ALLOWED,
        ),
        more_than(
            f"of {deep} layers, the residual net is the better one",
            f"residual over plain: {better}",
            better,
        ),
    ]


def depth_charts(told: Told, depths: tuple[int, ...]) -> list[Chart]:
    """Accuracy by depth, and how long the slopes of the deepest nets' kernels are."""
    lines = {
        kind: [(count, *told[f"{kind}-{count}"].pooled()) for count in depths] for kind in KINDS
    }
    slopes = {}
    for kind in KINDS:
        lengths = told[f"{kind}-{depths[-1]}"].slopes
        slopes[f"{kind}-{depths[-1]}"] = [
            (float(i), math.log10(length)) for i, length in enumerate(lengths, 1) if length > 0
        ]
    charts: list[Chart] = [Lines("accuracy on validation", "layers", lines)]
    if all(slopes.values()):
        charts.append(Curves("length of the slope", "log10", "layer", slopes))
    return charts
