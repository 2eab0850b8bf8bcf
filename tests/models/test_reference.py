"""Every model's first answers against a forward pass of its own in NumPy, in double precision.

The reference knows nothing of saccade: it reads a Keras model's layers and walks over the places of
a picture as the definitions say.
"""

import itertools
import math
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from saccade.core.preprocess import Preprocess
from saccade.core.records import Split
from saccade.models import MODELS
from saccade.models.activation import Mode
from saccade.models.backend import jax
from saccade.models.forward import forward
from saccade.models.graph import layer_graph
from saccade.models.initialize import unallocated
from saccade.models.network import keras_model
from saccade.models.papers import PAPERS
from saccade.train.engine import Engine
from saccade.train.forms import Forms, choose_forms
from saccade.train.loss import cross_entropy
from saccade.train.recipes import recipe

from .conftest import by_family

PICTURES = 12
# Table I of LeCun et al. 1998: the maps of S2 that each map of C3 reads.
TABLE_I = (
    "XXX... .XXX.. ..XXX. ...XXX X...XX XX...X XXXX.. .XXXX. ..XXXX X..XXX XX..XX XXX..X "
    "XX.XX. .XX.XX X.XX.X XXXXXX"
).split()


def windows(x, size, strides, padding, outside):
    """[n, h', w', kh, kw, c]: what lies under a window at each of its places."""
    extents = []
    for length, window, stride in zip(x.shape[1:3], size, strides, strict=True):
        count = (length - window) // stride + 1 if padding == "valid" else -(-length // stride)
        beyond = 0 if padding == "valid" else max((count - 1) * stride + window - length, 0)
        extents.append((count, beyond // 2, beyond - beyond // 2))
    (rows, top, bottom), (columns, left, right) = extents
    x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=outside)
    found = np.empty((len(x), rows, columns, *size, x.shape[3]))
    for i, j in itertools.product(range(rows), range(columns)):
        down, across = i * strides[0], j * strides[1]
        found[:, i, j] = x[:, down : down + size[0], across : across + size[1]]
    return found


def convolved(x, kernel, strides=(1, 1), padding="valid"):
    return np.tensordot(windows(x, kernel.shape[:2], strides, padding, 0.0), kernel, axes=3)


def split(array, groups):
    """Along the last axis: the maps that a group of a convolution reads; those that it makes."""
    return np.split(array, groups, -1)


def local_response(x):
    """Krizhevsky et al. 2012, section 3.3: a / (2 + 1e-4 * sum of squares of five maps)^0.75."""
    sums = np.empty_like(x)
    for i in range(x.shape[3]):
        sums[..., i] = (x[..., max(0, i - 2) : i + 3] ** 2).sum(-1)
    return x / (2 + 1e-4 * sums) ** 0.75


def squash(x):
    return 1.7159 * np.tanh(2 * x / 3)


ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "gelu": lambda x: x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2,
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)),
    "squash": squash,
}


def reference(model: Any, weights: dict[int, np.ndarray], images: np.ndarray, training: bool):
    """float64 logits [n, classes] of a Keras model; `weights` by the id of its variables."""
    values = {id(model.inputs[0]): images.astype(float)}
    for layer in model.layers:
        if type(layer).__name__ == "InputLayer":
            continue
        inputs = layer.input if isinstance(layer.input, list) else [layer.input]
        given = {v.name: weights[id(v)].astype(float) for v in layer.variables if id(v) in weights}
        values[id(layer.output)] = one_layer(
            layer, given, [values[id(tensor)] for tensor in inputs], training
        )
    return values[id(model.outputs[0])]


