"""A base's forward against Keras' own on the same random weights; what it refuses."""

import numpy as np
import pytest

from saccade.core.errors import BadUsage
from saccade.models.activation import Mode
from saccade.models.applications import base_model
from saccade.models.backend import jax
from saccade.models.bases import BASES
from saccade.models.forward import forward
from saccade.models.graph import layer_graph
from saccade.models.initialize import unallocated

# The smallest of each family and the side of its pictures; the quick ones at once.
QUICK = {"squeezenet1.1": 65, "mobilenetv3-small": 64}
SLOW = {
    "mobilenetv2": 64,
    "convnext-tiny": 64,
    "vgg16": 64,
    "resnet50": 64,
    "resnet50v2": 64,
    "inceptionv3": 96,
    "inception-resnet-v2": 96,
    "xception": 96,
    "densenet121": 64,
    "mobilenet": 64,
    "nasnet-mobile": 64,
    "efficientnet-b0": 64,
    "efficientnetv2-b0": 64,
}


def drawn(graph, rng):
    """Weights under which values neither die nor grow, whatever the depth."""
    values = {}
    for name, variable in graph.weights.items():
        shape = tuple(variable.shape)
        noise = rng.normal(size=shape).astype(np.float32)
        if "variance" in name:
            values[name] = 1 + 0.1 * np.abs(noise)
        elif "kernel" in name:
            values[name] = noise * np.float32(np.sqrt(2 / max(1, np.prod(shape[:-1]))))
        elif name.endswith("gamma"):
            values[name] = 1 + 0.1 * noise
        else:
            values[name] = np.asarray(0.1 * noise, variable.dtype)
    return values


def keras_answer(model, graph, values, images):
    by_variable = {id(variable): values[name] for name, variable in graph.weights.items()}
    arrays = [
        [by_variable.get(id(v), np.zeros(v.shape, v.dtype)) for v in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables)
    ]
    return jax.jit(lambda t, n, x: model.stateless_call(t, n, x)[0])(*arrays, images)


# The other tops are a pooling and a dense layer.
CASES = [
    *(pytest.param(*case, False, id=case[0]) for case in QUICK.items()),
    *(pytest.param(*case, False, id=case[0], marks=pytest.mark.slow) for case in SLOW.items()),
    pytest.param("squeezenet1.1", 65, True, id="squeezenet1.1-top", marks=pytest.mark.slow),
    pytest.param("mobilenetv3-small", 64, True, id="mobilenetv3-top", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("name, side, top", CASES)
def test_a_base_answers_as_kerass_own(name, side, top, rng):
    with unallocated():
        model = base_model(name, (side, side, 3), top=top)
    graph, base = layer_graph(model), BASES[name]
    values = drawn(graph, rng)
    pixels = rng.integers(0, 256, (2, side, side, 3))
    images = (pixels * np.array(base.scale) + np.array(base.offset)).astype(np.float32)
    expected = np.asarray(keras_answer(model, graph, values, images))
    assert np.isfinite(expected).all() and expected.std() > 0
    for form in ("layers", "direct"):
        run = jax.jit(lambda v, x, form=form: forward(graph, v, x, form=form, mode=Mode())[0])
        got = np.asarray(run(values, images))
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", [*QUICK, *SLOW])
def test_the_least_side_is_one_it_takes(name):
    least = BASES[name].least
    with unallocated():
        model = base_model(name, (least, least + 1, 3))
    assert len(model.output_shape) == 2
    with pytest.raises(BadUsage, match=f"`{name}` takes pictures of at least {least}x{least}"):
        base_model(name, (least, least - 1, 3))


def test_a_base_takes_rgb_pictures():
    with pytest.raises(BadUsage, match="takes RGB pictures, 3 channels, got 1"):
        base_model("mobilenetv2", (96, 96, 1))


def test_an_efficientnet_scales_by_the_deviation():
    """Its published weights hold deviations; see `_rescaled`."""
    with unallocated():
        model = base_model("efficientnet-b0", (64, 64, 3))
    graph = layer_graph(model)
    kinds = [node.kind for node in graph.nodes[:3]]
    assert kinds == ["Rescaling", "Normalization", "Rescaling"]
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    first, last = graph.nodes[0].layer, graph.nodes[2].layer
    pixel = np.array([10.0, 200.0, 90.0])
    seen = (pixel * first.scale + first.offset - mean) / np.sqrt(deviation) * last.scale
    np.testing.assert_allclose(seen, (pixel / 255 - mean) / deviation, rtol=1e-6)
