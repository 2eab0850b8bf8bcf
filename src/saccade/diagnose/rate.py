"""Is the learning rate too high, or too low?"""

from itertools import pairwise

import numpy as np

from saccade.diagnose.again import one_digit, train_again
from saccade.diagnose.finding import Finding
from saccade.diagnose.trace import ADAPTIVE, FEWEST_STEPS, Trace

SPIKE = 1.5  # times guessing, or where the loss began if that is more
AS_LARGE_AS_A_WEIGHT = 0.5
SOME_OF_A_WEIGHT = 0.03  # the default recipes: 0.015 to 0.05
HARDLY_MOVED = 0.1
UNLEARNED = 0.75  # of the loss of guessing
STRAIGHT = 0.95  # share of the variance that a line explains
PARTS = 8


def too_high(trace: Trace) -> Finding | None:
    """The loss became no number, rose above guessing, what was learned was lost again, or single
    updates were as large as the weights they change."""
    figures = {"rate": trace.rate} if trace.steps else {}
    # Of the loss, or of the slopes before it: which is seen first depends on where chunks end.
    if trace.state == "failed" and " is no finite number" in trace.reason:
        evidence = [trace.reason.partition(". ")[0]]
    else:
        evidence = [line for sign in (_spike, _lost, _as_large) for line in sign(trace, figures)]
    if not evidence:
        return None
    return Finding(
        "learning-rate-too-high",
        "The learning rate is too high",
        tuple(evidence),
        train_again(trace, lr=lower_rate(trace)),
        "a much lower rate: the loss should fall from the first steps on, and stay down",
        figures,
    )


def lower_rate(trace: Trace) -> str:
    """A rate to type: a tenth of the highest so far, and with Adam a few per cent of a weight."""
    rate = trace.rate if trace.steps else float(trace.recipe["schedule"]["rate"])
    scale = trace.weight_scale if trace.recipe["optimizer"] in ADAPTIVE else None
    return one_digit(min(rate / 10, SOME_OF_A_WEIGHT * (scale or np.inf)))


def too_low(trace: Trace) -> Finding | None:
    """Most is still to be learned, and all the updates together were like a part of one step.

    A run under way is judged after its first epoch: rates that rise are low there.
    """
    if trace.steps < FEWEST_STEPS or (trace.steps < trace.length and trace.epoch(trace.steps) < 1):
        return None
    loss = float(np.mean(trace.losses[-(trace.steps // PARTS) :]))
    if not loss > UNLEARNED * trace.chance_loss:
        return None
    found = _hardly_moved(trace) or _straight(trace)
    if found is None:
        return None
    line, factor = found
    factor = float(np.clip(factor, 10, 1000))
    higher = trace.rate * factor
    return Finding(
        "learning-rate-too-low",
        "The learning rate is too low",
        (
            f"after {trace.steps:,} steps the training loss is {loss:.3f}; guessing gives "
            f"{trace.chance_loss:.3f}",
            line,
        ),
        train_again(trace, lr=one_digit(higher)),
        f"about {factor:,.0f} times the rate: at the pace so far, what as many steps would need",
        {"rate": trace.rate, "loss": loss, "chance_loss": trace.chance_loss, "factor": factor},
    )


def _spike(trace: Trace, figures: dict[str, float]) -> list[str]:
    if not trace.steps:
        return []
    smooth = trace.smooth
    level = max(trace.chance_loss, float(smooth[0]))
    highest = int(np.nanargmax(smooth))
    if not smooth[highest] > SPIKE * level:
        return []
    figures |= {"highest_loss": float(smooth[highest]), "step": highest + 1.0}
    return [
        f"the training loss rose to {smooth[highest]:.2f} at step {highest + 1:,}, where the rate "
        f"was {trace.rates[highest]:.3g}; it began at {smooth[0]:.2f}, and guessing gives "
        f"{trace.chance_loss:.2f}"
    ]


def _lost(trace: Trace, figures: dict[str, float]) -> list[str]:
    if len(trace.evaluations) < 2:
        return []
    best = max(trace.evaluations, key=lambda evaluation: evaluation["accuracy"])
    last = trace.evaluations[-1]
    gained = best["accuracy"] - trace.chance_share
    sure = trace.beats_chance(best, of=len(trace.evaluations))
    if not (sure and best["accuracy"] - last["accuracy"] > gained / 2):
        return []
    figures |= {"best_accuracy": best["accuracy"], "last_accuracy": last["accuracy"]}
    return [
        f"{trace.watched} accuracy was {100 * best['accuracy']:.1f} % at step {best['step']:,} and "
        f"is {100 * last['accuracy']:.1f} % at step {last['step']:,}: most of it is lost again"
    ]


def _as_large(trace: Trace, figures: dict[str, float]) -> list[str]:
    """Adam moves every weight by about the rate (Kingma and Ba 2015, section 2.1)."""
    scale = trace.weight_scale
    if not trace.steps or trace.recipe["optimizer"] not in ADAPTIVE or not scale:
        return []
    if trace.rate < AS_LARGE_AS_A_WEIGHT * scale:
        return []
    figures |= {"weight_scale": scale}
    return [
        f"{trace.recipe['optimizer']} moves each weight by about the rate, {trace.rate:.2g} at its "
        f"highest; the weights themselves are about {scale:.2g}"
    ]


def _hardly_moved(trace: Trace) -> tuple[str, float] | None:
    """What was seen, and how many times the rate would move the weights by their own size."""
    scale, path = trace.weight_scale, float(trace.rates.sum())
    if trace.recipe["optimizer"] not in ADAPTIVE or not scale or path > HARDLY_MOVED * scale:
        return None
    return (
        f"{trace.recipe['optimizer']} moves a weight by about the rate a step, by {path:.1g} in "
        f"all steps at most; the weights themselves are about {scale:.1g}",
        scale / path,
    )


def _straight(trace: Trace) -> tuple[str, float] | None:
    """The loss falls in a straight line along the sum of the rates, as for ever smaller steps.

    What was seen, and how many times the rate would bring that line down to 0.
    """
    path = np.cumsum(trace.rates)
    ends = np.linspace(0, trace.steps, PARTS + 1).astype(int)
    spans = list(pairwise(ends))
    at = np.array([path[start:end].mean() for start, end in spans])
    losses = np.array([trace.losses[start:end].mean() for start, end in spans])
    if len(trace.evaluations) >= PARTS:  # always of the same pictures: no noise of sampling
        at = path[[evaluation["step"] - 1 for evaluation in trace.evaluations]]
        losses = np.array([evaluation["loss"] for evaluation in trace.evaluations])
    line = float(np.corrcoef(at, losses)[0, 1]) if at.std() and losses.std() else 0.0
    fall = float(losses[0] - losses[-1])
    if not (fall > 0 and line < 0 and line**2 >= STRAIGHT):
        return None
    return (
        f"it has fallen by {fall:.3g}, in a straight line along the sum of the learning rates: "
        "no step was long enough to bend it",
        trace.chance_loss / fall,
    )
