"""Both sides do the work that is timed."""

import pytest

from saccade.run.events import StepsDone
from saccade.train import speed


def test_rounds_are_counted_and_both_sides_train(monkeypatch):
    trained = []
    fit = speed.fit

    def watched(*given):
        for event in fit(*given):
            if isinstance(event, StepsDone):
                trained.append(event.last)
            yield event

    monkeypatch.setattr(speed, "fit", watched)
    done = speed.measure("softmax", 500, rounds=3)
    assert trained[-1] >= 4 * 5  # steps: one round that is not counted, three that are
    assert len(done.ours) == len(done.keras) == 3
    assert min(*done.ours, *done.keras, done.ours_first, done.keras_first) > 0
    assert done.ratio == pytest.approx(sorted(done.ours)[1] / sorted(done.keras)[1])


def test_keras_trains_the_same_network():
    train = speed._keras("mlp-relu", 300)
    before = train().history["loss"][0]
    for _ in range(30):
        after = train().history["loss"][0]
    assert after < 0.8 * before  # noise can be learnt by heart
