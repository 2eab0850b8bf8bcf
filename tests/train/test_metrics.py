"""Confusion, precision, recall and F1 against scikit-learn."""

import numpy as np
import pytest

from saccade.core.records import Predictions
from saccade.train.metrics import confusion, per_class


@pytest.fixture
def predictions():
    rng = np.random.default_rng(0)
    return Predictions(rng.normal(size=(200, 4)), rng.integers(0, 4, 200).astype(np.int32))


def test_numbers_are_scikit_learns(predictions):
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    truth, answers = predictions.labels, predictions.answers
    matrix = confusion(predictions, 4)
    assert matrix.tolist() == confusion_matrix(truth, answers).tolist()
    theirs = precision_recall_fscore_support(truth, answers)
    for i, row in enumerate(per_class(matrix)):
        ours = (row.precision, row.recall, row.f1, row.support)
        assert ours == pytest.approx(tuple(column[i] for column in theirs))


def test_a_class_never_seen_or_never_answered_has_no_number():
    never_seen, never_answered = per_class(np.array([[0, 0], [3, 0]]))
    assert (never_seen.precision, never_seen.recall, never_seen.support) == (0, None, 0)
    assert (never_answered.precision, never_answered.recall, never_answered.f1) == (None, 0, 0)
