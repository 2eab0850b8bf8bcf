"""Frozen layers are computed once: the same numbers as all of the network, and found again."""

import os
from dataclasses import replace

import numpy as np
import pytest

import saccade
from saccade.core.preprocess import Preprocess
from saccade.core.records import Split
from saccade.core.rows import Rows
from saccade.models.backend import keras
from saccade.models.graph import layer_graph
from saccade.models.initialize import unallocated
from saccade.run.events import Evaluated, Finished, Prepared, StepsDone
from saccade.train import features
from saccade.train.engine import FEATURE_BATCH, Engine
from saccade.train.features import Features, key_of
from saccade.train.forms import Forms
from saccade.train.order import batch_ids
from saccade.train.recipe import Recipe
from saccade.train.schedule import Constant

PICTURES = 50


@pytest.fixture
def noise():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (PICTURES, 8, 8, 3), dtype=np.uint8)
    return Split(pixels, rng.integers(0, 3, PICTURES).astype(np.int32), range(PICTURES))


def graph(side=8):
    """Two frozen layers, then a dropout and a dense one."""
    with unallocated():
        body = [
            keras.Input((side, side, 3)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dropout(0.25),
            keras.layers.Dense(3),
        ]
        for layer in body[1:4]:
            layer.trainable = False
        return layer_graph(keras.Sequential(body))


def engine(frozen, form="patches", **recipe):
    values = {"steps": 20, "batch_size": 10, "schedule": Constant(0.1), **recipe}
    rule = Preprocess(8, 8, 3, scale=(1 / 127.5, 1 / 255, 0.01), offset=(-1.0, 0.0, 0.5))
    return Engine(graph(), Recipe(**values), rule, Forms(form, "direct", frozen=frozen))


def trained(engine, split, steps=5):
    state = engine.first_state()
    ids = batch_ids(PICTURES, 10, 0, steps, seed=0, shuffle="every epoch")
    return engine.run_chunk(state, engine.resident(split), ids, np.full(steps, 0.1), 0)


@pytest.mark.parametrize("form", ["patches", "direct", "layers"])
@pytest.mark.parametrize("recipe", [{}, {"ema": 0.9, "l2": 0.01, "clip_norm": 0.1}])
def test_training_behind_them_is_training_all(noise, form, recipe):
    whole, behind = (trained(engine(f, form, **recipe), noise) for f in (-1, 2))
    np.testing.assert_allclose(behind.losses, whole.losses, rtol=1e-5)
    np.testing.assert_allclose(behind.slopes, whole.slopes, rtol=1e-4)
    for name, value in whole.state.answering.items():
        np.testing.assert_allclose(behind.state.answering[name], value, rtol=1e-4, atol=1e-6)


def test_answers_are_those_of_the_whole_network(noise):
    behind = engine(2)
    weights = trained(behind, noise).state.weights
    told = behind.answer(weights, behind.resident(noise, weights))
    np.testing.assert_allclose(told.logits, behind.logits(weights, noise.pixels), atol=1e-5)


@pytest.mark.parametrize("ema", [None, 0.9])
def test_frozen_weights_stay_to_the_bit(noise, ema):
    behind = engine(2, ema=ema)
    before = {name: np.array(v) for name, v in behind.first_state().weights.items()}
    after = trained(behind, noise).state.answering
    moved = {name for name, value in after.items() if (np.asarray(value) != before[name]).any()}
    assert moved == {"04-dense/kernel", "04-dense/bias"}


def test_pictures_that_stay_on_disk_give_the_same(noise):
    on_disk = replace(noise, pixels=Rows(noise.pixels, np.arange(PICTURES)))
    here, there = (trained(engine(2), split) for split in (noise, on_disk))
    assert (here.losses == there.losses).all()


def test_large_features_stay_on_disk_and_give_the_same(noise, monkeypatch):
    here = trained(engine(2), noise)
    monkeypatch.setattr("saccade.train.resident.memory_bytes", lambda: 1)
    monkeypatch.setattr("saccade.train.resident.BLOCK_BYTES", 2 * 10 * 4 * 4)  # two batches
    there = trained(engine(2), noise)
    assert (here.losses == there.losses).all()


class Counting:
    """Doubles pixels, and remembers how many pictures it was asked for."""

    def __init__(self):
        self.seen = []

    def __call__(self, pixels):
        self.seen.append(len(pixels))
        return pixels.reshape(len(pixels), -1).astype(np.float32) * 2


def all_of(store, pixels):
    told, asking = [], store.of(pixels)
    while True:
        try:
            told.append(next(asking))
        except StopIteration as end:
            return end.value, told


def test_they_are_computed_once_in_any_order_and_company(noise):
    compute = Counting()
    store = Features("key", (192,), compute)
    first, told = all_of(store, noise.pixels[:30])
    assert told[-1].done == 30 and sum(compute.seen) == 30
    order = np.random.default_rng(1).permutation(PICTURES)
    values, told = all_of(store, noise.pixels[order])
    assert sum(compute.seen) == PICTURES and told[-1].done == PICTURES
    assert (values == noise.pixels[order].reshape(PICTURES, -1) * 2.0).all()
    again, told = all_of(store, noise.pixels)
    assert sum(compute.seen) == PICTURES and told == []
    assert (again == noise.pixels.reshape(PICTURES, -1) * 2.0).all()
    assert (first == again[:30]).all()


def test_another_key_finds_nothing(noise):
    compute = Counting()
    for key in ("one", "two"):
        all_of(Features(key, (192,), compute), noise.pixels)
    assert sum(compute.seen) == 2 * PICTURES


@pytest.mark.parametrize("hurt", ["digests.npy", "values.npy"])
@pytest.mark.parametrize("how", ["cut", "gone", "pickle"])
def test_a_damaged_file_is_computed_again(noise, hurt, how):
    compute = Counting()
    store = Features("key", (192,), compute)
    all_of(store, noise.pixels)
    [file] = store._folder.glob(f"*/{hurt}")
    if how == "gone":
        file.unlink()
    elif how == "cut":
        os.truncate(file, file.stat().st_size // 2)
    else:
        np.save(file, np.array([{"a": 1}], object), allow_pickle=True)
    values, _ = all_of(store, noise.pixels)
    assert (values == noise.pixels.reshape(PICTURES, -1) * 2.0).all()
    assert sum(compute.seen) == 2 * PICTURES
    assert len(list(store._folder.iterdir())) == 1


def test_the_least_used_go(noise, monkeypatch):
    monkeypatch.setattr(features, "MOST_BYTES", 100_000)  # the values of one key take 38,400
    stores = [Features(key, (192,), Counting()) for key in "abcd"]
    for at, store in enumerate(stores):
        all_of(store, noise.pixels)
        for segment in store._folder.iterdir():
            os.utime(segment, (at, at))
    all_of(stores[0], noise.pixels)  # used again
    all_of(Features("e", (192,), Counting()), noise.pixels)
    left = {path.name for path in stores[0]._folder.parent.iterdir() if any(path.iterdir())}
    assert left == {"a", "e"}


def test_what_a_killed_process_left_goes_after_a_day(noise):
    store = Features("key", (192,), Counting())
    all_of(store, noise.pixels[:5])
    old, new = (store._folder / name for name in (".old", ".new"))
    for folder in (old, new):
        folder.mkdir()
    os.utime(old, (0, 0))
    all_of(store, noise.pixels)
    assert not old.exists() and new.exists()


def test_more_than_all_may_be_is_not_kept(noise, monkeypatch):
    monkeypatch.setattr(features, "MOST_BYTES", 1000)
    store = Features("key", (192,), Counting())
    values, _ = all_of(store, noise.pixels)
    assert len(values) == PICTURES
    assert not store._folder.exists()


def test_a_cache_that_cannot_be_written_costs_nothing_else(noise, monkeypatch, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    values, _ = all_of(Features("key", (192,), Counting()), noise.pixels)
    assert (values == noise.pixels.reshape(PICTURES, -1) * 2.0).all()


def test_a_key_is_of_layers_weights_and_scaling():
    nodes = graph().nodes[:3]
    rng = np.random.default_rng(0)
    weights = {name: rng.normal(size=v.shape) for node in nodes for name, v in node.weights}
    rule = Preprocess(8, 8, 3)
    key = key_of(nodes, weights, rule, "cpu")
    again = key_of(graph().nodes[:3], weights, rule, "cpu")
    assert key == again  # Keras counts its layers' names on
    moved = {**weights, "00-conv2d/bias": weights["00-conv2d/bias"] + 1e-7}
    others = [
        key_of(nodes[:2], weights, rule, "cpu"),
        key_of(nodes, moved, rule, "cpu"),
        key_of(nodes, weights, replace(rule, offset=(0.0, 0.0, 1e-6)), "cpu"),
        key_of(graph(side=16).nodes[:3], weights, rule, "cpu"),
        key_of(nodes, weights, rule, "gpu"),
    ]
    assert len({key, *others}) == 6


def test_two_forms_share_no_features(noise):
    behind = engine(2)
    other = replace(behind, forms=replace(behind.forms, answering="layers"))
    weights = behind.first_state().weights
    assert behind._features_of(weights).key != other._features_of(weights).key


def test_blocks_are_of_one_size_so_company_changes_no_bit(noise):
    behind = engine(2)
    weights = behind.first_state().weights
    alone = behind.resident(noise.take(np.array([3])), weights)
    together = behind.resident(noise, weights)
    assert (np.asarray(alone.pixels)[0] == np.asarray(together.pixels)[3]).all()
    assert PICTURES % FEATURE_BATCH  # the last block is not full


def test_fit_tells_how_far_it_is_and_evaluates_behind_them(tmp_path):
    digits = saccade.load("digits")
    base = saccade.create_run(tmp_path / "base")
    recipe = saccade.recipe("conv-bn", steps=60, evaluate_every=30, augment=())
    _ = list(saccade.record(saccade.fit("conv-bn", digits, recipe), base))
    network = saccade.transfer(None, digits, weights=base.path)
    run = saccade.create_run(tmp_path / "run")
    recipe = saccade.recipe("transfer", steps=100, evaluate_every=50, patience=None)
    events = list(saccade.record(saccade.fit(network, digits, recipe), run))
    prepared = [event for event in events if isinstance(event, Prepared)]
    assert {event.split for event in prepared} == {"train", "validation", "test"}
    assert all(0 < event.done <= event.total for event in prepared)
    assert events.index(prepared[0]) < [isinstance(e, StepsDone) for e in events].index(True)
    *_, last = [event for event in events if isinstance(event, Evaluated)]
    assert last.accuracy > 0.7
    assert run.facts["forms"]["frozen"] == 9
    finished = events[-1]
    assert isinstance(finished, Finished)
    accuracy, _ = saccade.evaluate(run)
    assert accuracy == finished.test
    assert all(event["event"] != "Prepared" for event in run.events())
