"""The nouns keep their promises."""

import math

import numpy as np
import pytest

from saccade.core.errors import BadData
from saccade.core.records import Predictions, Split


def split(n: int = 3) -> Split:
    pixels = np.arange(n * 4, dtype=np.uint8).reshape(n, 2, 2, 1)
    return Split(pixels, np.arange(n, dtype=np.int32), [f"p/{i}" for i in range(n)])


def test_take_keeps_pixels_labels_and_names_together():
    taken = split().take(np.array([2, 0]))
    assert taken.labels.tolist() == [2, 0]
    assert list(taken.names) == ["p/2", "p/0"]
    assert taken.pixels[:, 0, 0, 0].tolist() == [8, 0]
    assert len(taken) == 2


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((2, 4, 4), np.uint8), np.zeros((2, 4, 4, 1), np.float32), np.zeros(2, np.uint8)],
)
def test_pixels_of_another_kind_are_refused(pixels):
    with pytest.raises(BadData, match="uint8"):
        Split(pixels, np.zeros(2, np.int32), ["a", "b"])


@pytest.mark.parametrize(("labels", "names"), [(1, 2), (2, 1), (3, 3)])
def test_as_many_labels_and_names_as_pictures(labels, names):
    with pytest.raises(BadData, match="as many"):
        Split(np.zeros((2, 1, 1, 1), np.uint8), np.zeros(labels, np.int32), ["x"] * names)


def test_probabilities_add_up_and_follow_the_logits():
    logits = np.random.default_rng(0).normal(0, 5, (50, 7))
    answers = Predictions(logits, np.zeros(50, np.int32))
    assert answers.probabilities.sum(1) == pytest.approx(np.ones(50))
    expected = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert answers.probabilities == pytest.approx(expected)
    assert (answers.answers == logits.argmax(1)).all()


def test_the_loss_is_the_mean_of_the_pictures():
    answers = Predictions(np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 30.0]]), np.array([0, 1, 0]))
    expected = [math.log(2), 9 + math.log1p(math.exp(-9)), 30 + math.log1p(math.exp(-30))]
    assert answers.losses == pytest.approx(expected)
    assert answers.loss == pytest.approx(sum(expected) / 3)


def test_the_loss_stays_finite_for_logits_far_apart():
    answers = Predictions(np.array([[1e4, 0.0], [-1e4, 0.0]]), np.array([1, 0]))
    assert answers.losses.tolist() == [1e4, 1e4]
    assert answers.loss == 1e4
    assert answers.probabilities.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_a_uniform_answer_costs_the_logarithm_of_the_number_of_classes():
    answers = Predictions(np.zeros((4, 10)), np.arange(4))
    assert answers.loss == pytest.approx(math.log(10))
    assert answers.correct == 1  # the first of equals
    assert answers.accuracy == 0.25


def test_the_worst_mistakes_are_the_surest_first():
    logits = np.array([[5.0, 0], [0, 1], [3, 0], [0, 9]])
    predictions = Predictions(logits, np.array([1, 0, 1, 1]))
    assert predictions.worst_mistakes(2).tolist() == [0, 2]
    assert predictions.worst_mistakes(9).tolist() == [0, 2, 1]
