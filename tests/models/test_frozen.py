"""How far a network does the same for a picture, however long it trains."""

import pytest

from saccade.models.backend import keras
from saccade.models.frozen import frozen_until
from saccade.models.graph import layer_graph
from saccade.models.initialize import unallocated
from saccade.models.network import build
from saccade.models.resnet_cifar import Widen

layers = keras.layers


def still(layer):
    layer.trainable = False
    return layer


def until(*body):
    with unallocated():
        return frozen_until(layer_graph(keras.Sequential([keras.Input((8, 8, 3)), *body])))


def rest():
    return layers.Flatten(), layers.Dense(3)


def test_a_network_that_learns_everywhere_begins_nowhere():
    assert frozen_until(build("conv-bn", (28, 28, 1), 10).graph) == -1


def test_what_has_no_weights_is_no_gain():
    assert until(layers.Rescaling(1 / 255), layers.MaxPooling2D(), *rest()) == -1


def test_the_last_layer_before_what_learns():
    assert until(still(layers.Conv2D(4, 3)), layers.MaxPooling2D(), *rest()) == 2  # the flat row


def test_a_network_that_learns_nowhere_gains_nothing():
    assert until(still(layers.Conv2D(4, 3)), layers.Flatten(), still(layers.Dense(3))) == -1


@pytest.mark.parametrize(
    ("moves", "position"),
    [
        (layers.BatchNormalization, 0),
        (lambda: still(layers.BatchNormalization()), 2),
        (lambda: layers.BatchNormalization(center=False, scale=False), 0),
        (lambda: layers.Dropout(0.5), 0),
        (lambda: layers.Dropout(0.0), 2),
        (lambda: layers.GaussianNoise(0.1), 0),
        (lambda: layers.RandomFlip(), 0),
    ],
)
def test_what_moves_or_draws_in_training_ends_it(moves, position):
    assert until(still(layers.Conv2D(4, 3)), moves(), *rest()) == position


def test_our_own_layers_are_known():
    keeps, widens = still(layers.Conv2D(4, 3)), Widen(6)
    assert until(keeps, widens, *rest()) == 2


def test_a_layer_of_ones_own_may_do_anything():
    class Own(layers.Layer):
        def call(self, x):
            return x

    assert until(still(layers.Conv2D(4, 3)), Own(), *rest()) == 0


def test_nothing_behind_reads_what_lies_before():
    """The sum reads the first layer and the second: only the first can be kept."""
    with unallocated():
        picture = keras.Input((8, 8, 3))
        first = still(layers.Conv2D(4, 3, padding="same"))(picture)
        second = still(layers.Conv2D(4, 3, padding="same"))(first)
        learned = layers.Conv2D(4, 1)(second)
        both = layers.Add()([learned, first])
        model = keras.Model(picture, layers.Dense(3)(layers.Flatten()(both)))
    graph = layer_graph(model)
    assert [node.kind for node in graph.nodes[:2]] == ["Conv2D", "Conv2D"]
    assert frozen_until(graph) == 0
