"""Every layer that can be exported, beside the network's own computation of it."""

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saccade.bundle.model import Model
from saccade.core.calibration import identity
from saccade.core.errors import BadUsage
from saccade.core.preprocess import Preprocess
from saccade.export.layers import LAYERS
from saccade.export.network import to_onnx
from saccade.models.activation import Mode
from saccade.models.auxiliary import WithAuxiliary
from saccade.models.backend import jax, keras
from saccade.models.forward import forward
from saccade.models.fractalnet import Columns, Join
from saccade.models.graph import layer_graph
from saccade.models.initialize import first_weights
from saccade.models.local_response import LocalResponseNormalization
from saccade.models.resnet_cifar import Widen

L = keras.layers
SHAPE = (9, 8, 3)
PIXELS = np.random.default_rng(0).integers(0, 256, (5, *SHAPE), dtype=np.uint8)


def shuffled(graph, seed=1):
    """Weights that no layer begins with: a bias of zero and a variance of one would hide much."""
    rng = np.random.default_rng(seed)
    return {
        name: (rng.uniform(0.5, 1.5, value.shape) if "variance" in name else value + drawn).astype(
            np.float32
        )
        for name, value in first_weights(graph, "layers", seed).items()
        for drawn in [rng.normal(0, 0.2, value.shape)]
    }


def both(model, pixels=PIXELS, preprocess=None):
    """Logits of the exported network and of ours."""
    graph = layer_graph(model)
    rule = preprocess or Preprocess(*graph.input_shape)
    weights = shuffled(graph)
    classes = max(2, graph.nodes[-1].output_shape[0])
    names = [str(i) for i in range(classes)]
    data = to_onnx(graph, weights, rule, identity(classes), names)
    _, theirs = Model(data, threads=1).answer(pixels)
    floats = pixels * np.float32(rule.scale) + np.float32(rule.offset)
    mode = Mode(training=False, key=jax.random.key(0))
    ours, _ = forward(graph, weights, floats, form="layers", mode=mode)
    return np.asarray(ours), theirs


def close(theirs, ours):
    np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=1e-5 * max(1, np.abs(ours).max()))


def ended(*layers, shape=SHAPE):
    return keras.Sequential([keras.Input(shape), *layers, L.Flatten(), L.Dense(4)])


def functional(build):
    x = keras.Input(SHAPE)
    return keras.Model(x, L.Dense(4)(L.Flatten()(build(x))))


def add(x):
    return L.Add()([L.Conv2D(5, 1)(x), L.Conv2D(5, 3, padding="same")(x), L.Conv2D(5, 1)(x)])


def squeezed(x):
    """Squeeze and excitation: a picture times a number a channel."""
    y = L.Conv2D(6, 3, padding="same")(x)
    s = L.GlobalAveragePooling2D()(y)
    s = L.Dense(6, activation="sigmoid")(L.Reshape((1, 1, 6))(s))
    return L.Multiply()([y, s])


def merged(layer):
    return lambda x: layer([L.Conv2D(5, 3, padding="same")(x), L.Dense(5)(x)])


