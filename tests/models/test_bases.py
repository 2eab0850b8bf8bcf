"""The table of bases against Keras: sizes, scaling, architecture, what it would download."""

import sys

import numpy as np
import pytest

from saccade.core.errors import BadUsage
from saccade.models.applications import base_model
from saccade.models.backend import keras
from saccade.models.bases import BASES, base_entry
from saccade.models.graph import layer_graph
from saccade.models.initialize import unallocated
from saccade.models.published import CHECKSUMS

APPLICATIONS = {name: base for name, base in BASES.items() if base.application}


def maker(name):
    return getattr(keras.applications, BASES[name].application)


def smallest():
    """The smallest of each module of keras.applications."""
    by_module = {}
    for name in sorted(APPLICATIONS, key=lambda name: -BASES[name].parameters):
        by_module[maker(name).__module__] = name
    return set(by_module.values())


def by_size(names):
    return [
        pytest.param(name, marks=[] if name in smallest() else [pytest.mark.slow]) for name in names
    ]


def as_downloaded(name, top, monkeypatch):
    """Keras' model with ImageNet's weights but for their values, and the files it asked for."""
    from keras.src.utils import file_utils  # the backend must have been set before

    asked = []

    def get_file(fname, origin, cache_subdir, file_hash=None):
        asked.append((fname, origin, file_hash or ""))
        return fname

    monkeypatch.setattr(file_utils, "get_file", get_file)
    monkeypatch.setattr(keras.Model, "load_weights", lambda *_: None)
    side = BASES[name].size
    with unallocated():
        model = maker(name)(
            weights="imagenet",
            include_top=top,
            input_shape=(side, side, 3),
            pooling=None if top else "avg",
            classifier_activation=None,
        )
    return model, asked


def architecture(model):
    """Every layer but its name, which counts on from model to model."""
    return [
        (type(layer).__name__, layer.output.shape, getattr(layer, "scale", None))
        for layer in model.layers
    ]


def test_every_application_is_in_the_table():
    theirs = {name for name in dir(keras.applications) if name[0].isupper()}
    assert theirs == {base.application for base in APPLICATIONS.values()}


@pytest.mark.parametrize("top", [False, True])
@pytest.mark.parametrize("name", by_size(APPLICATIONS))
def test_network_and_files_are_those_keras_would_take(name, top, monkeypatch):
    base = BASES[name]
    theirs, asked = as_downloaded(name, top, monkeypatch)
    published = base.with_top if top else base.without_top
    kind = {0: "", 32: "md5:", 64: "sha256:"}[len(asked[0][2])]
    assert [(published.file, published.url, published.checksum.removeprefix(kind))] == asked
    assert published.checksum.startswith(kind)
    with unallocated():
        ours = base_model(name, (base.size, base.size, 3), top=top)
    assert architecture(ours) == architecture(theirs)
    if not top:
        assert layer_graph(ours).parameters == base.parameters


@pytest.mark.parametrize("name", by_size(APPLICATIONS))
def test_it_was_trained_at_this_size(name):
    with unallocated():
        model = maker(name)(weights=None)
    # MobileNetV3 takes any; its files' names say 224.
    assert (model.input_shape[1] or 224) == BASES[name].size


@pytest.mark.parametrize("name", APPLICATIONS)
def test_pixels_are_scaled_as_keras_scales_them(name, rng):
    base, module = BASES[name], sys.modules[maker(name).__module__]
    pixels = rng.integers(0, 256, (1, 4, 5, 3)).astype(np.uint8)
    theirs = module.preprocess_input(pixels.astype(np.float32))
    if base.reversed:
        theirs = theirs[..., ::-1]
    ours = pixels * np.float32(base.scale) + np.float32(base.offset)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-4)


def test_every_published_sum_is_used():
    files = {file for base in BASES.values() for file in (base.with_top, base.without_top)}
    assert {file.file for file in files if file.checksum} == CHECKSUMS.keys()
    unsummed = {file.file.partition("_weights")[0] for file in files if not file.checksum}
    assert all(name.startswith(("mobilenet_1", "mobilenet_v2", "squeezenet")) for name in unsummed)


def test_an_unknown_base_is_named_with_the_nearest():
    with pytest.raises(BadUsage, match=r"no base `mobilenet2`. Did you mean .*`mobilenetv2`"):
        base_entry("mobilenet2")
