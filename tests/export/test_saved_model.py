"""A run's network as TensorFlow's SavedModel."""

import importlib.util

import numpy as np
import pytest

import saccade
from saccade.core.calibration import identity
from saccade.core.errors import BadUsage, Disagrees, MissingFile
from saccade.export import saved_model
from saccade.export.saved_model import ask_saved_model, export_saved_model
from saccade.train.restore import restore

HAS_TENSORFLOW = importlib.util.find_spec("tensorflow") is not None
with_tensorflow = pytest.mark.skipif(not HAS_TENSORFLOW, reason="TensorFlow is not installed")
# TensorFlow warns of its own code.
quiet = pytest.mark.filterwarnings("ignore")


@pytest.mark.skipif(HAS_TENSORFLOW, reason="TensorFlow is installed")
def test_without_tensorflow_it_says_what_to_install(finished_run):
    with pytest.raises(MissingFile, match="pip install tensorflow-cpu"):
        export_saved_model(finished_run)
    assert not (finished_run.path / "saved-model").exists()


@quiet
@with_tensorflow
def test_tensorflow_answers_as_the_run_does(run_copy, tmp_path):
    exported = export_saved_model(run_copy, tmp_path / "served")
    assert all(check.agrees and check.pictures == 256 for check in exported.checks)
    assert (exported.path / "saved_model.pb").is_file()
    for count in (1, 7):  # a batch of any size
        pixels = np.zeros((count, 8, 8, 1), np.uint8)
        assert {each.shape for each in ask_saved_model(exported.path, pixels)} == {(count, 10)}
    with pytest.raises(BadUsage, match="is there already"):
        export_saved_model(run_copy, tmp_path / "served")


@quiet
@with_tensorflow
def test_one_that_answers_otherwise_is_not_written(run_copy, tmp_path, monkeypatch):
    turned = lambda folder, pixels: ask_saved_model(folder, 255 - pixels)  # noqa: E731
    monkeypatch.setattr(saved_model, "ask_saved_model", turned)
    with pytest.raises(Disagrees):
        export_saved_model(run_copy, tmp_path / "served")
    assert not [*tmp_path.glob("*served*")]


@pytest.mark.parametrize("model", ["softmax", "conv-bn"])
def test_the_program_takes_any_batch_and_old_readers_read_it(model, tmp_path):
    """Without TensorFlow: what it is given is a program in the oldest words there are."""
    run = saccade.create_run(tmp_path / "run")
    recipe = saccade.recipe(model, steps=3)
    assert [*saccade.record(saccade.fit(model, saccade.load("digits"), recipe), run)]
    trained = restore(run)
    program = saved_model._program(trained, identity(10))
    assert [shape.shape[0].__class__.__name__ for shape in program.in_avals] == ["_DimExpr"]
    assert b"StableHLO_v0.9" in saved_model._in_old_words(program.mlir_module_serialized)
    pixels = np.arange(3 * 64, dtype=np.uint8).reshape(3, 8, 8, 1)
    probabilities, logits = program.call(pixels)
    ours = trained.engine.logits(trained.weights, pixels)
    np.testing.assert_allclose(np.asarray(logits), ours, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(np.asarray(probabilities).sum(1), 1, rtol=1e-5)
