"""Convolution in groups by ordinary ones, against XLA's own, and that it is what networks get."""

from functools import partial

import numpy as np
import pytest

from saccade.models import grouped
from saccade.models.activation import Mode
from saccade.models.backend import jax, keras
from saccade.models.direct import LAYOUT, convolve_direct
from saccade.models.forward import forward
from saccade.models.graph import layer_graph
from saccade.models.grouped import convolve_grouped, groups_together

jnp, lax = jax.numpy, jax.lax

# Groups, channels of each, maps of each: one convolution, several, one for each group.
CASES = [(4, 4, 4), (16, 8, 8), (2, 48, 32), (6, 8, 3), (3, 1, 5)]


def ours(groups, strides, padding):
    plain = partial(convolve_direct, strides=strides, padding=padding)
    return lambda x, kernel: convolve_grouped(plain, x, kernel, groups)


def xlas(groups, strides, padding):
    return lambda x, kernel: lax.conv_general_dilated(
        x, kernel, strides, padding.upper(), dimension_numbers=LAYOUT, feature_group_count=groups
    )


@pytest.mark.parametrize(
    "strides, padding", [((1, 1), "same"), ((2, 2), "same"), ((1, 2), "valid")]
)
@pytest.mark.parametrize("groups, channels, maps", CASES)
def test_maps_and_slopes_are_those_of_xlas_own(groups, channels, maps, strides, padding, rng):
    x = jnp.asarray(rng.normal(size=(3, 7, 6, groups * channels)), jnp.float32)
    kernel = jnp.asarray(rng.normal(size=(3, 3, channels, groups * maps)), jnp.float32)
    found, expected = (f(groups, strides, padding) for f in (ours, xlas))
    np.testing.assert_allclose(found(x, kernel), expected(x, kernel), rtol=1e-4, atol=1e-4)

    def slopes(convolve):
        return jax.grad(lambda x, k: jnp.sin(convolve(x, k)).sum(), (0, 1))(x, kernel)

    for one, other in zip(slopes(found), slopes(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    "groups, channels", [(32, 4), (64, 4), (32, 32), (64, 32), (2, 48), (5, 3)]
)
def test_few_convolutions_that_are_wide_enough(groups, channels):
    together = groups_together(groups, channels)
    assert groups % together == 0
    wide = together * channels >= grouped.WIDE and groups // together <= grouped.MOST
    assert wide or together == groups


@pytest.mark.parametrize("form, own", [("direct", False), ("layers", True)])
def test_a_network_in_our_form_is_left_none_of_xlas_groups(form, own):
    inputs = keras.Input((6, 6, 8))
    maps = keras.layers.Conv2D(8, 3, groups=4)(inputs)
    graph = layer_graph(keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(maps)))
    weights = {name: np.asarray(value) for name, value in graph.weights.items()}

    def logits(images):
        return forward(graph, weights, images, form=form, mode=Mode())[0]

    program = str(jax.make_jaxpr(logits)(jnp.ones((2, 6, 6, 8))))
    assert ("feature_group_count=4" in program) == own
