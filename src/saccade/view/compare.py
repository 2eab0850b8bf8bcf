"""Two runs side by side: what differs in how they were made, and whether their results do."""

from dataclasses import dataclass
from typing import Any

from saccade.core.errors import BadRun
from saccade.core.significance import mcnemar
from saccade.run.beginning import begun
from saccade.run.directory import Run
from saccade.run.events import Accuracy
from saccade.run.interventions import told
from saccade.run.tables import read_table

CHANCE = 0.05


@dataclass(frozen=True)
class Comparison:
    """`differences` are (what, first, second); `p` is McNemar's.

    `only_first` counts the test pictures that just the first run names right.
    """

    first: Accuracy
    second: Accuracy
    differences: tuple[tuple[str, str, str], ...]
    only_first: int
    only_second: int
    p: float

    @property
    def words(self) -> str:
        """The result in a sentence."""
        counts = (
            f"{self.only_first:,} test pictures are right in the first only, "
            f"{self.only_second:,} in the second only (exact McNemar p = {self.p:.2g})"
        )
        if self.p >= CHANCE:
            return f"No difference that chance would not explain: {counts}"
        better = "first" if self.only_first > self.only_second else "second"
        return f"The {better} is better, by more than chance would explain: {counts}"


def compare(first: Run, second: Run) -> Comparison:
    """Compares two finished runs picture by picture.

    Raises:
        BadRun: a run is not finished, or they were not tested on the same pictures.
    """
    for run in (first, second):
        if run.state != "finished":
            raise BadRun(f"{run.path} is {run.state}; only finished runs can be compared")
    if first.facts["data"]["fingerprint"] != second.facts["data"]["fingerprint"]:
        raise BadRun(f"{first.path} and {second.path} were not made from the same data")
    one, other = (_right(run) for run in (first, second))
    if one.keys() != other.keys():
        raise BadRun(f"{first.path} and {second.path} were not tested on the same pictures")
    only_first = sum(right and not other[name] for name, right in one.items())
    only_second = sum(right and not one[name] for name, right in other.items())
    return Comparison(
        Accuracy(**first.metrics["test"]),
        Accuracy(**second.metrics["test"]),
        tuple(_differences(first, second)),
        only_first,
        only_second,
        mcnemar(only_first, only_second),
    )


def _right(run: Run) -> dict[str, bool]:
    rows = read_table(run.path / "eval" / "predictions.csv")
    return {row["picture"]: row["label"] == row["predicted"] for row in rows}


def _differences(first: Run, second: Run) -> list[tuple[str, str, str]]:
    """Values of model and recipe that are not the same, and what was asked on the way."""
    one, other = (_flat(run.facts) | _asked(run) for run in (first, second))
    names = sorted(one.keys() | other.keys())
    pairs = [(name, one.get(name, "-"), other.get(name, "-")) for name in names]
    return [pair for pair in pairs if pair[1] != pair[2]]


def _asked(run: Run) -> dict[str, str]:
    events = [event for event in run.events() if event["event"] == "Intervened"]
    if not events:
        return {}
    total = f"{events[-1]['total_steps']:,}"
    return {"asked on the way": "; ".join(told(events)), "steps": total}


def _flat(facts: dict[str, Any]) -> dict[str, str]:
    recipe = {key: str(value) for key, value in facts["recipe"].items() if key != "source"}
    model = facts["model"]
    return {
        **recipe,
        "model": ", ".join(filter(None, (str(model["name"]), begun(model)))),
        "parameters": f"{model['parameters']:,}",
        "steps": f"{facts['total_steps']:,}",
    }
