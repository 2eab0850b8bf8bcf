"""All forms against Keras' own layers, and their slopes against finite differences."""

import numpy as np
import pytest

from saccade.models.activation import Mode
from saccade.models.backend import jax, keras
from saccade.models.forward import forward
from saccade.models.graph import layer_graph
from saccade.models.initialize import first_weights
from saccade.models.lowerings import LOWERINGS, TOGETHER, can_turn
from saccade.models.network import build
from saccade.models.patches import convolve_patches
from saccade.models.weight_norm import WeightNormConv2D
from saccade.models.whitened import Whitening

layers = keras.layers
FORMS = ["patches", "direct", "layers"]


def build_and_draw(*body, shape=(9, 7, 3)):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([layers.Input(shape), *body])
    graph = layer_graph(model)
    rng = np.random.default_rng(0)
    weights = {
        name: np.abs(rng.normal(size=v.shape)).astype(np.float32) * 0.3
        for name, v in graph.weights.items()
    }
    for name, variable in graph.weights.items():
        variable.assign(weights[name])
    images = rng.uniform(size=(4, *shape)).astype(np.float32)
    return model, graph, weights, images


CASES = {
    "same stride 1": [layers.Conv2D(5, 3, padding="same", activation="relu")],
    "same stride 2": [layers.Conv2D(4, (4, 3), strides=2, padding="same")],
    "valid stride (2, 1)": [layers.Conv2D(4, 3, strides=(2, 1), padding="valid", use_bias=False)],
    "1x1": [layers.Conv2D(4, 1)],
    "two in a row": [layers.Conv2D(4, 3, activation="tanh"), layers.Conv2D(2, 2, strides=2)],
    "softmax inside": [layers.Conv2D(4, 3, activation="softmax")],
    "dilated": [layers.Conv2D(4, 3, dilation_rate=2)],
    "grouped": [layers.Conv2D(6, 3, groups=3)],
    "batch norm": [layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Activation("relu")],
    "batch norm bare": [layers.BatchNormalization(scale=False, center=False, epsilon=0.1)],
    "softmax layer": [layers.Conv2D(3, 2), layers.Activation("softmax")],
    "max pooling": [layers.Conv2D(3, 2), layers.MaxPooling2D(), layers.Conv2D(2, 2)],
    "flatten, dense": [layers.Conv2D(3, 2), layers.Flatten(), layers.Dense(5)],
    "dense norm": [layers.Flatten(), layers.Dense(5), layers.BatchNormalization()],
    "dropout": [layers.Conv2D(3, 2), layers.Dropout(0.5)],
    "classes at every place": [layers.Conv2D(3, 2, activation="softmax")],
    "max pooling of the picture": [layers.MaxPooling2D(3, strides=2, padding="same")],
    "max pooling (3, 2) by (1, 2)": [layers.Conv2D(3, 2), layers.MaxPooling2D((3, 2), (1, 2))],
    "max pooling below 0": [layers.Rescaling(-1.0), layers.MaxPooling2D(3, 2, padding="same")],
    "max pooling with gaps": [layers.Conv2D(3, 2), layers.MaxPooling2D(2, strides=3)],
    "mean pooling": [layers.Conv2D(3, 2), layers.AveragePooling2D(2)],
    "mean pooling, same": [
        layers.Conv2D(3, 2),
        layers.AveragePooling2D((3, 2), strides=2, padding="same"),
        layers.Conv2D(2, 2),
    ],
    "mean pooling (2, 3) by 1": [layers.AveragePooling2D((2, 3), strides=1)],
    "relu, capped": [layers.Conv2D(3, 2), layers.ReLU(1.0, 0.1, 0.2), layers.Conv2D(2, 2)],
    "leaky relu, elu": [layers.Conv2D(3, 2), layers.LeakyReLU(0.2), layers.ELU(0.5)],
    "prelu": [layers.Conv2D(3, 2), layers.PReLU(), layers.Conv2D(2, 2)],
    "zeros around": [
        layers.Conv2D(3, 2),
        layers.ZeroPadding2D(((1, 2), (0, 3))),
        layers.Conv2D(2, 2),
    ],
    "zeros around the picture": [layers.ZeroPadding2D(1), layers.Conv2D(2, 3)],
    "rescaling": [layers.Rescaling(2.0, offset=-1.0), layers.Conv2D(3, 2), layers.Rescaling(3)],
    "rescaling a channel": [layers.Conv2D(3, 2), layers.Rescaling([1.0, 2, 3], offset=[0.0, 1, 2])],
    "largest of each map": [layers.Conv2D(3, 2), layers.GlobalMaxPooling2D(), layers.Dense(2)],
    "mean kept in place": [layers.Conv2D(3, 2), layers.GlobalAveragePooling2D(keepdims=True)],
    "reshape": [layers.Conv2D(3, 2), layers.Reshape((12, 4, 3)), layers.Conv2D(2, 2)],
    "depthwise": [
        layers.Conv2D(3, 2),
        layers.DepthwiseConv2D(3, activation="relu"),
        layers.Conv2D(2, 1),
    ],
    "depthwise, three maps a channel": [
        layers.DepthwiseConv2D((2, 3), strides=2, padding="same", depth_multiplier=3)
    ],
    "depthwise, dilated": [layers.DepthwiseConv2D(2, dilation_rate=2, use_bias=False)],
    "separable": [
        layers.SeparableConv2D(4, 3, strides=2, padding="same", depth_multiplier=2),
        layers.SeparableConv2D(2, 2, use_bias=False, activation="relu"),
    ],
    "an activation as a layer": [layers.Conv2D(3, 2, activation=layers.LeakyReLU(0.3))],
    "dense on maps": [layers.Conv2D(3, 2), layers.Dense(5), layers.Conv2D(2, 1)],
}


