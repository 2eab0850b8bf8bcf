"""The labels that a run's network doubts, of pictures it was not trained on."""

from pathlib import Path

from saccade.core.errors import BadUsage
from saccade.doctor.finding import Finding
from saccade.doctor.labels import doubted
from saccade.doctor.pictures import Pictures
from saccade.run.directory import open_run
from saccade.train.evaluate import answers


def doubts(run: str | Path, pictures: Pictures, most: int) -> list[Finding]:
    """At most one finding, of test and validation together.

    Raises:
        BadUsage: the run was trained on another set.
        BadRun: no such run, or it has no checkpoint yet.
        BadData: the run's data is no longer what it was trained on.
    """
    opened = open_run(run)
    trained_on = opened.facts["data"]["reference"]
    if trained_on != pictures.reference:
        raise BadUsage(f"{opened.path} was trained on {trained_on}, not on {pictures.reference}")
    names, predictions = answers(opened, ("validation", "test"), "saccade doctor")
    rows = doubted(predictions.labels, predictions.probabilities, most)
    if not rows:
        return []
    says = f"{len(rows)} labels that the network of {opened.path.name} doubts, worst first"
    shown = tuple((names[row],) for row in rows)
    return [Finding("label_doubt", "note", says, shown, "look at them; a network errs, too")]
