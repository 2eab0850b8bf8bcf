"""Where a base's weights come from, and what becomes of them."""

import dataclasses

import numpy as np
import pytest

import saccade
from saccade.core.errors import BadRun, BadUsage, MissingFile
from saccade.core.records import Split
from saccade.models.backend import keras
from saccade.models.network import from_keras
from saccade.run.checkpoint import read_checkpoint
from saccade.run.directory import Run
from saccade.run.events import Evaluated, Saved
from saccade.train.recipes import begun_like
from saccade.train.transfer import begun_again, check_choice, transfer


@pytest.fixture(scope="module")
def digits():
    return saccade.load("digits")


def run_of(network, data, path, **changes):
    name = network if isinstance(network, str) else network.reference["model"]
    recipe = saccade.recipe(name, **{"steps": 60, "evaluate_every": 30, "augment": (), **changes})
    run = saccade.create_run(path)
    _ = list(saccade.record(saccade.fit(network, data, recipe), run))
    return Run(run.path)


@pytest.fixture(scope="module")
def source(digits, tmp_path_factory):
    """A run on the digits 0 to 4."""
    path = tmp_path_factory.mktemp("source") / "run"
    return run_of("conv-bn", of_classes(digits, 5), path, pixel_scale=1 / 256)


def of_classes(data, count):
    def few(split):
        return split.take(np.flatnonzero(split.labels < count))

    parts = {part: few(getattr(data, part)) for part in ("train", "test")}
    return dataclasses.replace(data, classes=data.classes[:count], **parts)


def test_it_begins_with_the_runs_weights_and_a_head_of_its_own(digits, source):
    network = transfer(None, digits, weights=source.path)
    saved = read_checkpoint(source.checkpoints, "best").weights
    assert network.pretrained
    for name, value in network.pretrained.items():
        np.testing.assert_array_equal(value, saved[name])
    drawn = set(network.graph.weights) - set(network.pretrained)
    assert drawn == {"11-dense/kernel", "11-dense/bias"}
    assert network.reference["weights"]["from"] == str(source.path)


def test_pixels_are_scaled_as_the_run_scaled_them(digits, source):
    assert transfer(None, digits, weights=source.path).scaling == (1 / 256, 0.0)


def test_the_base_does_not_move_and_the_head_learns(digits, source, tmp_path):
    network = transfer(None, digits, weights=source.path)
    run = run_of(network, digits, tmp_path / "run", steps=200, evaluate_every=100)
    assert run.facts["preprocess"]["scale"] == 1 / 256
    saved = read_checkpoint(run.checkpoints, "last").weights
    for name, value in network.pretrained.items():
        np.testing.assert_array_equal(saved[name], value)
    assert run.metrics["test"]["accuracy"] > 0.8  # five of the ten were never seen by the base


def test_fine_tuning_moves_what_is_asked_less_the_earlier(digits, source, tmp_path):
    network = transfer(None, digits, weights=source.path, unfreeze="last-2")
    run = run_of(network, digits, tmp_path / "run", layer_decay=0.1, l2=0.0)
    saved = read_checkpoint(run.checkpoints, "last").weights
    moved = {
        name: float(np.abs(saved[name] - value).mean())
        for name, value in network.pretrained.items()
        if name.endswith("/kernel")
    }
    first, second, third = moved.values()
    assert first == 0
    assert 0 < second < third / 3


def test_the_rate_of_each_layer(digits, source):
    from saccade.train.layout import Layout

    network = transfer(None, digits, weights=source.path, unfreeze="all")
    shares = Layout(network.graph, saccade.recipe("transfer", layer_decay=0.5)).shares
    assert shares == [0.125, 0.25, 0.5, 1.0, 1.0]


def test_a_run_of_the_same_classes_brings_its_head(digits, source, tmp_path):
    first = run_of(transfer(None, digits, weights=source.path), digits, tmp_path / "first")
    network = transfer(None, digits, weights=first.path, unfreeze="all")
    assert set(network.pretrained) == set(network.graph.weights)
    events = list(saccade.fit(network, digits, saccade.recipe("transfer", steps=1)))
    [evaluated] = [event for event in events if isinstance(event, Evaluated)]
    assert evaluated.accuracy > 0.6  # as the first run ended; chance is a tenth
    other = transfer(None, of_classes(digits, 5), weights=first.path)
    assert len(other.pretrained) == len(network.pretrained) - 2


@pytest.mark.slow
def test_from_first_weights(digits, tmp_path):
    run = run_of(transfer("conv-bn", digits, weights="none"), digits, tmp_path / "run")
    assert run.facts["forms"]["frozen"] == -1
    assert run.facts["model"]["weights"] == {"from": "none", "sha256": EMPTY}


EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_with_augmentation_nothing_is_computed_once(digits, source):
    network = transfer(None, digits, weights=source.path)
    recipe = saccade.recipe("transfer", steps=2, augment=saccade.recipe("conv").augment)
    started, *_ = saccade.fit(network, digits, recipe)
    assert started.facts["forms"]["frozen"] == -1


