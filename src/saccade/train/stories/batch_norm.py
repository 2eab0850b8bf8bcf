"""With batch norm a network learns faster, and stands a higher rate.

Ioffe and Szegedy, "Batch Normalization", 2015, section 4.2. The nets are those of the course's
mnist_4.0_batchnorm_five_layers_sigmoid.py, and so are the ablations: what its comments report
stands beside.
"""

from collections.abc import Sequence

from saccade.core.records import Dataset
from saccade.train.recipe import Recipe
from saccade.train.schedule import Exponential
from saccade.train.stories.claim import Claim, Measure, gain, more_than, steps_to
from saccade.train.stories.story import Chart, Lines, Row, Story, Told

MODEL = "mlp-bn"
STEPS = 10_001
RATE, TIMES = 0.003, 10
# From the comments at the end of the script, at the higher rate.
REPORTED = {"none": 0.975, "batch": 0.98, "no-offset": 0.973, "no-scale": 0.981, "bare": 0.96}
ALLOWED = 0.005  # what the scales may be worth, to be worth nothing


def batch_norm(dataset: Dataset, share: float) -> Story:
    """With and without at two rates, then without its parts at the higher one.

    >>> import saccade
    >>> [row.name for row in batch_norm(saccade.load("digits"), 1.0).rows]
    ['none', 'batch', 'none-fast', 'batch-fast', 'no-offset', 'no-scale', 'bare']
    """
    slow, fast = (_recipe(rate, share) for rate in (RATE, TIMES * RATE))
    low, high = f"rate {RATE:g}", f"rate {TIMES * RATE:g}"
    reported = REPORTED if dataset.name == "mnist" and share == 1 else {}

    def faster(name: str, kind: str, other: str) -> Row:
        return Row(name, f"{other}, {high}", MODEL, fast, kind, reported.get(kind))

    rows = [
        Row("none", f"no batch norm, {low}", MODEL, slow, "none"),
        Row("batch", f"batch norm, {low}", MODEL, slow, "batch"),
        faster("none-fast", "none", "no batch norm"),
        faster("batch-fast", "batch", "batch norm"),
        faster("no-offset", "no-offset", "without its offsets"),
        faster("no-scale", "no-scale", "without its scales"),
        faster("bare", "bare", "without either"),
    ]
    title = "batch norm: faster, and at higher rates"
    return Story("batch-norm", title, rows, batch_norm_claims, _charts)


def _recipe(rate: float, share: float) -> Recipe:
    """The script's own, with pictures held out to watch."""
    steps = max(1, round(STEPS * share))
    return Recipe(
        name="batch-norm",
        source="Görner, mnist_4.0_batchnorm_five_layers_sigmoid.py",
        steps=steps,
        batch_size=100,
        optimizer="adam",
        schedule=Exponential(rate, floor=0.0001, decay_steps=1000 * share),
        epsilon=1e-10,
        initialization="truncated-normal",
        pixel_scale=1 / 256,
        evaluate_every=max(1, steps // 100),
    )


def batch_norm_claims(told: Told) -> list[Claim]:
    """Of the rows that `batch_norm` names."""
    of = {name: evidence.measures for name, evidence in told.items()}
    higher = gain(of["batch-fast"], of["none-fast"])
    kept = gain(of["batch-fast"], of["batch"])
    offsets, both = (gain(of["batch-fast"], of[name]) for name in ("no-offset", "bare"))
    scales = gain(of["batch-fast"], of["no-scale"])
    within = gain(of["no-scale"], of["batch-fast"])
    return [
        sooner("it learns faster", of["batch"], of["none"]),
        more_than(
            f"it stands {TIMES} times the rate",
            f"{TIMES} times the rate: {kept} with it",
            kept,
            least=-0.01,
        ),
        more_than(
            "better than the same net without it", f"at that rate: {higher} over none", higher
        ),
        more_than("its offsets matter", f"{offsets} with them", offsets),
        more_than(
            "its scales do not, by more than half a point",
            f"{scales} with them",
            within,
            least=-ALLOWED,
        ),
        more_than("with neither it loses", f"{both} with both", both),
    ]


def sooner(says: str, of: Sequence[Measure], than: Sequence[Measure]) -> Claim:
    """Whether one row comes to an accuracy in fewer steps than another, with every seed.

    The accuracy is what the slower of the two ends with, so that both come there. The margin is in
    steps, of the seed where it is the least.
    """
    pairs = []
    for one, other in zip(of, than, strict=True):
        share = min(one.validation.accuracy, other.validation.accuracy)
        first, second = steps_to(one, share), steps_to(other, share)
        assert first is not None and second is not None  # noqa: S101  (both end there)
        pairs.append((share, first, second))
    least = min(second - first for _, first, second in pairs)
    words = ", ".join(
        f"to {100 * share:.1f} % after {first:,} steps instead of {second:,}"
        for share, first, second in pairs
    )
    return Claim(says, words, least > 0, float(least))


def _charts(told: Told) -> list[Chart]:
    names = {"batch": "batch norm", "none": "without", "batch-fast": "batch norm, fast"}
    names["none-fast"] = "without, fast"
    lines = {words: told[name].line() for name, words in names.items()}
    return [Lines("accuracy on validation", "steps", lines)]