def one_layer(layer, given, inputs, training):
    x, act = inputs[0], getattr(layer, "activation", None)
    activation = ACTIVATIONS[act.__name__] if act else None
    match type(layer).__name__:
        case "Dense":
            return activation(x @ given["kernel"] + given.get("bias", 0))
        case "Conv2D" | "Whitening":
            pairs = zip(split(x, layer.groups), split(given["kernel"], layer.groups), strict=True)
            y = [convolved(part, kernel, layer.strides, layer.padding) for part, kernel in pairs]
            return activation(np.concatenate(y, 3) + given.get("bias", 0))
        case "MaxPooling2D":
            return windows(x, layer.pool_size, layer.strides, layer.padding, -np.inf).max((3, 4))
        case "AveragePooling2D":
            seen = windows(x, layer.pool_size, layer.strides, layer.padding, np.nan)
            return np.nanmean(seen, (3, 4))
        case "BatchNormalization":
            others = tuple(range(x.ndim - 1))
            mean = x.mean(others) if training else given["moving_mean"]
            variance = x.var(others) if training else given["moving_variance"]
            scaled = (x - mean) / np.sqrt(variance + layer.epsilon)
            return scaled * given.get("gamma", 1) + given.get("beta", 0)
        case "LayerNormalization":
            centred = x - x.mean(-1, keepdims=True)
            spread = np.sqrt((centred**2).mean(-1, keepdims=True) + layer.epsilon)
            return centred / spread * given["gamma"] + given["beta"]
        case "WeightNormDense":
            return x @ of_unit_length(given["direction"]) * given["gamma"] + given["bias"]
        case "WeightNormConv2D":
            kernel = of_unit_length(given["direction"])
            y = convolved(x, kernel, layer.strides, layer.padding)
            return y * given["gamma"] + given["bias"]
        case "Activation":
            return activation(x)
        case "Flatten":
            return x.reshape(len(x), -1)
        case "Dropout" | "AlphaDropout":
            return x
        case "Add":
            return sum(inputs)
        case "Rescaling":
            return x * layer.scale + layer.offset
        case "GlobalMaxPooling2D":
            return x.max((1, 2))
        case "GlobalAveragePooling2D":
            return x.mean((1, 2))
        case "ZeroPadding2D":
            return np.pad(x, ((0, 0), *layer.padding, (0, 0)))
        case "WithAuxiliary":
            return x
        case "LocalResponseNormalization":
            return local_response(x)
        case "Concatenate":
            return np.concatenate(inputs, axis=-1)
        case "Widen":
            y = np.zeros((*x[:, ::2, ::2].shape[:3], layer.channels))
            y[..., : x.shape[-1]] = x[:, ::2, ::2]
            return y
        case "Columns":
            return None
        case "Join":
            return sum(inputs[:-1]) / (len(inputs) - 1)
        case "Subsample":
            four = windows(x, (2, 2), (2, 2), "valid", 0).sum((3, 4))
            return four * given["weight"] + given["bias"]
        case "TableConvolution":
            return table_convolution(x, given["kernel"], given["bias"])
        case "Distances":
            return -((x[:, :, None] - layer._codes) ** 2).sum(1)
    raise NotImplementedError(layer)


def of_unit_length(direction):
    return direction / np.sqrt((direction**2).sum(tuple(range(direction.ndim - 1))))


def table_convolution(x, kernel, bias):
    """25 weights a pair of maps, a place of the kernel after the other.

    Of the first two blocks of six, each map counts the maps it reads from that of its own number.
    """
    pairs = []
    for made, row in enumerate(TABLE_I):
        first = made % 6 if made < 12 else 0
        reads = sorted((read - first) % 6 for read, mark in enumerate(row) if mark == "X")
        pairs += [((read + first) % 6, made) for read in reads]
    places = kernel.reshape(25, len(pairs))
    full = np.zeros((5, 5, x.shape[3], len(TABLE_I)))
    for number, (read, made) in enumerate(pairs):
        full[:, :, read, made] = places[:, number].reshape(5, 5)
    return convolved(x, full) + bias


def losses_of(logits, labels):
    """-log softmax(logits)[label]; the one unit of a binary net is the second class' logit."""
    if logits.shape[1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], 1)
    total = np.log(np.exp(logits - logits.max(1, keepdims=True)).sum(1)) + logits.max(1)
    return total - logits[np.arange(len(labels)), labels]


@lru_cache
def made(name, classes, normalisation=None):
    """(Keras model, engine on it, losses of a training pass), dropout off."""
    shape = smallest(name)
    with unallocated():
        model = keras_model(name, shape, classes, normalisation)
    graph = layer_graph(model)
    for node in graph.nodes:
        if hasattr(node.layer, "rate"):
            node.layer.rate = 0.0
    rule = recipe(name, steps=1, batch_size=PICTURES, augment=())
    # Deep ones in the form that compiles fastest; that all forms agree is test_forward's to show.
    forms = Forms("layers", "layers") if name in PAPERS else choose_forms(graph)
    engine = Engine(graph, rule, Preprocess(*shape, scale=0.01, offset=-0.3), forms)

    @jax.jit
    def training_losses(weights, pixels, labels):
        mode = Mode(training=True, key=jax.random.key(0))
        images = engine.scaled(pixels)
        logits, _ = forward(graph, weights, images, form=engine.forms.training, mode=mode)
        return cross_entropy(logits, labels)

    return model, engine, training_losses