@pytest.mark.parametrize("unfreeze", ["none", "last-1"])
def test_a_run_that_was_stopped_goes_on_to_the_same_bits(digits, source, tmp_path, unfreeze):
    from saccade.train.checkpoint import ResumeFrom
    from saccade.train.commands import Save
    from saccade.train.forms import Forms

    network = transfer(None, digits, weights=source.path, unfreeze=unfreeze)
    recipe = saccade.recipe("transfer", steps=30, evaluate_every=10)
    whole = list(saccade.fit(network, digits, recipe))

    def save_at_ten(events):
        return [Save()] if events and getattr(events[-1], "step", 0) == 10 else []

    started, *events = saccade.fit(network, digits, recipe, commands=save_at_ten)
    saved = next(event for event in events if isinstance(event, Saved))
    assert saved.step == 10
    forms = Forms(**started.facts["forms"])
    resume = ResumeFrom(saved.checkpoint, forms)
    # As from a record: nothing but the checkpoint brings the weights.
    bare = dataclasses.replace(network, pretrained={})
    rest = list(saccade.fit(bare, digits, recipe, resume=resume))
    assert rest[-1].test == whole[-1].test
    one, other = ([e for e in events if isinstance(e, Saved)][-1] for events in (whole, rest))
    for name, value in one.checkpoint.weights.items():
        np.testing.assert_array_equal(other.checkpoint.weights[name], value)


def test_a_record_brings_the_first_values_back(digits, source):
    network = transfer(None, digits, weights=source.path)
    bare = dataclasses.replace(network, pretrained={})
    again = begun_again(bare, digits)
    assert all((again.pretrained[n] == v).all() for n, v in network.pretrained.items())
    weights = {**network.reference["weights"], "sha256": "0" * 64}
    other = dataclasses.replace(bare, reference={**network.reference, "weights": weights})
    with pytest.raises(BadRun, match="not those this run began with"):
        begun_again(other, digits)
    plain = saccade.build("conv", (8, 8, 1), 10)
    assert begun_again(plain, digits) is plain


@pytest.mark.parametrize(
    ("base", "weights", "says"),
    [
        (None, "imagenet", "takes a --base"),
        (None, "none", "takes a --base"),
        ("conv", "imagenet", "nobody has published weights of `conv`"),
        ("conv-bm", "none", "conv-bn"),
        ("softmax", "none", "no convolutional layers"),
        ("squeezenet1.1", "none", "RGB"),
    ],
)
def test_what_cannot_be_is_refused(digits, base, weights, says):
    with pytest.raises(BadUsage, match=says):
        transfer(base, digits, weights=weights)


@pytest.mark.parametrize("weights", ["imagenet", "none"])
def test_whose_weights_is_asked_before_pictures_are_read(weights, tmp_path):
    with pytest.raises(BadUsage, match="takes a --base"):
        check_choice(None, weights, "none")
    (tmp_path / "x.npz").write_bytes(b"")
    with pytest.raises(BadUsage, match="whose weights"):
        check_choice(None, str(tmp_path / "x.npz"), "none")


def test_from_first_weights_early_layers_learn_as_late_ones(digits):
    network = transfer("conv-bn", digits, weights="none")
    started = next(saccade.fit(network, digits))
    assert started.facts["recipe"]["layer_decay"] == 1
    assert saccade.recipe(begun_like("squeezenet1.1", "none")).layer_decay == 1
    assert saccade.recipe(begun_like("squeezenet1.1", "imagenet")).layer_decay == 0.8


def test_weights_that_are_not_there(digits):
    with pytest.raises(MissingFile, match="no no/such"):
        transfer("conv", digits, weights="no/such")
    with pytest.raises(MissingFile):
        check_choice(None, "no-such-run", "none")


def test_a_file_takes_a_base(digits, tmp_path):
    (tmp_path / "x.npz").write_bytes(b"")
    with pytest.raises(BadUsage, match="whose weights"):
        transfer(None, digits, weights=tmp_path / "x.npz")


def test_another_base_than_the_runs(digits, source):
    with pytest.raises(BadUsage, match="is `conv-bn`, not `conv`"):
        transfer("conv", digits, weights=source.path)


def test_a_run_on_grey_pictures_for_coloured_ones(digits, source):
    def coloured(split):
        return Split(np.repeat(split.pixels, 3, -1), split.labels, split.names)

    rule = dataclasses.replace(digits.preprocess, channels=3)
    parts = {part: coloured(getattr(digits, part)) for part in ("train", "test")}
    colours = dataclasses.replace(digits, preprocess=rule, **parts)
    with pytest.raises(BadUsage, match="grey pictures"):
        transfer(None, colours, weights=source.path)


@pytest.mark.slow
def test_a_network_of_a_persons_own_is_no_base(digits, tmp_path):
    layers = keras.layers
    body = [keras.Input((8, 8, 1)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(10)]
    own = run_of(from_keras(keras.Sequential(body), 10), digits, tmp_path / "own", steps=2)
    with pytest.raises(BadUsage, match="network of your own"):
        transfer(None, digits, weights=own.path)
