"""Answers against labels: nothing learned, a class never answered, labels that look wrong."""

import numpy as np

from saccade.diagnose.again import on_run
from saccade.diagnose.finding import Finding
from saccade.diagnose.trace import FEWEST_STEPS, Trace

UNLIKELY = 0.01
FEWEST_ERRORS = 10
AS_SURE = 0.7
SATURATED = 254 / 255
MOST_NAMED = 3


def at_chance(trace: Trace) -> Finding | None:
    """It answers no better than who always says the commonest class."""
    if trace.steps < FEWEST_STEPS or not trace.evaluations or trace.learned:
        return None
    last = trace.evaluations[-1]
    loss = float(np.mean(trace.losses[-FEWEST_STEPS:]))
    return Finding(
        "at-chance",
        "It has learned nothing that carries over",
        (
            f"{trace.watched} accuracy at step {last['step']:,} is {100 * last['accuracy']:.1f} % "
            f"of {last['n']:,}; always saying the commonest class gives "
            f"{100 * trace.chance_share:.1f} %",
            f"the training loss of the last {FEWEST_STEPS} steps is {loss:.2f}; guessing gives "
            f"{trace.chance_loss:.2f}",
        ),
        on_run(trace, "view"),
        "look at the batches (graph 3): do the labels belong to the pictures, and can you tell the "
        "classes apart at this size?",
        {"accuracy": last["accuracy"], "chance": trace.chance_share, "loss": loss},
    )


def never_predicted(trace: Trace) -> Finding | None:
    """A class is never answered, though it should have been by chance alone."""
    answers = trace.answers
    if answers is None or not trace.learned:
        return None
    count = len(trace.classes)
    there = np.bincount(answers.labels, minlength=count)
    given = np.bincount(answers.answers, minlength=count)
    # If this class were found as often as the others, how likely would none of its pictures be?
    odds = (answers.errors / len(answers)) ** there
    missing = np.flatnonzero((given == 0) & (there > 0) & (odds < UNLIKELY))
    if not len(missing):
        return None
    lines = []
    for label in missing[:MOST_NAMED]:
        taken = np.bincount(answers.answers[answers.labels == label], minlength=count)
        most = int(taken.argmax())
        lines.append(
            f"none of {there[label]:,} {trace.watched} pictures of {trace.classes[label]} is "
            f"found at step {answers.step:,}; {taken[most]:,} are taken for {trace.classes[most]}"
        )
    if len(missing) > MOST_NAMED:
        lines.append(f"and so for {len(missing) - MOST_NAMED:,} more classes")
    names = ", ".join(trace.classes[label] for label in missing[:MOST_NAMED])
    return Finding(
        "class-never-predicted",
        f"It never answers {names}" + (", ..." if len(missing) > MOST_NAMED else ""),
        tuple(lines),
        on_run(trace, "eval", "--split", "train"),
        "not found in train either: too few pictures of it there, or wrong labels; found there: "
        "the pictures held out are of another kind",
        {"classes": len(missing), "pictures": int(there[missing].sum())},
    )


def label_noise(trace: Trace) -> Finding | None:
    """It is as sure of its wrong answers as of its right ones: then it is the labels that differ,
    not the pictures."""
    answers = trace.answers
    if answers is None or not trace.learned or answers.errors < FEWEST_ERRORS:
        return None
    surer = answers.surer_when_right
    right = float(np.median(answers.confidence[answers.right]))
    wrong = float(np.median(answers.confidence[~answers.right]))
    if surer is None or surer >= AS_SURE or wrong >= SATURATED:
        return None
    share = answers.errors / len(answers)
    return Finding(
        "label-noise",
        f"Some labels look wrong, perhaps {100 * share:.0f} % of them",
        (
            f"at step {answers.step:,} {answers.errors:,} of {len(answers):,} {trace.watched} "
            f"pictures are answered differently from their label",
            f"it is about as sure of those ({100 * wrong:.0f} % in the middle) as of the others "
            f"({100 * right:.0f} %): a right answer is surer than a wrong one in "
            f"{100 * surer:.0f} of 100 pairs, where 50 is no difference; for hard pictures it is "
            "80 and more",
        ),
        on_run(trace, "view"),
        "look at the watched pictures (graph 6): the errors come first, with label and answer",
        {"share": share, "surer_when_right": surer, "errors": answers.errors},
    )
