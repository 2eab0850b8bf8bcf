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
    network, few = speed.compiled("mlp-relu"), speed.made_up(300).train
    told = network.fit(few.pixels / 255.0, few.labels, batch_size=100, epochs=31, verbose=0)
    assert told.history["loss"][-1] < 0.8 * told.history["loss"][0]  # noise, learnt by heart


def test_what_a_chunk_does_beyond_an_epoch_is_counted(monkeypatch):
    """It takes time, so it stands in the speed too."""
    counted, fit = [], speed.fit

    def watched(*given):
        for event in fit(*given):
            if isinstance(event, StepsDone):
                counted.append(speed.BATCH * (event.last - event.first + 1))
            yield event

    monkeypatch.setattr(speed, "fit", watched)
    epoch = speed._ours("softmax", 3000)
    told = [epoch() for _ in range(5)]
    assert sum(told) == sum(counted)
    assert max(told) > 3000, "no chunk went on beyond its epoch: nothing was tried"
