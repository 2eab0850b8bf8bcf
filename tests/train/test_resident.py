"""A split on disk trains and answers like one on the device, to the bit."""

import numpy as np
import pytest

import saccade
from saccade.core.records import Split
from saccade.core.rows import Rows
from saccade.data import pictures as reading
from saccade.train import resident
from saccade.train.geometry import AlternatingFlip
from saccade.train.resident import Streamed, to_train_on

from .test_engine import DIRECT, HALVES, PATCHES, engine_for, tiny, trained


@pytest.fixture
def noise(rng):
    pixels = rng.integers(0, 256, (130, 8, 8, 1), dtype=np.uint8)
    labels, weights = rng.integers(0, 3, 130).astype(np.int32), rng.random(130, np.float32)
    return Split(pixels, labels, range(130), weights=weights)


@pytest.fixture
def on_disk(noise, tmp_path):
    """The same pictures in a file, in another order."""
    order = np.random.default_rng(1).permutation(len(noise))
    noise.pixels[order].tofile(tmp_path / "pixels")
    mapped = np.memmap(tmp_path / "pixels", np.uint8, "r", shape=noise.pixels.shape)
    rows = Rows(mapped, np.argsort(order))
    return Split(rows, noise.labels, noise.names, weights=noise.weights)


@pytest.mark.parametrize("forms", [PATCHES, DIRECT, HALVES])
@pytest.mark.parametrize("steps", [1, 3, 40])
def test_blocks_change_no_bit(forms, steps, noise, on_disk, monkeypatch):
    monkeypatch.setattr(resident, "BLOCK_BYTES", steps * 10 * 64)
    engine = tiny(forms, dropped=0.25, balance="weights")
    whole, losses = trained(engine, noise, [7, 4])
    streamed, streamed_losses = trained(engine, on_disk, [7, 4])
    assert (losses == streamed_losses).all()
    for name, weights in whole.items():
        assert (weights == streamed[name]).all(), name


def test_pictures_alternate_by_epoch_wherever_they_lie(noise, on_disk, monkeypatch):
    """With a rate of 0 a loss changes with nothing but the pictures."""
    monkeypatch.setattr(resident, "BLOCK_BYTES", 4 * 10 * 64)
    engine = engine_for("softmax", optimizer="sgd", augment=(AlternatingFlip(),))
    drawn = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)
    kernel = next(name for name in engine.graph.weights if name.endswith("kernel"))
    ids = np.tile(np.arange(130).reshape(13, 10), (3, 1))
    told = []
    for split in (noise, on_disk):
        begin = engine.first_state()
        begin.weights[kernel] = drawn + 0 * begin.weights[kernel]
        told.append(engine.run_chunk(begin, engine.resident(split), ids, np.zeros(39), 0).losses)
    first, second, third = told[0].reshape(3, 13)
    assert (first == third).all() and (first != second).all()
    assert (told[0] == told[1]).all()


def test_the_slopes_that_are_told_are_those_of_the_last_block(noise, on_disk, monkeypatch):
    monkeypatch.setattr(resident, "BLOCK_BYTES", 1)
    engine = engine_for("softmax")
    ids = np.arange(50).reshape(5, 10)
    slopes = [
        engine.run_chunk(
            engine.first_state(), engine.resident(split), ids, np.full(5, 0.1), 0
        ).slopes
        for split in (noise, on_disk)
    ]
    assert (slopes[0] == slopes[1]).all() and slopes[0].all()


def test_answers_are_the_same(noise, on_disk):
    engine = engine_for("conv")
    weights = engine.first_state().weights
    whole, streamed = (engine.answer(weights, engine.resident(s)) for s in (noise, on_disk))
    assert (whole.logits == streamed.logits).all() and (whole.labels == streamed.labels).all()


def test_a_block_holds_what_fits_and_never_less_than_a_batch(on_disk, monkeypatch):
    split = to_train_on(on_disk, balanced=False)
    assert isinstance(split, Streamed)
    monkeypatch.setattr(resident, "BLOCK_BYTES", 2_000)
    assert (split.steps_together(10), split.steps_together(100)) == (3, 1)


def test_a_set_larger_than_memory_trains_to_the_same_run(tmp_path, pictures, monkeypatch):
    folder = pictures(tmp_path / "photos", each=12)
    recipe = saccade.recipe("softmax", steps=12, batch_size=8, evaluate_every=4)
    runs = []
    for share in (reading.MOST_OF_MEMORY, 0):
        monkeypatch.setattr(reading, "MOST_OF_MEMORY", share)
        dataset = saccade.load(folder, image_size=16)
        assert isinstance(dataset.train.pixels, Rows) == (share == 0)
        runs.append((dataset.fingerprint, [*saccade.fit("softmax", dataset, recipe)][-1]))
    (mark, whole), (other_mark, streamed) = runs
    assert mark == other_mark
    assert (whole.predictions.logits == streamed.predictions.logits).all()
    assert whole.worst_ids == streamed.worst_ids
