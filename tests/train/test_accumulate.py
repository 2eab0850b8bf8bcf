"""A batch in parts: the same update, in less memory."""

import numpy as np
import pytest

from saccade.models.backend import jax
from saccade.train.geometry import Shift
from saccade.train.order import batch_ids

from .test_engine import DIRECT, HALVES, PATCHES, engine_for, noise, tiny, trained

__all__ = ["noise"]
jnp = jax.numpy


@pytest.mark.parametrize(
    "forms, parts",
    [
        pytest.param(PATCHES, 2, id="a loop"),
        pytest.param(DIRECT, 5, id="calls"),
        pytest.param(HALVES, 2, id="halves", marks=pytest.mark.slow),
        pytest.param(PATCHES, 5, id="a loop, 5", marks=pytest.mark.slow),
        pytest.param(DIRECT, 2, id="calls, 2", marks=pytest.mark.slow),
        pytest.param(HALVES, 5, id="halves, 5", marks=pytest.mark.slow),
    ],
)
def test_an_update_in_parts_is_the_update(parts, forms, noise):
    """With all that counts pictures: weights of classes, a penalty, clipping, smoothing."""
    recipe = {
        "optimizer": "sgd",
        "balance": "weights",
        "l2": 0.01,
        "clip_norm": 0.5,
        "label_smoothing": 0.1,
    }
    whole, losses = trained(engine_for("conv", forms, **recipe), noise, [4])
    divided, same = trained(engine_for("conv", forms, **recipe, accumulate=parts), noise, [4])
    np.testing.assert_allclose(losses, same, rtol=1e-5)
    for name, value in whole.items():
        np.testing.assert_allclose(value, divided[name], atol=1e-5, err_msg=name)


@pytest.mark.parametrize("forms", [PATCHES, DIRECT], ids=["a loop", "calls"])
def test_accuracies_and_lengths_are_those_of_the_whole_batch(forms, noise):
    rows, chunks = np.arange(40)[None], []
    for parts in (1, 4):
        engine = engine_for("softmax", forms, batch_size=40, accumulate=parts)
        weights = {name: value + 0.1 for name, value in engine.first_state().weights.items()}
        state = engine.first_state()._replace(weights=weights)
        chunks.append(engine.run_chunk(state, engine.resident(noise), rows, np.array([0.1]), 0))
    assert chunks[0].accuracies == pytest.approx(chunks[1].accuracies)
    np.testing.assert_allclose(chunks[0].slopes, chunks[1].slopes, rtol=1e-4)


@pytest.mark.parametrize("forms", [PATCHES, DIRECT], ids=["a loop", "calls"])
def test_moving_averages_move_once_by_the_mean_of_the_parts(forms, noise):
    engine = tiny(forms, optimizer="sgd", accumulate=2)
    rows, first = np.arange(10), engine.first_state()
    kernel = np.asarray(first.weights["01-dense/kernel"])
    values = (noise.pixels[rows].reshape(10, 64) / 255 @ kernel).reshape(2, 5, 6)
    before = {name: np.array(value) for name, value in first.weights.items()}
    chunk = engine.run_chunk(first, engine.resident(noise), rows[None], np.array([0.1]), 0)
    keep = 0.1  # (1 + step) / (10 + step)
    for name, found in (("mean", values.mean(1)), ("variance", values.var(1))):
        name = f"02-batchnormalization/moving_{name}"
        expected = before[name] * keep + found.mean(0) * (1 - keep)
        np.testing.assert_allclose(chunk.state.weights[name], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("dropped, augment", [(0.5, ()), (0.0, (Shift(),))])
def test_every_part_draws_anew(dropped, augment, noise):
    engine = tiny(PATCHES, dropped, augment=augment, accumulate=2)
    weights, train = engine.first_state().weights, engine.resident(noise)
    parts = engine._updater(engine.layout)
    one = parts._learner(weights, train, jnp.int32(0), jax.random.key(0))
    losses = [one(jnp.arange(5), k).loss.item() for k in (0, 1, 0)]
    assert losses[0] == losses[2] != losses[1]


def test_a_part_takes_the_memory_of_a_part(noise):
    used = {}
    for parts in (1, 8):
        engine = engine_for("conv", batch_size=64, accumulate=parts)
        state, train = engine.first_state(), engine.resident(noise)
        ids, rates = np.zeros((engine.rows, 64), np.int32), np.zeros(engine.rows, np.float32)
        told = (np.uint32(0), ids, rates, np.int32(0), np.int32(1))
        program = engine._chunk.lower(state, train, *told).compile()
        used[parts] = program.memory_analysis().temp_size_in_bytes
    # What a part needs is an eighth; kernels, slopes and their sum are as large as ever.
    assert used[8] < used[1] / 2


def test_a_call_a_part_takes_the_memory_of_a_part(noise):
    whole, divided = (engine_for("conv", DIRECT, batch_size=64, accumulate=n) for n in (1, 8))
    state, train = whole.first_state(), whole.resident(noise)
    seed, rows, step = np.uint32(0), np.zeros(64, np.int32), np.int32(0)
    told = (state, train, seed, rows, np.float32(0), step, np.bool_(False))
    once = whole._step.lower(*told).compile().memory_analysis().temp_size_in_bytes
    parts = divided._updater(divided.layout)
    total = parts._begin(state.weights, train, seed, rows, step)
    part = parts._add.lower(total, state.weights, train, seed, rows[:8], step, 0).compile()
    assert part.memory_analysis().temp_size_in_bytes < once / 2


@pytest.mark.parametrize("forms", [PATCHES, DIRECT], ids=["a loop", "calls"])
def test_the_length_of_chunks_changes_no_bit_with_parts(forms, noise):
    results = []
    for counts in ([1] * 6, [6]):
        engine = engine_for("conv-bn-small", forms, augment=(Shift(),), accumulate=2)
        weights, losses = trained(engine, noise, counts)
        results.append(b"".join([losses.tobytes(), *(v.tobytes() for v in weights.values())]))
    assert results[0] == results[1]
    ids = batch_ids(130, 10, 0, 6, seed=0, shuffle="every epoch")
    assert len(np.unique(ids)) > 50
