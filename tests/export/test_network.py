"""Whole networks as ONNX files: every model of the table, and bases."""

import json

import numpy as np
import onnx
import pytest

from saccade.bundle.model import Model
from saccade.core.calibration import Calibration, identity
from saccade.core.preprocess import Preprocess
from saccade.export.network import to_onnx
from saccade.models import MODELS
from saccade.models.activation import Mode
from saccade.models.backend import jax
from saccade.models.bases import BASES
from saccade.models.entry import NORMALISATIONS
from saccade.models.forward import forward
from saccade.models.from_data import drawn_from
from saccade.models.initialize import first_weights
from saccade.models.network import build
from saccade.models.transfer import transfer_network

# One of each kind of layer; `make soak` takes all.
FEW = ("conv", "conv-bn", "lenet5-1998", "residual", "cats-dogs", "resnet-cifar-20", "alexnet")
QUICK_BASES = ("mobilenetv2",)


def used(graph, seed=0):
    """Weights of a network that has learnt something.

    Variances from 1 on: smaller ones make a deep network so wild that roundings decide (of
    EfficientNetV2-S with 0.5 to 1.5, our own two forms differ by half).
    """
    rng = np.random.default_rng(seed)
    values = {}
    pictures = np.random.default_rng(seed).random((16, *graph.input_shape), np.float32)
    for name, first in drawn_from(graph, first_weights(graph, "layers", seed), pictures).items():
        # A gamma that starts at zero would hide the block before it.
        moved = {"moving_mean": 0.1, "beta": 0.1, "bias": 0.1, "gamma": 0.1}.get(
            name.rpartition("/")[2], 0
        )
        varied = rng.uniform(1.0, 1.5, first.shape) if name.endswith("moving_variance") else first
        values[name] = (varied + rng.normal(0, 1, first.shape) * moved).astype(np.float32)
    return values


def exported(graph, weights, classes, calibration=None, rule=None):
    rule = rule or Preprocess(*graph.input_shape)
    names = [f"class {i}" for i in range(classes)]
    return to_onnx(graph, weights, rule, calibration or identity(classes), names)


def compare(graph, classes, rule=None):
    """The largest difference of a probability."""
    rule, weights = rule or Preprocess(*graph.input_shape), used(graph)
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (3, *graph.input_shape), dtype=np.uint8)
    probabilities, _ = Model(exported(graph, weights, classes, rule=rule), 2).answer(pixels)
    floats = pixels * np.float32(rule.scale) + np.float32(rule.offset)
    logits, _ = jax.jit(lambda w, x: forward(graph, w, x, form="layers", mode=Mode()))(
        weights, floats
    )
    assert (probabilities.argmax(1) == np.asarray(logits).argmax(1)).all()
    assert np.ptp(probabilities) > 1e-3
    return np.abs(probabilities - jax.nn.softmax(logits)).max()


def table(names):
    return [pytest.param(name, marks=[] if name in FEW else [pytest.mark.slow]) for name in names]


@pytest.mark.parametrize("name", table(MODELS))
def test_every_model_of_the_table_answers_the_same(name):
    side = max(28, MODELS[name].least)
    for classes in (10, 2):
        assert compare(build(name, (side, side, 1), classes).graph, classes) <= 1e-5


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in QUICK_BASES else [pytest.mark.slow])
        for name in BASES
        if not name.endswith(("xlarge", "-b5", "-b6", "-b7", "-l", "-m"))
    ],
)
def test_bases_with_a_head_answer_the_same(name):
    base = BASES[name]
    side = max(base.least, 75)
    graph = transfer_network(name, (side, side, 3), 5, pretrained=False).graph
    rule = Preprocess(side, side, 3, scale=base.scale, offset=base.offset)
    assert compare(graph, 5, rule) <= 1e-4


def operators(data):
    return [node.op_type for node in onnx.load_from_string(data).graph.node]


@pytest.mark.parametrize("shape, turned", [((28, 28, 1), 0), ((28, 28, 3), 1)])
def test_pictures_are_turned_over_once_and_one_channel_never(shape, turned):
    graph = build("conv-bn", shape, 10).graph
    assert operators(exported(graph, used(graph), 10)).count("Transpose") == turned


def test_a_network_without_convolutions_turns_nothing_over():
    graph = build("mlp-relu", (28, 28, 3), 10).graph
    assert "Transpose" not in operators(exported(graph, used(graph), 10))


@pytest.mark.parametrize("name", ["softmax", "conv"])
def test_scaling_is_as_quick_as_it_can_be(name):
    """ONNX Runtime takes 20 times as long where the last axis, or the number's, is 1 long."""
    graph = build(name, (8, 8, 1), 3).graph
    model = onnx.shape_inference.infer_shapes(
        onnx.load_from_string(exported(graph, used(graph), 3))
    )
    [scaling] = [node for node in model.graph.node if node.op_type == "Mul"]
    sizes = {value.name: value.type.tensor_type.shape.dim for value in model.graph.value_info}
    assert sizes[scaling.input[0]][-1].dim_value == 8
    [number] = [each for each in model.graph.initializer if each.name == scaling.input[1]]
    assert list(number.dims) == []


def test_the_batch_is_open_and_everything_is_inside():
    graph = build("softmax", (8, 8, 1), 3).graph
    data = exported(graph, used(graph), 3)
    model = onnx.load_from_string(data)
    [pixels], outputs = model.graph.input, model.graph.output
    assert pixels.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert pixels.type.tensor_type.shape.dim[0].dim_param == "batch"
    assert [output.name for output in outputs] == ["logits", "probabilities"]
    told = {each.key: json.loads(each.value) for each in model.metadata_props}
    assert told["classes"] == ["class 0", "class 1", "class 2"]
    assert Preprocess.from_json(told["preprocess"]) == Preprocess(8, 8, 1)
    for count in (0, 1, 65):
        probabilities, _ = Model(data, 1).answer(np.zeros((count, 8, 8, 1), np.uint8))
        assert probabilities.shape == (count, 3)
        np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-6)


@pytest.mark.parametrize(
    "calibration",
    [
        Calibration("temperature", (0.4,) * 3, (0.0,) * 3),
        Calibration("vector", (0.5, 1.5, 1.0), (0.3, -0.2, 0.0)),
    ],
)
def test_calibration_is_inside_and_the_logits_are_raw(calibration):
    graph = build("softmax", (8, 8, 1), 3).graph
    weights = used(graph)
    pixels = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1), dtype=np.uint8)
    plain, raw = Model(exported(graph, weights, 3), 1).answer(pixels)
    calibrated, logits = Model(exported(graph, weights, 3, calibration), 1).answer(pixels)
    assert (raw == logits).all()
    assert np.abs(plain - calibrated).max() > 0.01
    np.testing.assert_allclose(calibrated, calibration.probabilities(raw), atol=1e-6)


def test_equal_networks_are_equal_bytes():
    first, second = (build("conv", (28, 28, 1), 10).graph for _ in range(2))
    assert exported(first, used(first), 10) == exported(second, used(second), 10)


@pytest.mark.parametrize("choice", NORMALISATIONS)
@pytest.mark.parametrize("name", ["mlp-deep", "conv-bn"])
def test_every_normalisation_answers_the_same(name, choice):
    assert compare(build(name, (12, 11, 3), 3, choice).graph, 3) <= 1e-5