SEQUENTIAL = {
    "Conv2D": [L.Conv2D(6, (3, 2), strides=(2, 1), padding="same", activation="relu")],
    "Conv2D-groups": [L.Conv2D(9, 3, groups=3, use_bias=False)],
    "Conv2D-dilated": [L.Conv2D(4, 3, dilation_rate=2, padding="same")],
    "DepthwiseConv2D": [L.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2)],
    "SeparableConv2D": [L.SeparableConv2D(5, 3, padding="same", depth_multiplier=2)],
    "Dense": [L.Dense(6, activation="tanh"), L.Dense(3, use_bias=False)],
    "MaxPooling2D": [L.Conv2D(3, 1), L.MaxPooling2D(3, 2, padding="same")],
    "MaxPooling2D-after-zeros": [L.Conv2D(3, 1), L.ZeroPadding2D(2), L.MaxPooling2D(3, 2)],
    "AveragePooling2D": [L.AveragePooling2D((2, 3), padding="same")],
    "GlobalAveragePooling2D": [L.Conv2D(5, 2), L.GlobalAveragePooling2D()],
    "GlobalMaxPooling2D": [L.Conv2D(5, 2), L.GlobalMaxPooling2D(keepdims=True)],
    "BatchNormalization": [L.Conv2D(5, 2, use_bias=False), L.BatchNormalization(scale=False)],
    "BatchNormalization-flat": [L.Flatten(), L.BatchNormalization(center=False)],
    "LayerNormalization": [L.Conv2D(5, 2), L.LayerNormalization(epsilon=1e-3)],
    "LayerNormalization-flat": [L.Conv2D(5, 2), L.Flatten(), L.LayerNormalization(scale=False)],
    "Normalization": [L.Normalization(mean=[0.1, 0.2, 0.3], variance=[0.2, 0.1, 0.4])],
    "Rescaling": [L.Rescaling([2.0, 0.5, 1.5], [0.1, 0.0, -0.2])],
    "Activation": [L.Conv2D(5, 2), L.Activation("hard_silu")],
    "ReLU": [L.Conv2D(5, 2), L.ReLU(max_value=0.3, negative_slope=0.1)],
    "ReLU-6": [L.Rescaling(9.0), L.ReLU(6.0)],
    "LeakyReLU": [L.Conv2D(5, 2), L.LeakyReLU(0.3)],
    "ELU": [L.Conv2D(5, 2), L.ELU(0.7)],
    "PReLU": [L.Conv2D(5, 2), L.PReLU(shared_axes=[1, 2])],
    "Softmax": [L.Conv2D(5, 2), L.Softmax()],
    "Flatten": [L.Conv2D(5, 2), L.Flatten(), L.Dropout(0.5), L.Activation("relu")],
    "Flatten-one": [L.Conv2D(5, (9, 8)), L.Flatten()],
    "Reshape": [L.Conv2D(6, 2), L.Reshape((7, 8, 6)), L.Conv2D(2, 2)],
    "Reshape-flat": [L.Conv2D(5, 2), L.Flatten(), L.Reshape((5, 7, 8))],
    "Permute": [L.Conv2D(5, 2), L.Permute((3, 1, 2)), L.Conv2D(2, 2)],
    "ZeroPadding2D": [L.ZeroPadding2D(((1, 2), (3, 0))), L.Conv2D(2, 3, strides=2)],
    "Cropping2D": [L.Conv2D(5, 2), L.Cropping2D(((1, 2), (3, 0)))],
    "UpSampling2D": [L.Conv2D(2, 2), L.UpSampling2D((2, 3))],
    "Dropout": [L.Conv2D(5, 2), L.SpatialDropout2D(0.5), L.GaussianNoise(0.1), L.Dropout(0.5)],
    "Identity": [L.Identity(), L.ActivityRegularization(0.1), L.GaussianDropout(0.1)],
    "AlphaDropout": [L.Dense(5, activation="selu"), L.AlphaDropout(0.1)],
}
FUNCTIONAL = {
    "Add": add,
    "Multiply": squeezed,
    "Subtract": merged(L.Subtract()),
    "Maximum": merged(L.Maximum()),
    "Minimum": merged(L.Minimum()),
    "Average": merged(L.Average()),
    "Concatenate": merged(L.Concatenate()),
    "Concatenate-flat": lambda x: L.Concatenate()([L.Flatten()(L.Conv2D(5, 2)(x)), L.Flatten()(x)]),
}


@pytest.mark.parametrize("name", SEQUENTIAL)
def test_a_layer_gives_what_it_gives_in_the_network(name):
    ours, theirs = both(ended(*SEQUENTIAL[name]))
    assert np.ptp(ours) > 1e-3
    close(theirs, ours)


@pytest.mark.parametrize("name", FUNCTIONAL)
def test_layers_that_bring_values_together(name):
    ours, theirs = both(functional(FUNCTIONAL[name]))
    close(theirs, ours)


def joined(x):
    which = Columns(3, 0.5)(x)
    return Join((0, 2), 0.5)([L.Conv2D(5, 3, padding="same")(x), L.Dense(5)(x), which])


def widened(x):
    """Of odd and even sides: 9 become 5, 8 become 4."""
    y = L.Conv2D(3, 3, padding="same")(x)
    return L.Add()([Widen(7)(y), L.Conv2D(7, 3, strides=2, padding="same")(x)])


@pytest.mark.parametrize("build", [joined, widened])
def test_layers_of_ours_give_what_they_give_in_the_network(build):
    ours, theirs = both(functional(build))
    assert np.ptp(ours) > 1e-3
    close(theirs, ours)


def test_every_layer_is_tried_here_or_with_the_networks_it_is_of():
    tried = {name.split("-")[0] for name in (*SEQUENTIAL, *FUNCTIONAL)}
    inside = {"SpatialDropout2D", "GaussianNoise", "ActivityRegularization", "GaussianDropout"}
    assert {name for name in LAYERS if "." not in name} == tried | inside


@pytest.mark.parametrize(
    "name",
    "linear relu relu6 leaky_relu elu selu sigmoid hard_sigmoid tanh softplus softsign exponential "
    "silu hard_silu gelu softmax".split(),
)
def test_every_activation(name):
    ours, theirs = both(ended(L.Conv2D(6, 3, activation=name), L.Rescaling(3.0)))
    close(theirs, ours)


