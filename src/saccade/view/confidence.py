"""How far the run's confidence can be believed: the reliability diagram and the coverage curve."""

from collections.abc import Mapping, Sequence
from typing import Any

from saccade.core.calibration import Calibration
from saccade.core.errors import BadRun
from saccade.run.calibration import Kept, read_calibration
from saccade.run.directory import Run
from saccade.view import page
from saccade.view.chart import Chart, Mark, Point, Series, draw
from saccade.view.story import Story

LEAST_IN_A_BIN = 10
MEASURES = {
    "nll": "NLL, nats",
    "ece": "ECE, 15 bins",
    "classwise_ece": "class-wise ECE, 15 bins",
    "brier": "Brier's score",
}


def confidence(story: Story) -> str:
    """Charts, measures and thresholds; "" for a run that was not calibrated."""
    try:
        kept = read_calibration(Run(story.path))
        if kept is None:
            return ""
        return page.section("Confidence", *_parts(kept, kept.step in story.checkpoints.values()))
    except (BadRun, OSError) as error:
        why = str(error)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        why = f"eval/calibration.json is damaged: {error!r}"
    return page.section("Confidence", page.paragraph(page.text(f"{why}.")))


def _parts(kept: Kept, there: bool) -> list[str]:
    figures, record = kept.figures, kept.calibration
    held, test = figures["held_out"], figures["test"]
    judged, where = held, "held-out pictures, cross-validated"
    if test is not None and test["n"] >= held["n"]:  # many bins need many pictures
        judged, where = test, "test"
    charts = (_diagram(judged), _coverage(figures["curve"], record))
    gone = "" if there else ", which are not here any more: calibrate again"
    notes = (
        f"Fitted on {figures['fitted_on']}; weights of step {kept.step:,}{gone}. Left: of answers "
        f"that are so sure (across), so many are right (up); on the dashed line they mean what "
        f"they say. It shows {where}, n = {judged['n']:,}; bins of fewer than {LEAST_IN_A_BIN} "
        f"pictures are left out. Right: the more are kept, surest first, the fewer of them are "
        f"right (held-out pictures)."
    )
    return [
        f'<div class="pair">{"".join(f"<div>{svg}</div>" for svg in charts)}</div>',
        page.paragraph(page.text(notes), "quiet"),
        _measures(judged),
        page.items(map(page.text, _thresholds(record, judged))),
    ]


def _diagram(judged: Mapping[str, Any]) -> str:
    before, after = (_points(judged[f"reliability_{when}"]) for when in ("before", "after"))
    least = min((min(point) for point in (*before, *after)), default=0.0)
    low = max(0.0, 10 * (least // 10))
    series = [
        Series("before", before, dots=True),
        Series("calibrated", after, dots=True),
        Series("ideal", [(low, low), (100.0, 100.0)]),
    ]
    shown = [each for each in series if each.points]
    return draw(Chart("right", "top probability, %", shown, low, 100.0, " %"))


def _points(bins: Sequence[Mapping[str, Any]]) -> list[Point]:
    return [(100 * b["said"], 100 * b["right"]) for b in bins if b["n"] >= LEAST_IN_A_BIN]


def _coverage(curve: Sequence[Sequence[float]], record: Calibration) -> str:
    points = [(100 * kept, 100 * right) for kept, right in curve]
    low = min(right for _, right in points)
    reject, series, mark = record.reject, [Series("right", points)], None
    if reject is not None:
        wanted = 100 * reject.precision
        series.append(Series("wanted", [(points[0][0], wanted), (points[-1][0], wanted)]))
        low = min(low, wanted)
        if reject.threshold is not None:
            at = min(points, key=lambda point: abs(point[0] - 100 * reject.coverage))
            mark = Mark(at, f"threshold {reject.threshold:.3f}")
    low -= 0.05 * (100 - low) or 0.5
    return draw(Chart("right", "pictures kept, %", series, max(0.0, low), 100.0, " %", mark))


def _measures(judged: Mapping[str, Any]) -> str:
    rows = [
        (title, *(_with_interval(judged[when][name]) for when in ("before", "after")))
        for name, title in MEASURES.items()
    ]
    shares = (page.percent(judged[f"accuracy_{when}"]) for when in ("before", "after"))
    return page.table("facts", ("", "before", "calibrated"), [*rows, ("accuracy", *shares)])


def _with_interval(measured: Mapping[str, float]) -> str:
    value, low, high = (measured[name] for name in ("value", "low", "high"))
    return f"{value:.4f} ({low:.4f} to {high:.4f})"


def _thresholds(record: Calibration, judged: Mapping[str, Any]) -> list[str]:
    """Reject, unknown and sets, in words."""
    told = []
    if (reject := record.reject) is not None:
        wanted = page.percent(reject.precision, 1)
        if reject.threshold is None:
            told.append(f"{wanted} of right answers can't be promised, so nothing is accepted.")
        else:
            told.append(
                f"Answers below {reject.threshold:.4f} are rejected: "
                f"{page.percent(judged['kept'])} are kept, and at least {wanted} of them are right "
                f"(95 % sure)."
            )
    if (unknown := record.unknown) is not None:
        told.append(
            f"A picture is unknown where its {unknown.score} is above {unknown.threshold:.3f}; "
            f"{page.percent(judged['unknown'], 1)} of these pictures are."
        )
    if (fitted := record.conformal) is not None:
        sets = judged["sets"]
        told.append(
            f"Sets of classes ({fitted.kind}) for {page.percent(fitted.coverage, 1)} coverage hold "
            f"the true class of {page.percent(sets['coverage'])}, with "
            f"{sets['mean_size']:.2f} classes on average; {page.percent(sets['empty'], 1)} are "
            f"empty."
        )
    return told
