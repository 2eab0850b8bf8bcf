"""Every layer form of our own: its compiled slopes are its differences, to 1e-7.

In double precision: there a central difference of fourth order along a random direction is good to
about nine digits, with steps so short that they cross no corner of a ReLU or a largest of a window.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from saccade.models import direct, winograd
from saccade.models.activation import ELEMENTWISE, Mode
from saccade.models.backend import jax, keras
from saccade.models.forward import forward
from saccade.models.graph import layer_graph
from saccade.models.initialize import unallocated
from saccade.models.lowerings import LOWERINGS
from saccade.models.weight_norm import WeightNormConv2D
from saccade.models.whitened import Whitening

jnp, layers = jax.numpy, keras.layers
STEP, MOST = 5e-6, 5e-8
PICTURES, SHAPE = 10, (7, 6, 3)
# Keras' tanh computes in single precision, whatever it is given.
DOUBLE = sorted(ELEMENTWISE - {"tanh"})


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def worst_error(loss: Callable[..., object], arrays: Mapping[str, np.ndarray]) -> float:
    """The largest distance of slopes from differences, two directions an array.

    Measured by the length of the slope: along a direction drawn from normals the difference is of
    that size, and one that happens to be a thousand times less says nothing but rounding.
    """
    compiled = jax.jit(jax.value_and_grad(loss))
    slopes, rng, errors = compiled(arrays)[1], np.random.default_rng(1), []
    for name, array in arrays.items():
        for _ in range(2):
            along = rng.normal(size=array.shape)
            ahead, behind, far_ahead, far_behind = (
                float(compiled({**arrays, name: array + places * STEP * along})[0])
                for places in (1, -1, 2, -2)
            )
            expected = (8 * (ahead - behind) - (far_ahead - far_behind)) / (12 * STEP)
            actual = float((np.asarray(slopes[name]) * along).sum())
            length = float(np.linalg.norm(slopes[name]))
            errors.append(abs(actual - expected) / max(abs(actual), abs(expected), length))
    return max(errors)


def test_a_slope_that_is_wrong_by_a_millionth_is_seen():
    @jax.custom_vjp
    def nearly(x):
        return jnp.tanh(x)

    nearly.defvjp(
        lambda x: (jnp.tanh(x), jnp.tanh(x)),
        lambda y, slope: (slope * (1 - y**2) * (1 + 1e-6),),
    )
    arrays = {"x": np.random.default_rng(0).normal(size=50)}
    assert worst_error(lambda given: nearly(given["x"]).sum(), arrays) > MOST
    assert worst_error(lambda given: jnp.tanh(given["x"]).sum(), arrays) < MOST


def convolutions(x):
    x = layers.Conv2D(4, (4, 3), strides=2, padding="same", activation="softplus")(x)
    return layers.Conv2D(3, 2, strides=(2, 1), use_bias=False)(x)


def strides_past_the_kernel(x):
    x = layers.Conv2D(3, 1, strides=2, activation="sigmoid")(x)
    return layers.Conv2D(2, (1, 2), strides=(2, 3), padding="same")(x)


def many_channels(x):
    x = layers.Conv2D(18, 3, padding="same", activation="relu")(x)
    return layers.Conv2D(20, (2, 3), strides=(1, 2), padding="same")(x)


def largest(x):
    x = layers.MaxPooling2D(2, strides=1)(x)
    x = layers.Conv2D(4, 2)(x)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    return layers.MaxPooling2D((2, 1), strides=(1, 2))(x)


def tiles(x):
    x = layers.MaxPooling2D(2, padding="same")(layers.Conv2D(4, (2, 1))(x))
    return layers.MaxPooling2D((2, 1))(x)


def transformed(x):
    x = layers.Conv2D(5, 3, padding="same", activation="softplus")(x)
    return layers.Conv2D(4, 3)(x)


def depthwise(x):
    x = layers.DepthwiseConv2D((2, 3), depth_multiplier=2, activation="softplus")(x)
    x = layers.DepthwiseConv2D(2, strides=2, padding="same", use_bias=False)(x)
    return layers.SeparableConv2D(4, 2, padding="same", activation="sigmoid")(x)


def means(x):
    x = layers.AveragePooling2D((1, 2), strides=1)(x)
    x = layers.Conv2D(4, 2)(x)
    x = layers.AveragePooling2D((3, 2), strides=2, padding="same")(x)
    return layers.AveragePooling2D(2, strides=1, padding="same")(x)


def normalised_maps(x):
    x = layers.Activation("sigmoid")(layers.BatchNormalization()(x))
    x = layers.Conv2D(3, 2, use_bias=False)(x)
    x = layers.BatchNormalization(scale=False, epsilon=1e-5)(x)
    return layers.BatchNormalization(center=False)(layers.Activation("relu")(x))


def normalised_features(x):
    x = layers.Dense(6, use_bias=False)(layers.Flatten()(x))
    return layers.Dense(3)(layers.Activation("sigmoid")(layers.BatchNormalization()(x)))


def frozen_norm(x):
    return layers.BatchNormalization(trainable=False)(layers.Conv2D(3, 2)(x))


def rectifiers(x):
    x = layers.LeakyReLU(0.2)(layers.Conv2D(3, 2)(x))
    return layers.ReLU(2.0, 0.1, 0.2)(layers.ELU(0.5)(x))


def edges_and_scales(x):
    x = layers.Rescaling(2.0, offset=-1.0)(layers.ZeroPadding2D(1)(x))
    x = layers.Conv2D(3, 2)(x)
    x = layers.ZeroPadding2D(((1, 2), (0, 3)))(layers.Rescaling(-0.5)(x))
    return layers.Conv2D(2, 2)(x)


def dropped(x):
    x = layers.Dropout(0.3)(layers.Conv2D(4, 2)(layers.Dropout(0.2)(x)))
    return layers.Dense(5, activation="softplus")(layers.Dropout(0.5)(layers.Flatten()(x)))


def whole_maps(x):
    x = layers.Conv2D(4, 2)(x)
    x = [layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x)]
    return layers.Dense(3)(layers.Concatenate()([layers.Dense(2)(part) for part in x]))


def ways_that_meet(x):
    through = layers.Conv2D(3, 3, padding="same", activation="softplus")(x)
    x = layers.Add()([through, layers.Conv2D(3, 1)(through), through])
    x = layers.Add()([x, layers.Rescaling(0.5)(x)])
    return layers.Conv2D(2, 2)(layers.Concatenate()([x, layers.ReLU()(x)]))


def every_activation(x):
    x = layers.Conv2D(2, 3, strides=2)(x)
    return layers.Concatenate()([layers.Activation(name)(x) for name in DOUBLE])


def kernels_that_are_made(x):
    x = WeightNormConv2D(4, 3, 2, name="norm")(x)
    return Whitening(8, 2, padding="valid", name="whiten")(x)


BODIES = (
    convolutions,
    kernels_that_are_made,
    strides_past_the_kernel,
    many_channels,
    largest,
    tiles,
    transformed,
    depthwise,
    means,
    normalised_maps,
    normalised_features,
    frozen_norm,
    rectifiers,
    edges_and_scales,
    dropped,
    whole_maps,
    ways_that_meet,
    every_activation,
)


def graph_of(body):
    with unallocated():
        picture = layers.Input(SHAPE)
        return layer_graph(keras.Model(picture, body(picture)))


@pytest.mark.parametrize("form", ["patches", "direct"])
@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
def test_slopes_are_differences(body, form, monkeypatch):
    monkeypatch.setattr(direct, "GROUP_PLACES", 1)  # two groups of pictures, not one
    if body is transformed:
        monkeypatch.setattr(winograd, "GROUP_PLACES", 1)
        monkeypatch.setattr(winograd, "LEAST_CHANNELS", 1)
        monkeypatch.setattr(winograd, "LEAST_PAIRS", 1)
    graph, rng = graph_of(body), np.random.default_rng(0)
    weights = {name: rng.normal(size=v.shape) for name, v in graph.weights.items()}
    still = {name: np.abs(weights[name]) for name in weights if "/moving_" in name}
    aim = rng.normal(size=(PICTURES, *graph.nodes[-1].output_shape))
    mode = Mode(training=True, key=jax.random.key(0))

    def loss(given):
        images, moved = given["images"], {k: v for k, v in given.items() if k != "images"}
        answer, _ = forward(graph, {**still, **moved}, images, form=form, mode=mode)
        assert answer.dtype == np.float64, "a layer ran as Keras has it, in single precision"
        return (jnp.tanh(answer) * aim).sum()

    moved = {name: value for name, value in weights.items() if name not in still}
    images = rng.normal(size=(PICTURES, *SHAPE))
    assert worst_error(loss, {"images": images, **moved}) <= MOST


def test_every_form_of_our_own_is_differentiated():
    kinds = {node.kind for body in BODIES for node in graph_of(body).nodes}
    assert set(LOWERINGS) <= kinds
