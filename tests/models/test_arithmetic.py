"""The numbers of the course's slides and quizzes, from the tool's own table."""

import math
import re

import numpy as np
import pytest

from saccade.models import MODELS
from saccade.models.arithmetic import arithmetic
from saccade.models.backend import jax, keras
from saccade.models.graph import layer_graph
from saccade.models.network import build

from .conftest import by_depth


def test_the_linear_model_of_the_quiz():
    assert arithmetic(build("softmax", (28, 28, 1), 10).graph)[-1].working == "784*10 + 10 = 7,850"


@pytest.mark.parametrize(
    "layer, output, working",
    [
        ("conv1", "28x28x4", "5*5*1*4 + 4 = 104"),
        ("conv2", "14x14x8", "5*5*4*8 + 8 = 808"),
        ("conv3", "7x7x12", "4*4*8*12 + 12 = 1,548"),
        ("flatten", "588", "7*7*12 = 588 values"),
        ("dense", "200", "588*200 + 200 = 117,800"),
        ("logits", "10", "200*10 + 10 = 2,010"),
    ],
)
def test_the_convolutional_net_row_by_row(layer, output, working):
    rows = {row.name: row for row in arithmetic(build("conv", (28, 28, 1), 10).graph)}
    assert (rows[layer].output, rows[layer].working) == (output, working)


def test_batch_norm_says_what_is_not_trained():
    rows = {row.name: row for row in arithmetic(build("conv-bn", (28, 28, 1), 10).graph)}
    assert rows["conv1_norm"].working == "24 beta = 24 (48 running statistics beside)"
    assert rows["conv1"].working == "6*6*1*24 = 864"


@pytest.mark.parametrize("name", [by_depth(name) for name in MODELS])
def test_rows_add_up(name):
    network = build(name, MODELS[name].shape, MODELS[name].classes)
    rows = arithmetic(network.graph)
    assert sum(row.parameters for row in rows) == network.parameters
    for row in rows:
        if row.parameters:
            product, _, total = row.working.split(" (")[0].rpartition(" = ")
            terms = re.sub(" (beta|gamma|weight|kernel|bias)", "", product).split(" + ")
            value = sum(math.prod(int(factor) for factor in term.split("*")) for term in terms)
            assert f"{value:,}" == total == f"{row.parameters:,}"


def fields(graph):
    return {row.name: row.field for row in arithmetic(graph)}


def test_the_receptive_fields_of_the_convolutional_net():
    """By hand: 5; 5 + 4*1 = 9 (steps of 2 from here); 9 + 3*2 = 15."""
    seen = fields(build("conv", (28, 28, 1), 10).graph)
    assert [seen[name] for name in ("conv1", "conv2", "conv3")] == ["5", "9", "15"]
    assert [seen[name] for name in ("flatten", "dense", "logits")] == ["-", "-", "-"]


def test_a_residual_network_sees_what_its_convolutions_see():
    """By hand: 3 + 2*2 a block with steps of 1; then a stride of 2 doubles the steps."""
    seen = fields(build("resnet-cifar-20", (32, 32, 3), 10).graph)
    names = ("conv1", "conv2_1_add", "conv2_3_add", "conv3_1_around", "conv3_1_add")
    assert [seen[name] for name in names] == ["3", "7", "15", "15", "21"]


def test_a_fractal_sees_what_its_deepest_column_sees():
    seen = fields(build("fractalnet-20", (32, 32, 3), 10).graph)
    names = ("block1_column1_row1", "block1_join2_row1", "block1_join3_row1", "block1_pool")
    assert [seen[name] for name in names] == ["3", "5", "9", "10"]


def test_pooling_widens_the_field():
    """5; 5 + 1 = 6 (steps of 2); 6 + 4*2 = 14; 14 + 1*2 = 16: the published figures of LeNet."""
    for name, layers in (
        ("E-cnn", ("conv1", "pool1", "conv2", "pool2")),
        ("lenet5", ("c1", "s2", "c3", "s4")),
        ("lenet5-1998", ("c1", "s2", "c3", "s4")),
    ):
        seen = fields(build(name, (28, 28, 1), 10).graph)
        assert [seen[layer] for layer in layers] == ["5", "6", "14", "16"]


def test_a_field_is_what_a_value_really_sees():
    """The table against slopes: which pixels move the value in the middle."""
    layers = keras.layers
    picture = layers.Input((41, 41, 1))
    x = layers.Conv2D(2, (3, 5), strides=(2, 1), padding="same")(picture)
    x = layers.AveragePooling2D(2, strides=2, padding="same")(x)
    aside = layers.Conv2D(2, 1)(x)
    x = layers.Conv2D(2, 3, dilation_rate=2, padding="same")(x)
    last = layers.Add(name="last")([x, aside])
    model = keras.Model(picture, last)
    rows, columns = (int(side) for side in fields(layer_graph(model))["last"].split("x"))
    slopes = jax.grad(lambda pixels: model(pixels)[0, 5, 10].sum())(np.ones((1, 41, 41, 1)))
    down, across = (np.flatnonzero(np.abs(slopes[0, :, :, 0]).sum(axis)) for axis in (1, 0))
    assert (rows, columns) == (np.ptp(down) + 1, np.ptp(across) + 1)


def test_what_may_see_everything_has_no_field():
    layers = keras.layers
    body = [layers.Conv2D(2, 3), layers.Reshape((18, 2, 2)), layers.Conv2D(2, 1, name="after")]
    graph = layer_graph(keras.Sequential([layers.Input((8, 8, 1)), *body]))
    assert fields(graph)["after"] == "-"


@pytest.mark.parametrize(
    "name, layer, what",
    [
        ("L2-cnn", "pool1", "largest of 2x2, stride 2, valid"),
        ("lenet5", "s2", "mean of 2x2, stride 2, valid"),
        ("lenet5-1998", "c3", "convolution 5x5, valid, by the table of 1998"),
        ("mlp", "dense1", "dense, sigmoid"),
        ("resnet-cifar-20", "conv3_1_around", "every second pixel, and maps of zeros"),
        ("fractalnet-20", "block1_join2_row1", "mean of columns, some dropped while training"),
    ],
)
def test_every_kind_is_said_in_words(name, layer, what):
    rows = {row.name: row for row in arithmetic(build(name, (28, 28, 1), 10).graph)}
    assert rows[layer].what == what


@pytest.mark.parametrize("name", [by_depth(name) for name in MODELS])
def test_no_name_of_a_class_is_shown(name):
    for row in arithmetic(build(name, MODELS[name].shape, 10).graph):
        assert not re.search("[A-Z]", row.what), row
