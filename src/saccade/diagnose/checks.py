"""All the checks. A new one is a function `Trace -> Finding | None` and a line in `CHECKS`."""

from collections.abc import Callable, Mapping

from saccade.diagnose.finding import Finding
from saccade.diagnose.fitting import explained_gap, overfitting, too_early
from saccade.diagnose.labels import at_chance, label_noise, never_predicted
from saccade.diagnose.layers import dead_relus, slow_start
from saccade.diagnose.rate import too_high, too_low
from saccade.diagnose.trace import Trace

Check = Callable[[Trace], Finding | None]

CHECKS: tuple[Check, ...] = (
    too_high,
    too_low,
    dead_relus,
    slow_start,
    at_chance,
    never_predicted,
    label_noise,
    overfitting,
    too_early,
    explained_gap,
)

_CAUSES = ("learning-rate-too-high", "learning-rate-too-low", "dead-relus", "slow-start")

# A symptom is not told where one of its causes is: the cause is what can be changed.
EXPLAINED_BY: Mapping[str, tuple[str, ...]] = {
    "dead-relus": ("learning-rate-too-high",),
    "slow-start": ("learning-rate-too-high", "learning-rate-too-low"),
    "at-chance": _CAUSES,
    "class-never-predicted": (*_CAUSES, "finished-too-early"),
    "label-noise": _CAUSES,
    "overfitting": ("learning-rate-too-high", "class-never-predicted"),
    "finished-too-early": _CAUSES,
    "explained-gap": (*_CAUSES, "finished-too-early"),
}


def diagnose(trace: Trace) -> list[Finding]:
    """What the record of a run shows, problems first; a running one is judged as far as it came."""
    checks = CHECKS if trace.steps else (too_high,)  # it may fail in its first steps
    found = [finding for check in checks if (finding := check(trace))]
    names = {finding.name for finding in found}
    return [each for each in found if not names & set(EXPLAINED_BY.get(each.name, ()))]