# Keras can't copy these.
OWN = {
    "saccade.models.whitened.Whitening": lambda: Whitening(8, 2, padding="valid", name="whiten"),
    "saccade.models.weight_norm.WeightNormConv2D": lambda: WeightNormConv2D(5, 3, 2, name="norm"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", OWN)
def test_a_layer_of_our_own_is_what_it_computes_itself(kind, form):
    model, graph, weights, images = build_and_draw(OWN[kind](), layers.Conv2D(3, 2))
    assert graph.nodes[0].kind == kind
    actual, _ = forward(graph, weights, images, form=form, mode=Mode())
    np.testing.assert_allclose(actual, model(images), rtol=2e-5, atol=2e-5)


def test_every_form_of_our_own_is_compared():
    kinds = {type(layer).__name__ for body in CASES.values() for layer in body} | {*OWN}
    assert {*LOWERINGS, *TOGETHER} - kinds == {"Add", "Concatenate"}  # ways that meet, below


class Conv2D(layers.Conv2D):
    """A user's layer that is called like one of Keras'."""

    def call(self, x):
        return super().call(x) + 1


@pytest.mark.parametrize("form", FORMS)
def test_a_layer_that_only_has_the_name_of_keras_own_runs_as_itself(form):
    model, graph, weights, images = build_and_draw(Conv2D(3, 2), layers.MaxPooling2D())
    actual, _ = forward(graph, weights, images, form=form, mode=Mode())
    np.testing.assert_allclose(actual, model(images), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("form", FORMS)
def test_an_activation_that_only_has_the_name_of_keras_own_runs_as_itself(form):
    def tanh(x):
        return keras.activations.softmax(x)

    model, graph, weights, images = build_and_draw(layers.Conv2D(3, 2, activation=tanh))
    actual, _ = forward(graph, weights, images, form=form, mode=Mode())
    np.testing.assert_allclose(actual, model(images), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("form", FORMS)
def test_one_unit_becomes_two_logits_with_its_sigmoid(form):
    model, graph, weights, images = build_and_draw(layers.Flatten(), layers.Dense(1))
    assert graph.binary
    logits, _ = forward(graph, weights, images, form=form, mode=Mode())
    unit = np.asarray(model(images))[:, 0]
    assert logits.shape == (4, 2)
    np.testing.assert_allclose(jax.nn.softmax(logits)[:, 1], 1 / (1 + np.exp(-unit)), rtol=1e-5)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", CASES)
def test_inference_is_what_keras_computes(case, form):
    model, graph, weights, images = build_and_draw(
        *[keras.layers.deserialize(keras.layers.serialize(layer)) for layer in CASES[case]]
    )
    expected = np.asarray(model(images, training=False))
    actual, updates = forward(graph, weights, images, form=form, mode=Mode())
    np.testing.assert_allclose(actual, expected, rtol=2e-5, atol=2e-5)
    assert updates == {}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("pooled", [True, False])
def test_ways_that_part_and_meet_are_what_keras_computes(form, pooled):
    picture = layers.Input((9, 7, 3))
    through = layers.Conv2D(3, 3, padding="same", activation="relu")(picture)
    x = layers.Add()([through, layers.Conv2D(3, 1)(through), through])
    x = layers.Add()([x, picture])  # one way batch-last, one batch-first
    x = layers.Conv2D(2, 2)(x)
    x = layers.Concatenate()([x, layers.ReLU()(x)])
    x = layers.Concatenate(axis=1)([x, x])
    x = layers.GlobalAveragePooling2D()(x) if pooled else layers.Flatten()(x)
    model = keras.Model(picture, layers.Dense(4)(x))
    graph, rng = layer_graph(model), np.random.default_rng(0)
    weights = {
        name: rng.normal(size=v.shape).astype(np.float32) for name, v in graph.weights.items()
    }
    for name, variable in graph.weights.items():
        variable.assign(weights[name])
    images = rng.uniform(size=(4, 9, 7, 3)).astype(np.float32)
    actual, _ = forward(graph, weights, images, form=form, mode=Mode())
    np.testing.assert_allclose(actual, model(images), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("form", FORMS)
def test_batch_norm_trains_as_keras_does(form):
    body = [layers.Conv2D(4, 3), layers.BatchNormalization(momentum=0.9), layers.Flatten()]
    model, graph, weights, images = build_and_draw(*body)
    actual, updates = forward(
        graph, weights, images, form=form, mode=Mode(training=True, key=jax.random.key(0))
    )
    expected = np.asarray(model(images, training=True))
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)
    for name, variable in graph.weights.items():
        if "moving" in name:
            np.testing.assert_allclose(updates[name], variable.value, rtol=1e-4, atol=1e-5)


def test_the_decks_batch_norm_warms_up():
    _, graph, weights, images = build_and_draw(layers.BatchNormalization(momentum=0.999))
    name = next(name for name in weights if name.endswith("moving_mean"))
    for step, momentum in ((0, 0.1), (90, 0.91), (100_000, 0.999)):
        mode = Mode(training=True, key=jax.random.key(0), step=step, batch_norm_warmup=True)
        _, updates = forward(graph, weights, images, form="patches", mode=mode)
        expected = weights[name] * momentum + images.mean((0, 1, 2)) * (1 - momentum)
        np.testing.assert_allclose(updates[name], expected, rtol=1e-4)


@pytest.mark.parametrize("form", FORMS)
def test_dropout_drops_its_share_keeps_the_mean_and_follows_the_key(form):
    _, graph, weights, _ = build_and_draw(layers.Dropout(0.25))
    images = np.ones((50, 9, 7, 3), np.float32)
    first, same, other = (
        np.asarray(
            forward(
                graph, weights, images, form=form, mode=Mode(training=True, key=jax.random.key(k))
            )[0]
        )
        for k in (0, 0, 1)
    )
    assert (first == same).all()
    assert (first != other).any()
    assert (first == 0).mean() == pytest.approx(0.25, abs=0.02)
    assert first.mean() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("form", FORMS)
def test_two_layers_of_dropout_draw_apart(form):
    """With one key for both, what the first keeps the second keeps, too: half, not a quarter."""
    twice = [layers.Flatten(), layers.Dropout(0.5), layers.Dropout(0.5)]
    _, graph, weights, _ = build_and_draw(*twice)
    ones = np.ones((50, 9, 7, 3), np.float32)
    mode = Mode(training=True, key=jax.random.key(0))
    got, _ = forward(graph, weights, ones, form=form, mode=mode)
    assert 0.2 < (np.asarray(got) != 0).mean() < 0.3


@pytest.mark.parametrize("parts", [2, 3])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", [*CASES, "dropout", "dropout on maps"])
def test_parts_of_a_batch_change_nothing(case, form, parts):
    more = {
        "dropout": [layers.Flatten(), layers.Dropout(0.5)],
        "dropout on maps": [layers.Conv2D(3, 2), layers.Dropout(0.5)],
    }
    _, graph, weights, images = build_and_draw(*{**CASES, **more}[case])
    mode = Mode(training=True, key=jax.random.key(5))
    whole, parted = (
        forward(graph, weights, images, form=form, mode=mode, parts=count) for count in (1, parts)
    )
    np.testing.assert_allclose(parted[0], whole[0], rtol=2e-5, atol=2e-5)
    assert parted[1].keys() == whole[1].keys()
    for name, value in whole[1].items():
        np.testing.assert_allclose(parted[1][name], value, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_a_kernel_may_come_turned(form):
    body = [
        layers.Flatten(),
        layers.Dense(5, activation="relu"),
        layers.Dense(5),  # square
        layers.Dense(4, activation="softmax"),  # as Keras has it
        layers.Dense(3),
    ]
    _, graph, weights, images = build_and_draw(*body)
    turned = can_turn(graph)
    assert turned == {"01-dense/kernel", "04-dense/kernel"}
    moved = {name: a.T if name in turned else a for name, a in weights.items()}
    plain = forward(graph, weights, images, form=form, mode=Mode())[0]
    other = forward(graph, moved, images, form=form, mode=Mode(), turned=turned)[0]
    np.testing.assert_allclose(other, plain, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [2, (3, 2)])
def test_of_equals_the_first_takes_a_poolings_slope(form, size):
    """As Keras has it; a black background is nothing but equals."""
    _, graph, weights, images = build_and_draw(layers.MaxPooling2D(size))
    images[:, 3:] = 0.5

    def loss(images):
        pooled, _ = forward(graph, weights, images, form=form, mode=Mode(training=True))
        return (pooled * jax.numpy.arange(1.0, pooled.size + 1).reshape(pooled.shape)).sum()

    reference = keras.layers.MaxPooling2D(size)
    expected = jax.grad(
        lambda x: (
            reference(x) * jax.numpy.arange(1.0, reference(x).size + 1).reshape(reference(x).shape)
        ).sum()
    )(images)
    np.testing.assert_allclose(jax.grad(loss)(images), expected)


def test_the_course_example_of_a_convolution():
    picture = [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
    kernel = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
    x = np.array(picture, np.float32).reshape(1, 5, 5, 1)  # (channels, height, width, batch)
    k = np.array(kernel, np.float32).reshape(3, 3, 1, 1)
    same = [[2, 2, 3, 1, 1], [1, 4, 3, 4, 1], [1, 2, 4, 3, 3], [1, 2, 3, 4, 1], [0, 2, 2, 1, 1]]
    for strides, padding, expected in (
        ((1, 1), "valid", [[4, 3, 4], [2, 4, 3], [2, 3, 4]]),
        ((2, 2), "valid", [[4, 4], [2, 4]]),
        ((1, 1), "same", same),
    ):
        result = convolve_patches(x, k, strides, padding)
        assert np.asarray(result)[0, :, :, 0].tolist() == expected


@pytest.fixture
def double_precision():
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


@pytest.mark.parametrize(
    "name, form",
    [
        *((name, "patches") for name in ("conv", "conv-bn", "residual", "mlp-bn")),
        *((name, "direct") for name in ("conv-bn", "residual")),
    ],
)
def test_compiled_slopes_are_true(name, form, double_precision):
    """Whole networks, against finite differences in every weight array: a wrong slope still learns.

    In double precision, where a step is too small to cross the corners of ReLU. The layers one by
    one, and closer: test_slopes.
    """
    graph = build(name, (8, 8, 2), 3).graph
    rng = np.random.default_rng(0)
    images = rng.uniform(size=(6, 8, 8, 2))
    weights = {k: v.astype(float) for k, v in first_weights(graph, "layers", 0).items()}
    for key in weights:
        if key.endswith("gamma"):  # a block that starts as its way around has no slopes inside
            weights[key] = weights[key] + 0.5
    aim = rng.normal(size=(6, 3))
    mode = Mode(training=True, key=jax.random.key(0))

    @jax.jit
    def loss(weights):
        logits, _ = forward(graph, weights, images, form=form, mode=mode)
        return (jax.numpy.tanh(logits) * aim).sum()

    slopes = jax.jit(jax.grad(loss))(weights)
    for key, variable in graph.weights.items():
        if not variable.trainable:
            continue
        direction = rng.normal(size=weights[key].shape)
        direction /= np.linalg.norm(direction)
        ahead, behind = (
            float(loss({**weights, key: weights[key] + step * direction})) for step in (1e-6, -1e-6)
        )
        actual = float((np.asarray(slopes[key]) * direction).sum())
        assert actual == pytest.approx((ahead - behind) / 2e-6, rel=1e-4, abs=1e-6), key
