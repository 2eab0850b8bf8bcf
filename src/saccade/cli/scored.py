"""What is said of many answers."""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from saccade.cli.words import plain
from saccade.core.answerer import Answerer
from saccade.data.listing import Found
from saccade.score.resuming import Part
from saccade.score.table import Table
from saccade.score.tally import Tally

SCREENFUL = 40  # lines


def print_rows(part: Part, table: Table, judged: bool) -> None:
    """A line each; an empty one before what more is said of them."""
    for cells in part.earlier():
        row = table.read(cells)
        if not row.problem:
            true = f" ({row.label})" if row.label else ""
            print(f"{plain(cells[0])}: {row.predicted} {100 * row.probability:.1f} %{plain(true)}")
    if judged:
        print()


def print_summary(tally: Tally, written: Sequence[Path], total: int) -> None:
    """The accuracy and what is found of each class; without labels how often each is answered."""
    accuracy = tally.accuracy
    if accuracy is not None:
        low, high = 100 * accuracy["low"], 100 * accuracy["high"]
        print(
            f"accuracy {100 * accuracy['accuracy']:.2f} % "
            f"(95 % interval {low:.2f} to {high:.2f}, n = {accuracy['n']:,})"
        )
        _print_found(tally)
    elif written or total > SCREENFUL:
        _print_answered(tally)
    if written:
        print(f"written: {', '.join(plain(str(path)) for path in written)}", file=sys.stderr)
    elif total > SCREENFUL:
        print("every answer: -o predictions.csv; pictures: --html page.html", file=sys.stderr)


def _print_found(tally: Tally) -> None:
    names = [name for name in tally.classes if tally.labelled[name]]
    wide = max(len(plain(name)) for name in names)
    for name in names[:SCREENFUL]:
        n = tally.labelled[name]
        print(f"  {plain(name):<{wide}}  {100 * tally.found[name] / n:6.2f} % of {n:,} found")
    if len(names) > SCREENFUL:
        print(f"  and {len(names) - SCREENFUL:,} more classes")
    for (label, predicted), n in tally.confused.most_common(3):
        print(f"  {n:,} x {plain(label)} taken for {plain(predicted)}")


def _print_answered(tally: Tally) -> None:
    wide = max((len(plain(name)) for name in tally.answered), default=0)
    for name, n in tally.answered.most_common(SCREENFUL):
        print(f"  {plain(name):<{wide}}  {n:,}")
    if len(tally.answered) > SCREENFUL:
        print(f"  and {len(tally.answered) - SCREENFUL:,} more classes")


def as_json(tally: Tally, output: Path | None, html: Path | None) -> dict[str, Any]:
    """The same as plain values."""
    return {
        "pictures": tally.pictures,
        "problems": tally.problems,
        "answered": {name: n for name in tally.classes if (n := tally.answered[name])},
        "accuracy": tally.accuracy,
        "unknown_labels": dict(sorted(tally.unknown.items())),
        "output": output and str(output),
        "html": html and str(html),
    }


def say_unknown(found: Sequence[Found], answerer: Answerer) -> None:
    """Labels that no answer can be."""
    known = {*answerer.classes, ""}
    unknown = Counter(one.label for one in found if one.label not in known)
    if unknown:
        some = ", ".join(f"{plain(name)} ({n:,})" for name, n in unknown.most_common(5))
        more = f" and {len(unknown) - 5:,} more" if len(unknown) > 5 else ""
        print(
            f"no class of this network, so not counted in its accuracy: {some}{more}. "
            f"It knows {_some(answerer.classes)}",
            file=sys.stderr,
        )


def say_refused(found: Sequence[Found], tally: Tally) -> None:
    """Pictures that could not be read, and why."""
    for position, why in tally.refused:
        print(f"can't read {plain(found[position].name)}: {plain(why)}", file=sys.stderr)
    if tally.problems > len(tally.refused):
        more = tally.problems - len(tally.refused)
        print(f"and {more:,} more", file=sys.stderr)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 10:,} more" if len(names) > 10 else ""
    return ", ".join(map(plain, names[:10])) + more
