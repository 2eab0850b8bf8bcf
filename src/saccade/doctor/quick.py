"""The fast part of the doctor: a data set as it is about to be trained on."""

from typing import Any

from saccade.core.records import Dataset
from saccade.doctor.checks import QUICK, examine
from saccade.doctor.finding import Finding
from saccade.doctor.pictures import of_splits

MOST_NAMED = 100  # in a run's record


def quick_look(dataset: Dataset) -> list[Finding]:
    """What is wrong with it that can be told without decoding anything again.

    It knows which pictures are held out: the same one in train and in a test held out of one folder
    is a leak, too.

    >>> import saccade
    >>> [finding.code for finding in quick_look(saccade.load("digits"))]
    []
    """
    return examine(of_splits(dataset.reference, dataset), QUICK)


def to_record(findings: list[Finding]) -> list[dict[str, Any]]:
    """As a run keeps it: `Finding.to_json` with the first pictures."""
    told = [finding.to_json() for finding in findings]
    return [{**one, "pictures": one["pictures"][:MOST_NAMED]} for one in told]
