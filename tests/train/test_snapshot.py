"""Snapshots hold what the network really answers, and change nothing."""

import io

import numpy as np
import pytest
from PIL import Image

import saccade
from saccade.core.records import Split
from saccade.models.network import build
from saccade.run.events import Evaluated, Finished, Saved, Snapshot, Started
from saccade.run.snapshots import LIVE, read_snapshot, snapshot_steps
from saccade.train.engine import Engine
from saccade.train.forms import choose_forms
from saccade.train.order import batch_ids
from saccade.train.snapshot import Camera


@pytest.fixture(scope="module")
def digits():
    return saccade.load("digits")


@pytest.fixture(scope="module")
def events(digits):
    recipe = saccade.recipe("conv", steps=60, evaluate_every=30, patience=None)
    return list(saccade.fit("conv", digits, recipe))


def camera_of(model, dataset, **changes):
    network = build(model, dataset.input_shape, len(dataset.classes))
    recipe = saccade.recipe(model, **changes)
    engine = Engine(network.graph, recipe, dataset.preprocess, choose_forms(network.graph))
    camera = Camera(engine, dataset.train, dataset.test, "test")
    return camera, engine, engine.first_state()


def test_the_last_snapshot_is_of_the_last_step_and_its_weights(events):
    last = [e for e in events if isinstance(e, Snapshot)][-1]
    saved = [e for e in events if isinstance(e, Saved)][-1]
    assert last.step == 60
    for name, value in saved.checkpoint.weights.items():
        np.testing.assert_array_equal(last.weights[name], value)


def test_the_watched_answers_are_those_of_the_last_evaluation(events):
    last = [e for e in events if isinstance(e, Snapshot)][-1].arrays
    evaluated = [e for e in events if isinstance(e, Evaluated)][-1]
    predictions = evaluated.predictions
    assert last["watched_step"] == evaluated.step == 60
    np.testing.assert_array_equal(last["watched_answers"], predictions.answers)
    confidence = predictions.probabilities.max(axis=1)
    np.testing.assert_allclose(last["watched_confidence"] / 255, confidence, atol=1 / 255)
    header, arrays = events[0].pictures
    right = (last["watched_answers"] == arrays["watched_labels"]).mean()
    assert right == pytest.approx(evaluated.accuracy)
    assert (header["split"], header["total"]) == ("validation", evaluated.n)


