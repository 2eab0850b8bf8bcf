"""Training against watching: overfitting, a gap that is none, an end that came too early."""

import numpy as np

from saccade.core.interval import wilson
from saccade.diagnose.again import on_run, train_again
from saccade.diagnose.finding import Finding
from saccade.diagnose.trace import FEWEST_STEPS, Trace

FEWEST_EVALUATIONS = 6
LATEST = 3
RISE, STILL_LEARNING = 0.1, 0.9
FALL, LAST = 0.15, 0.8
ERRORS = 2.0  # standard errors: about one in twenty by chance
HALF = 0.5  # of the loss of guessing


def overfitting(trace: Trace) -> Finding | None:
    """The watched loss has risen from its lowest, while the training loss went on falling."""
    if len(trace.evaluations) < FEWEST_EVALUATIONS or trace.answers is None or not trace.learned:
        return None
    best = min(trace.evaluations, key=lambda evaluation: evaluation["loss"])
    last, error = trace.evaluations[-1], trace.answers.loss_error
    # The best of many is so by luck, too: so each of the last three has to be worse.
    rise = min(each["loss"] for each in trace.evaluations[-LATEST:]) - best["loss"]
    if not rise > max(RISE * best["loss"], ERRORS * error):
        return None
    if not last["train_loss"] < STILL_LEARNING * best["train_loss"]:
        return None
    step = best["step"]
    changes, hope = _against_overfitting(trace, step)
    return Finding(
        "overfitting",
        f"It overfits from about epoch {trace.epoch(step):.2g} on",
        (
            f"{trace.watched} loss was lowest at step {step:,}, {best['loss']:.3f}, and is "
            f"{last['loss']:.3f} at step {last['step']:,}: a rise of {rise / error:.1f} standard "
            "errors",
            f"meanwhile the training loss fell from {best['train_loss']:.3f} to "
            f"{last['train_loss']:.3f}",
        ),
        train_again(trace, **changes),
        hope,
        {
            "step": step,
            "epoch": trace.epoch(step),
            "lowest_loss": best["loss"],
            "last_loss": last["loss"],
        },
    )


def _against_overfitting(trace: Trace, step: int) -> tuple[dict[str, str], str]:
    if not trace.recipe["augment"]:
        return {"augment": "affine"}, (
            "small turns and shifts make every picture a new one each time: the watched loss "
            "should go on falling for longer"
        )
    if not trace.recipe["weight_decay"]:
        return {"optimizer": "adamw", "weight_decay": "0.1"}, (
            "decay keeps the weights small: the watched loss should rise later, or not at all"
        )
    return {"epochs": f"{max(trace.epoch(step), 0.1):.2g}"}, "as long as it helped, no longer"


def explained_gap(trace: Trace) -> Finding | None:
    """It does worse in training than when watched, because training is made harder."""
    rates = [layer["rate"] for layer in trace.layers if "Dropout" in layer["kind"]]
    augmented = [each["name"] for each in trace.recipe["augment"]]
    if not trace.evaluations or not (any(rates) or augmented):
        return None
    last = trace.evaluations[-1]
    before = trace.evaluations[-2]["step"] if len(trace.evaluations) > 1 else 0
    # The second half of the steps between: a mean of all lags behind while it learns fast.
    batches = trace.accuracies[(before + last["step"]) // 2 : last["step"]]
    pictures = len(batches) * trace.recipe["batch_size"]
    if not pictures:
        return None
    accuracy = float(batches.mean())
    train = wilson(round(accuracy * pictures), pictures)
    watched = wilson(round(last["accuracy"] * last["n"]), last["n"])
    if train[1] >= watched[0]:
        return None
    reasons = [f"dropout leaves out up to {100 * max(rates):.0f} % of the values"] if rates else []
    reasons += [f"augmentation ({', '.join(augmented)}) changes the pictures"] if augmented else []
    return Finding(
        "explained-gap",
        f"Training accuracy is below {trace.watched} accuracy: that is no fault",
        (
            f"{100 * accuracy:.1f} % in training up to step {last['step']:,}, "
            f"{100 * last['accuracy']:.1f} % of {last['n']:,} {trace.watched} pictures",
            f"only in training {' and '.join(reasons)}",
        ),
        on_run(trace, "eval", "--split", "train"),
        "measures the training pictures as they are: the gap should be gone",
        {"train_accuracy": accuracy, "watched_accuracy": last["accuracy"]},
        problem=False,
    )


def too_early(trace: Trace) -> Finding | None:
    """The loss was still falling when training ended."""
    if trace.state != "finished" or not trace.learned:
        return None
    line = _few_steps(trace) or _watched_falls(trace) or _train_falls(trace)
    if line is None:
        return None
    if trace.recipe.get("steps") is None:
        longer = {"epochs": f"{2 * trace.epoch(trace.steps):.2g}"}
    else:
        longer = {"steps": str(2 * trace.steps)}
    return Finding(
        "finished-too-early",
        "It was still improving when it ended",
        (line, f"it ended after {trace.steps:,} steps: {trace.reason}"),
        train_again(trace, **longer),
        "twice as long: enough once the watched loss no longer falls",
        {"step": trace.steps},
    )


def _few_steps(trace: Trace) -> str | None:
    last = trace.evaluations[-1]
    if trace.steps >= FEWEST_STEPS or last["loss"] < HALF * trace.chance_loss:
        return None
    return (
        f"{trace.watched} loss is {last['loss']:.2f}, still more than half that of guessing "
        f"({trace.chance_loss:.2f}), after {trace.steps} updates"
    )


def _watched_falls(trace: Trace) -> str | None:
    """In the last fifth."""
    earlier = [each for each in trace.evaluations if each["step"] <= LAST * trace.steps]
    if not earlier or trace.answers is None:
        return None
    before, last = earlier[-1], trace.evaluations[-1]
    if not _steady(trace, before["step"]):
        return None
    fall = before["loss"] - last["loss"]
    if last["loss"] > min(each["loss"] for each in trace.evaluations):
        return None
    if not fall > max(FALL * before["loss"], ERRORS * trace.answers.loss_error):
        return None
    return (
        f"{trace.watched} loss fell from {before['loss']:.3f} at step {before['step']:,} to "
        f"{last['loss']:.3f} at step {last['step']:,}, accuracy went from "
        f"{100 * before['accuracy']:.1f} to {100 * last['accuracy']:.1f} %"
    )


def _steady(trace: Trace, step: int) -> bool:
    """Whether the rate is about what it was: a falling one by itself brings the loss down.

    After a few steps that is no matter: then it fell before much could be learned.
    """
    return bool(trace.steps < FEWEST_STEPS or trace.rates[-1] >= trace.rates[step - 1] / 2)


def _train_falls(trace: Trace) -> str | None:
    """From the third quarter to the last, where a single evaluation can't tell."""
    if len(trace.evaluations) > 1 or trace.steps < FEWEST_EVALUATIONS:
        return None
    quarter = trace.steps // 4
    if not _steady(trace, trace.steps - quarter):
        return None
    third, last = trace.losses[-2 * quarter : -quarter], trace.losses[-quarter:]
    fall = float(third.mean() - last.mean())
    error = float(np.sqrt((third.var() + last.var()) / quarter))
    if not fall > max(FALL * third.mean(), ERRORS * error):
        return None
    return (
        f"the training loss fell from {third.mean():.3f} in the third quarter of the steps to "
        f"{last.mean():.3f} in the last"
    )