def drawn(shape, classes):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (PICTURES, *shape), dtype=np.uint8)
    return Split(pixels, rng.integers(0, classes, PICTURES).astype(np.int32), range(PICTURES))


def smallest(name):
    return MODELS[name].least, MODELS[name].least + 1, 3


def first_weights_of(engine):
    return {name: np.asarray(value) for name, value in engine.first_state().weights.items()}


def stirred(weights):
    """No value of an array like the next, none zero; all near where they were."""
    rng = np.random.default_rng(1)
    moved = {}
    for name, value in weights.items():
        # A twentieth of an ordinary value more: what many layers add up stays in reach of float32.
        size = np.abs(value).mean() or 1.0
        more = np.abs(rng.normal(0, 0.05 * min(size, 1.0), value.shape))
        moved[name] = np.float32(value * rng.uniform(0.8, 1.2, value.shape) + more)
    return moved


CASES = [*((name, 3) for name in MODELS), ("cats-dogs", 2)]
# The others of what their defaults are tried with above.
CHOICES = [(name, choice) for name in ("mlp-bn", "conv-bn") for choice in MODELS[name].choices[1:]]


# Without shortcuts depth makes much of little: the reference's own losses in float64 change by
# 2.6e-4 of themselves where its first weights change by half a unit of float32's last place.
STEEP = {"plain-cifar-56": 3e-3}


@pytest.mark.parametrize("stir", [lambda weights: weights, stirred], ids=["first", "stirred"])
@pytest.mark.parametrize("name, classes", [by_family(*case) for case in CASES])
def test_losses_are_those_of_the_definitions(name, classes, stir):
    compare(name, classes, stir)


@pytest.mark.parametrize("stir", [lambda weights: weights, stirred], ids=["first", "stirred"])
@pytest.mark.parametrize("name, normalisation", CHOICES)
def test_so_are_they_with_every_normalisation(name, normalisation, stir):
    compare(name, 3, stir, normalisation)


def compare(name, classes, stir, normalisation=None):
    model, engine, training_losses = made(name, classes, normalisation)
    split = drawn(smallest(name), classes)
    weights = stir(first_weights_of(engine))
    by_id = {id(v): weights[full] for full, v in engine.graph.weights.items()}
    answering, training = (
        losses_of(reference(model, by_id, split.pixels * 0.01 - 0.3, training), split.labels)
        for training in (False, True)
    )
    answers = engine.answer(weights, engine.resident(split))
    np.testing.assert_allclose(answers.losses, answering, rtol=2e-4, atol=2e-5)
    assert answers.loss == pytest.approx(answering.mean(), rel=5e-5)
    ours = training_losses(weights, split.pixels, split.labels)
    np.testing.assert_allclose(ours, training, rtol=STEEP.get(name, 2e-4), atol=2e-5)


@pytest.mark.parametrize("name, classes", [by_family(*case) for case in CASES])
def test_a_zero_head_knows_nothing(name, classes):
    """Its loss is ln(classes): to the bit when answering, to the last place when training."""
    _, engine, training_losses = made(name, classes)
    split, weights = drawn(smallest(name), classes), first_weights_of(engine)
    head = [node for node in engine.graph.answering if node.parameters][-1]
    weights |= {full: np.zeros_like(weights[full]) for full, v in head.weights if v.trainable}
    answers = engine.answer(weights, engine.resident(split))
    assert set(answers.losses) == {np.log(classes)}
    ours = np.asarray(training_losses(weights, split.pixels, split.labels))
    np.testing.assert_array_max_ulp(ours, np.full(PICTURES, np.log(classes), np.float32))


@pytest.mark.parametrize("name", ["softmax", "conv", "conv-bn"])
def test_the_first_loss_and_accuracy_that_are_told_are_those_of_the_batch(name):
    model, engine, _ = made(name, 3)
    split, weights = drawn(smallest(name), 3), first_weights_of(engine)
    rows = np.array([[4, 0, 7, 7, 1]], np.int32)
    part = split.take(rows[0])
    by_id = {id(v): weights[full] for full, v in engine.graph.weights.items()}
    logits = reference(model, by_id, part.pixels * 0.01 - 0.3, training=True)
    chunk = engine.run_chunk(engine.first_state(), engine.resident(split), rows, np.array([0.1]), 0)
    assert chunk.losses == pytest.approx([losses_of(logits, part.labels).mean()], rel=1e-4)
    assert chunk.accuracies == pytest.approx([(logits.argmax(1) == part.labels).mean()])
