"""Networks with layers that have no rule of ours."""

import importlib.util

import pytest

import saccade
from saccade.core.errors import MissingFile
from saccade.export.bundle import export_bundle
from saccade.models.backend import keras

L = keras.layers
HAS_JAX2ONNX = importlib.util.find_spec("jax2onnx") is not None


@pytest.fixture
def network():
    layers = [L.Conv2D(6, 3), L.GroupNormalization(3), L.ReLU(), L.Flatten(), L.Dense(10)]
    return saccade.from_keras(keras.Sequential([keras.Input((8, 8, 1)), *layers]), 10)


@pytest.fixture
def run(network, tmp_path):
    run = saccade.create_run(tmp_path / "run")
    recipe = saccade.recipe("conv", steps=20)
    assert [*saccade.record(saccade.fit(network, saccade.load("digits"), recipe), run)]
    return run


@pytest.mark.skipif(HAS_JAX2ONNX, reason="jax2onnx is installed")
def test_what_has_no_rule_is_named_and_what_may_know_it(run, network):
    with pytest.raises(MissingFile) as told:
        export_bundle(run, model=network)
    assert "`GroupNormalization`" in str(told.value)
    assert "pip install 'saccade[export-any]'" in str(told.value)
    assert not (run.path / "export").exists()


@pytest.mark.filterwarnings("ignore")  # another library's
@pytest.mark.skipif(not HAS_JAX2ONNX, reason="jax2onnx (the extra export-any) is not installed")
def test_another_exporter_writes_it_under_the_same_proof(run, network):
    exported = export_bundle(run, model=network)
    assert all(check.agrees for check in exported.checks)
    assert exported.checks[0].pictures == 256