def windowed(kind, size, window, strides, padding):
    first = [] if "Conv" in kind else [L.Conv2D(2, 1)]
    units = (3,) if kind == "Conv2D" else ()
    layer = getattr(L, kind)(*units, window, strides=strides, padding=padding)
    pixels = np.random.default_rng(2).integers(0, 256, (2, *size, 1), dtype=np.uint8)
    ours, theirs = both(ended(*first, layer, shape=(*size, 1)), pixels)
    close(theirs, ours)


@pytest.mark.parametrize(
    "kind, size, window, strides, padding",
    [
        ("Conv2D", (7, 6), (4, 1), (3, 2), "same"),
        ("DepthwiseConv2D", (6, 7), (2, 4), (2, 2), "same"),
        ("MaxPooling2D", (5, 8), (4, 2), (1, 3), "same"),
        ("AveragePooling2D", (8, 5), (3, 4), (2, 1), "same"),
        ("AveragePooling2D", (8, 5), (3, 4), (3, 2), "valid"),
    ],
)
def test_windows_that_do_not_fit(kind, size, window, strides, padding):
    windowed(kind, size, window, strides, padding)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    size=st.tuples(st.integers(3, 9), st.integers(3, 9)),
    window=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    strides=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.sampled_from(["same", "valid"]),
    kind=st.sampled_from(["Conv2D", "DepthwiseConv2D", "MaxPooling2D", "AveragePooling2D"]),
)
def test_windows_of_any_size_stride_and_padding(size, window, strides, padding, kind):
    if padding == "valid":
        window = tuple(map(min, window, size))
    if kind == "DepthwiseConv2D":
        strides = (strides[0], strides[0])  # Keras takes no other
    windowed(kind, size, window, strides, padding)


def test_one_unit_gives_two_columns():
    model = keras.Sequential([keras.Input(SHAPE), L.Flatten(), L.Dense(1)])
    ours, theirs = both(model)
    assert theirs.shape == (5, 2) and (theirs[:, 0] == 0).all()
    close(theirs, ours)


@pytest.mark.parametrize("scale, offset", [(1 / 127.5, -1.0), ((0.1, 0.2, 0.3), (1.0, 0.0, -1.0))])
@pytest.mark.parametrize("first", [L.Flatten(), L.Conv2D(3, 2)])
def test_pixels_are_scaled_inside(scale, offset, first):
    rule = Preprocess(*SHAPE, scale=scale, offset=offset)
    ours, theirs = both(
        keras.Sequential([keras.Input(SHAPE), first, L.Flatten(), L.Dense(3)]), PIXELS, rule
    )
    close(theirs, ours)


class Own(keras.layers.Layer):
    def call(self, x):
        return x


@pytest.mark.parametrize(
    "layers, says",
    [
        ([Own()], "test_layers.Own"),
        ([L.GroupNormalization(3)], "`GroupNormalization`"),
        ([L.Conv2D(3, 2, activation=lambda x: x * 2)], "activation `<lambda>`"),
        ([L.ReLU(threshold=0.5)], "with a threshold"),
        ([L.LayerNormalization(axis=1)], "over the last axis only"),
        ([L.BatchNormalization(axis=1)], "over axis 1"),
    ],
)
def test_what_is_not_known_is_refused_by_name(layers, says):
    with pytest.raises(BadUsage, match=says):
        both(ended(*layers))


def test_local_response_normalisation_of_large_values():
    """Large enough for what is divided by to differ from map to map."""
    own = LocalResponseNormalization()
    ours, theirs = both(ended(L.Conv2D(7, 2), L.Rescaling(300.0), own, L.Rescaling(0.01)))
    assert np.ptp(ours) > 1e-3
    close(theirs, ours)


def test_heads_that_are_heard_in_training_only_are_not_written():
    picture = keras.Input(SHAPE)
    x = L.Conv2D(4, 3)(picture)
    y = L.Flatten()(L.Conv2D(5, 2)(x))
    aside = L.Dense(4, name="aside")(L.Flatten()(x))
    model = keras.Model(picture, WithAuxiliary(0.3, "answer")([L.Dense(4)(y), aside]))
    ours, theirs = both(model)
    close(theirs, ours)
    graph = layer_graph(model)
    rule, names = Preprocess(*SHAPE), [str(i) for i in range(4)]
    weights = {n: np.full(v.shape, 7.25, np.float32) for n, v in graph.weights.items()}
    written = onnx.load_from_string(to_onnx(graph, weights, rule, identity(4), names))
    held = {tuple(each.dims) for each in written.graph.initializer}
    assert (7 * 6 * 4, 4) not in held and (6 * 5 * 5, 4) in held
