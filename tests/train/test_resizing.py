"""Pictures that grow with the steps, and nothing else that changes."""

import numpy as np
import pytest

import saccade
from saccade.core.errors import BadUsage
from saccade.models.activation import Mode
from saccade.models.backend import jax, keras
from saccade.models.forward import forward
from saccade.models.graph import layer_graph
from saccade.models.initialize import unallocated
from saccade.models.network import build
from saccade.run.events import Saved, StepsDone
from saccade.train.checkpoint import ResumeFrom
from saccade.train.commands import Save
from saccade.train.engine import Engine
from saccade.train.loss import cross_entropy
from saccade.train.pace import Pace
from saccade.train.recipe import Recipe
from saccade.train.resizing import check_grows, legs, resized, size_at
from saccade.train.schedule import Constant

from .test_engine import DIRECT, PATCHES, Preprocess, noise, trained

__all__ = ["noise"]
jnp, layers = jax.numpy, keras.layers


def pooled():
    return [
        keras.Input((8, 8, 1)),
        layers.Conv2D(6, 3, padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.Activation("relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(10),
    ]


def growing(forms=PATCHES, **recipe):
    with unallocated():
        graph = layer_graph(keras.Sequential(pooled()))
    values = {"steps": 10, "batch_size": 10, "schedule": Constant(0.05), "optimizer": "sgd"}
    return Engine(graph, Recipe(**values, **recipe), Preprocess(8, 8, 1), forms)


def test_a_training_begins_small_grows_evenly_and_ends_whole():
    sizes = [size_at(step, 100, 0.25, (64, 32)) for step in range(120)]
    assert sorted(set(sizes)) == [(16, 8), (28, 14), (40, 20), (52, 26), (64, 32)]
    assert sizes == sorted(sizes)
    assert [sizes.count(size) for size in sorted(set(sizes))] == [20, 20, 20, 20, 40]


def test_legs_are_the_sizes_of_all_steps():
    for first, count in ((0, 100), (17, 5), (20, 1), (79, 2)):
        found = [
            size
            for begin, end, size in legs(first, count, 100, 0.5, (32, 32))
            for _ in range(begin, end)
        ]
        steps = range(first, first + count)
        assert found == [size_at(step, 100, 0.5, (32, 32)) for step in steps]


def test_smaller_pictures_are_means_of_what_they_show():
    board = np.indices((8, 8)).sum(0) % 2 * 200
    small = resized(jnp.asarray(board.reshape(1, 8, 8, 1), jnp.uint8), (4, 4))
    assert abs(np.asarray(small)[0, 1:-1, 1:-1] - 100).max() < 1  # every second would be 0 or 200
    assert resized(small, None) is small


def test_a_step_sees_the_small_pictures(noise):
    engine, rows = growing(grow_from=0.5), np.arange(10)
    state = engine.first_state()
    weights = {name: np.array(value) for name, value in state.weights.items()}
    chunk = engine.run_chunk(state, engine.resident(noise), rows[None], np.array([0.0]), 0)
    small = resized(jnp.asarray(noise.pixels[rows]), (4, 4)) / 255
    logits, _ = forward(engine.graph, weights, small, form="layers", mode=Mode(training=True))
    expected = cross_entropy(logits, noise.labels[rows]).mean()
    assert chunk.losses == pytest.approx([float(expected)], rel=1e-4)


@pytest.mark.parametrize("forms", [PATCHES, DIRECT], ids=["a loop", "a call a step"])
def test_the_length_of_chunks_changes_no_bit_while_pictures_grow(forms, noise):
    results = []
    for counts in ([1] * 10, [3, 7], [10]):
        weights, losses = trained(growing(forms, grow_from=0.5), noise, counts)
        results.append(b"".join([losses.tobytes(), *(v.tobytes() for v in weights.values())]))
    assert results[0] == results[1] == results[2]


def test_the_last_fifth_is_trained_on_as_if_they_had_never_been_small(noise):
    rows, bits = np.arange(20).reshape(2, 10), []
    for grow_from in (0.5, 1.0):
        engine = growing(grow_from=grow_from)
        chunk = engine.run_chunk(
            engine.first_state(), engine.resident(noise), rows, np.full(2, 0.1), 8
        )
        bits.append(b"".join(np.asarray(v).tobytes() for v in chunk.state.weights.values()))
    assert bits[0] == bits[1]


@pytest.mark.parametrize("model", ["softmax", "conv", "conv-bn"])
def test_a_network_whose_weights_depend_on_the_side_is_refused(model):
    graph = build(model, (28, 28, 1), 10).graph
    check_grows(graph, 1.0)
    with pytest.raises(BadUsage, match=r"--grow-from 0\.5 is for networks whose weights"):
        check_grows(graph, 0.5)


def test_pictures_of_which_nothing_is_left_are_refused():
    body = [keras.Input((8, 8, 1)), layers.MaxPooling2D(5), layers.GlobalAveragePooling2D()]
    graph = layer_graph(keras.Sequential([*body, layers.Dense(3)]))
    check_grows(graph, 0.75)
    with pytest.raises(BadUsage, match="can't be given 4x4 pixels"):
        check_grows(graph, 0.5)


def test_fit_refuses_it_before_it_begins():
    digits = saccade.load("digits")
    with pytest.raises(BadUsage, match="do not depend on the pictures' sides"):
        next(saccade.fit("conv", digits, saccade.recipe("conv", steps=5, grow_from=0.5)))


def test_the_residual_network_may_grow():
    check_grows(build("residual", (96, 96, 3), 5).graph, 0.5)


def test_with_everything_on_a_resumed_run_and_a_repeated_one_end_in_the_same_bits(monkeypatch):
    """Half the bits, parts, small pictures and Muon together."""
    digits = saccade.load("digits")
    changes = {"precision": "bfloat16", "accumulate": 2, "grow_from": 0.5, "optimizer": "muon"}
    recipe = saccade.recipe("softmax", steps=20, evaluate_every=9, batch_size=20, **changes)

    network = saccade.from_keras(keras.Sequential(pooled(), name="pooled"), 10)

    def run(resume=None, commands=lambda seen: []):
        return saccade.fit(network, digits, recipe, resume=resume, commands=commands)

    def ending(events):
        done = [event for event in events if isinstance(event, StepsDone)]
        *_, last = (event.checkpoint for event in events if isinstance(event, Saved))
        arrays = {**last.weights, **last.state}
        bits = {name: np.asarray(value).tobytes() for name, value in arrays.items()}
        return [loss for event in done for loss in event.losses], bits

    whole, again = (list(run()) for _ in range(2))
    losses, bits = ending(whole)
    assert ending(again) == (losses, bits)
    monkeypatch.setattr(Pace, "steps", lambda self, left: min(3, left))
    for event in run(commands=lambda seen: [Save()]):
        if isinstance(event, Saved) and event.step >= 10:
            break
    forms = next(iter(whole)).facts["forms"]
    resumed = list(run(ResumeFrom(event.checkpoint, type(PATCHES)(**forms))))
    after, same = ending(resumed)
    assert same == bits
    assert after == losses[event.step :]
