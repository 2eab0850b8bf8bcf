"""Two answers for the same pictures: when they agree, and what is said where they do not."""

import numpy as np
import pytest

from saccade.core.errors import Disagrees
from saccade.export.proof import parity, prove

SURE = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]])


@pytest.mark.parametrize(
    "change, agrees",
    [
        (0.0, True),
        (0.9e-4, True),
        (1.1e-4, False),
        (np.nan, False),
        (np.inf, False),
        (-np.inf, False),
    ],
)
def test_one_probability_decides(change, agrees):
    theirs = SURE.copy()
    theirs[1, 2] += change
    for check in (parity("some", SURE, theirs), parity("some", theirs, SURE)):
        assert check.agrees is agrees and check.pictures == 2
        if agrees:
            prove([check])
        else:
            with pytest.raises(Disagrees, match=r"some.*\nAt most 0\.0001"):
                prove([check])


def test_another_top_class_is_no_agreement_however_near():
    check = parity("torn", np.array([[0.50001, 0.49999]]), np.array([[0.49999, 0.50001]]))
    assert check.difference < 1e-4 and check.same_class == 0 and not check.agrees


def test_the_message_names_those_that_are_wrong():
    good, bad = parity("good", SURE, SURE), parity("bad", SURE, SURE[:, ::-1])
    with pytest.raises(Disagrees) as caught:
        prove([good, bad])
    assert str(bad) in str(caught.value) and str(good) not in str(caught.value)
    assert caught.value.exit_code == 1


def test_all_of_it_is_json():
    told = parity("some", SURE, SURE * np.float32("nan")).to_json()
    assert told == {
        "kind": "some",
        "pictures": 2,
        "difference": np.inf,
        "same_class": 1,
        "what": "probabilities",
    }