def test_the_batch_is_the_next_one_in_the_order_of_training(digits):
    camera, engine, state = camera_of("conv", digits, seed=3)
    arrays = camera.take(state, 17, np.zeros(8), None)
    size = engine.recipe.batch_size
    ids = batch_ids(len(digits.train), size, 17, 1, seed=3, shuffle="every epoch")[0]
    pixels = digits.train.pixels[ids]
    np.testing.assert_array_equal(arrays["batch_labels"], digits.train.labels[ids])
    logits = engine.logits(state.weights, pixels)
    np.testing.assert_array_equal(arrays["batch_answers"], logits.argmax(1))
    sheet = np.array(Image.open(io.BytesIO(arrays["batch_sheet"].tobytes())))
    height, width = arrays["batch_cell"]
    assert sheet.shape == (height * -(-size // 10), 10 * width)
    for i in (0, 9, 10, size - 1):
        top, left = i // 10 * height, i % 10 * width
        cell = sheet[top : top + height, left : left + width].astype(int)
        assert np.abs(cell - pixels[i, ..., 0]).mean() < 12  # JPEG
    assert "watched_answers" not in arrays


def test_bands_are_of_the_weights_by_their_names(digits):
    camera, engine, state = camera_of("mlp-relu", digits)
    arrays = camera.take(state, 0, np.arange(10.0), None)
    names = arrays["variables"].tolist()
    assert names == engine.layout.trainable
    for name, bands in zip(names, arrays["bands"], strict=True):
        expected = np.quantile(np.asarray(state.weights[name]), np.linspace(0, 1, 8))
        np.testing.assert_allclose(bands, expected, rtol=1e-5)
    kernels = [np.asarray(state.weights[n]).ravel() for n in names if n.endswith("kernel")]
    expected = np.quantile(np.concatenate(kernels), np.linspace(0, 1, 8))
    np.testing.assert_allclose(arrays["weight_bands"], expected, rtol=1e-5)
    np.testing.assert_array_equal(arrays["bias_bands"][[0, -1]], np.float32([0, 0.1]))
    np.testing.assert_array_equal(arrays["gradient_norms"], np.arange(10))


def test_slopes_have_the_length_of_the_last_updates_own(digits):
    """With plain gradient descent of rate 1 the step itself is the slope."""
    network = build("softmax", digits.input_shape, 10)
    plain = saccade.recipe("softmax", "G1.0", steps=5)
    engine = Engine(network.graph, plain, digits.preprocess, choose_forms(network.graph))
    state, train = engine.first_state(), engine.resident(digits.train)
    ids = batch_ids(len(digits.train), 100, 0, 5, seed=0, shuffle="once")
    first = engine.run_chunk(state, train, ids[:4], np.ones(4), 0)
    before = {name: np.array(value) for name, value in first.state.weights.items()}
    last = engine.run_chunk(first.state, train, ids[4:], np.ones(1), 4)
    moved = [
        np.linalg.norm(np.asarray(last.state.weights[n]) - before[n])
        for n in engine.layout.trainable
    ]
    np.testing.assert_allclose(last.slopes, moved, rtol=1e-4)
    assert (last.slopes > 0).all()


@pytest.mark.parametrize(
    "model, maps, pictures",
    [("softmax", 0, (10, 8, 8, 1)), ("mlp", 0, (32, 8, 8, 1)), ("conv", 4, (4, 5, 5, 1)),
     ("conv-bn", 16, (24, 6, 6, 1))],
)  # fmt: skip
def test_first_layers_are_shown_as_pictures(digits, model, maps, pictures):
    camera, engine, state = camera_of(model, digits)
    arrays = camera.take(state, 0, np.zeros(len(engine.layout.trainable)), None)
    assert ("maps" in arrays) == bool(maps)
    if maps:
        assert (arrays["maps"].shape, arrays["maps"].dtype) == ((maps, 8, 8), np.uint8)
        assert arrays["maps"].max() == 255
    assert arrays["pictures"].shape == pictures
    kernel = np.asarray(state.weights[next(n for n in engine.layout.trainable if "kernel" in n)])
    shown = arrays["pictures"] * arrays["pictures_scale"]
    first = kernel[:, 0].reshape(8, 8, 1) if kernel.ndim == 2 else kernel[..., 0]
    np.testing.assert_allclose(shown[0], first, atol=float(arrays["pictures_scale"]))


def test_units_that_fire_are_counted_in_the_order_of_the_layers(digits):
    camera, engine, state = camera_of("mlp-relu", digits, batch_size=40)
    biases = engine.graph.nodes[2].weight("bias")
    kernel = engine.graph.nodes[2].weight("kernel")
    dead = np.arange(100) < 30
    weights = {
        **state.weights,
        biases: np.where(dead, -100.0, 0.1).astype(np.float32),
        kernel: np.abs(state.weights[kernel]),  # the others get nothing below 0: they all fire
    }
    arrays = camera.take(state._replace(weights=weights), 0, np.zeros(10), None)
    assert (arrays["fired"].shape, arrays["fired"].dtype) == ((200 + 100 + 60 + 30,), np.uint8)
    second = arrays["fired"][200:300]
    np.testing.assert_array_equal(second[:30], 0)
    np.testing.assert_array_equal(second[30:], 40)  # of 40: what fills the pass up is not counted
    logits = engine.logits(weights, digits.train.pixels[batch_ids(
        len(digits.train), 40, 0, 1, seed=0, shuffle="every epoch")[0]])  # fmt: skip
    np.testing.assert_array_equal(arrays["batch_answers"], logits.argmax(1))
    assert "fired" not in camera_of("mlp", digits)[0].take(
        camera_of("mlp", digits)[2], 0, np.zeros(10), None
    )


def test_photographs_become_small(rng):
    pixels = rng.integers(0, 256, (40, 96, 96, 3), dtype=np.uint8)
    split = Split(pixels, np.arange(40, dtype=np.int32) % 2, [f"{i}.jpg" for i in range(40)])
    network = build("softmax", (96, 96, 3), 2)
    recipe = saccade.recipe("softmax", batch_size=30)
    engine = Engine(
        network.graph, recipe, saccade.Preprocess(96, 96, 3), choose_forms(network.graph)
    )
    camera = Camera(engine, split, split, "validation")
    assert camera.pictures()[1]["watched"].shape == (40, 48, 48, 3)
    arrays = camera.take(engine.first_state(), 0, np.zeros(2), None)
    assert arrays["batch_cell"].tolist() == [32, 32]
    assert Image.open(io.BytesIO(arrays["batch_sheet"].tobytes())).size == (320, 96)


def test_a_run_keeps_them_and_the_newest_weights(digits, tmp_path):
    run = saccade.create_run(tmp_path / "r")
    recipe = saccade.recipe("softmax", steps=40)
    events = list(saccade.record(saccade.fit("softmax", digits, recipe), run))
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Finished)
    steps = snapshot_steps(run.path / "snapshots")
    assert steps[-1] == 40
    assert "watched_answers" in read_snapshot(run.path / "snapshots", 40)
    assert (run.path / "images.bin").stat().st_size > 143 * 64
    assert (run.path / LIVE).exists()
    logged = [e["step"] for e in run.events() if e["event"] == "Snapshot"]
    assert logged[-1] == 40
    assert set(steps) == set(logged)
