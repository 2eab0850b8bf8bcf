"""The first layer of `whitened` is computed from pictures; the others begin as the identity."""

import numpy as np
import pytest

from saccade.models.backend import keras
from saccade.models.graph import layer_graph
from saccade.models.initialize import PassingOn, first_weights, unallocated
from saccade.models.network import build
from saccade.models.whitened import Whitening


@pytest.fixture
def pictures(rng):
    """Neighbours are alike, and colours too, as in photographs."""
    rough = rng.normal(size=(400, 12, 12, 1)) + 0.3 * rng.normal(size=(400, 12, 12, 3))
    smooth = rough[:, 1:, 1:] + rough[:, :-1, 1:] + rough[:, 1:, :-1] + rough[:, :-1, :-1]
    return (0.5 + 0.1 * smooth).astype(np.float32)


def answers(pictures):
    layer = Whitening(24, 2, padding="valid", name="whiten")
    layer.build(pictures.shape)
    made = layer.from_data(pictures, {})
    layer.set_weights([np.asarray(made[v.name]) for v in layer.weights])
    return np.asarray(layer(pictures)).reshape(-1, 24)


def test_what_it_gives_varies_alike_and_independently(pictures):
    given = answers(pictures)
    np.testing.assert_allclose(given.mean(0), 0, atol=1e-3)
    np.testing.assert_allclose(given[:, 12:], -given[:, :12], atol=1e-3)
    covariance = np.cov(given[:, :12], rowvar=False)
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0, atol=5e-3)
    corners = (pictures[:, i : i - 1 or None, j : j - 1 or None] for i in (0, 1) for j in (0, 1))
    patches = np.concatenate([one.reshape(-1, 3) for one in corners], axis=1)
    variances = np.linalg.eigvalsh(np.cov(patches, rowvar=False))
    np.testing.assert_allclose(
        np.diag(covariance), variances / (variances + 5e-4 * variances.mean()), rtol=0.01
    )


def test_what_hardly_varies_is_not_made_loud(pictures):
    grey = np.repeat(pictures[..., :1], 3, axis=-1)
    assert np.abs(answers(grey)).max() < 20


def test_its_kernel_is_not_learnt_and_its_bias_is():
    graph = build("whitened", (32, 32, 3), 10).graph
    trainable = {name.split("/")[1]: v.trainable for name, v in graph.nodes[0].weights}
    assert trainable == {"kernel": False, "bias": True}


@pytest.mark.parametrize("inputs, outputs", [(4, 4), (4, 7), (5, 3)])
def test_a_convolution_begins_by_passing_on(inputs, outputs, rng):
    with unallocated():
        layer = keras.layers.Conv2D(outputs, 3, padding="same", kernel_initializer=PassingOn())
        picture = keras.layers.Input((6, 6, inputs))
        graph = layer_graph(keras.Model(picture, layer(picture)))
    kernel, _ = first_weights(graph, "layers", 0).values()
    x = rng.normal(size=(2, 6, 6, inputs)).astype(np.float32)
    both, given = min(inputs, outputs), np.asarray(keras.ops.conv(x, kernel, padding="same"))
    np.testing.assert_allclose(given[..., :both], x[..., :both], atol=1e-6)
    if outputs > inputs:
        assert kernel[..., inputs:].std() == pytest.approx((1 / (27 * inputs)) ** 0.5, rel=0.3)
