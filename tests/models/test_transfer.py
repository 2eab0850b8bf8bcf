"""A base under a new head: where it is cut, what of it learns, how it is built again."""

import pytest

from saccade.core.errors import BadUsage
from saccade.models.network import build
from saccade.models.rebuild import rebuild
from saccade.models.transfer import base_graph, headless, transfer_network

SHAPE = (28, 28, 1)


def learning(network):
    return [name for name, v in network.graph.weights.items() if v.trainable]


def kinds(network):
    return [node.kind for node in network.graph.nodes]


@pytest.mark.parametrize("base", ["conv", "conv-bn", "lenet5", "L2-cnn"])
def test_a_base_of_ours_is_cut_before_its_first_dense_layer(base):
    whole, network = build(base, SHAPE, 10), transfer_network(base, SHAPE, 4)
    cut = [node.kind for node in whole.graph.nodes].index("Dense")
    assert kinds(network) == [*kinds(whole)[:cut], "Dropout", "Dense"]
    assert network.graph.nodes[-1].output_shape == (4,)


def test_weights_have_the_names_they_had():
    whole = build("conv-bn", SHAPE, 10).graph.weights
    began = base_graph("conv-bn", SHAPE).weights
    network = transfer_network("conv-bn", SHAPE, 4).graph.weights
    assert list(whole)[: len(began)] == list(began) == list(network)[: len(began)]
    assert all(whole[name].shape == network[name].shape for name in began)


@pytest.mark.parametrize("base", ["residual", "mobilenetv2", "squeezenet1.1", "densenet121"])
def test_photographs(base):
    network = transfer_network(base, (96, 96, 3), 5)
    began = list(base_graph(base, (96, 96, 3)).weights)
    assert list(network.graph.weights)[: len(began)] == began
    assert learning(network) == list(network.graph.weights)[-2:]
    assert kinds(network)[-2:] == ["Dropout", "Dense"]


@pytest.mark.parametrize("base", ["alexnet", "googlenet", "squeezenet-1.1"])
def test_classic_networks_begin_others(base):
    """GoogLeNet without its auxiliary heads, SqueezeNet before its last convolution."""
    whole = build(base, (32, 32, 3), 10).graph.weights
    began = base_graph(base, (32, 32, 3)).weights
    assert list(whole)[: len(began)] == list(began)
    assert all(whole[name].shape == began[name].shape for name in began)
    network = transfer_network(base, (32, 32, 3), 5)
    assert kinds(network)[-2:] == ["Dropout", "Dense"]
    assert learning(network) == list(network.graph.weights)[-2:]


def test_the_head_is_the_courses():
    *_, dropout, dense = transfer_network("conv", SHAPE, 4).graph.nodes
    assert dropout.layer.rate == 0.2
    assert dense.layer.use_bias


def test_what_learns():
    def kernels(unfreeze):
        names = learning(transfer_network("conv-bn", SHAPE, 4, unfreeze=unfreeze))
        return [name for name in names if name.endswith("/kernel")]

    every = [*(name for name in kernels("all"))]
    assert kernels("none") == every[-1:]
    assert kernels("last-1") == every[-2:]
    assert kernels("last-2") == every[-3:]
    assert kernels("last-99") == every


def test_batch_norms_of_a_pretrained_base_stay_as_they_are():
    network = transfer_network("conv-bn", SHAPE, 4, unfreeze="all")
    norms = [node for node in network.graph.nodes if node.kind == "BatchNormalization"]
    assert norms
    assert not any(node.layer.trainable or node.parameters for node in norms)


def test_a_pretrained_base_drops_nothing():
    """efficientnetv2-b0 drops whole ways in training."""
    network = transfer_network("efficientnetv2-b0", (64, 64, 3), 4, unfreeze="all")
    rates = [node.layer.rate for node in network.graph.nodes if node.kind == "Dropout"]
    assert len(rates) > 1
    assert set(rates[:-1]) == {0.0}
    fresh = transfer_network("efficientnetv2-b0", (64, 64, 3), 4, pretrained=False)
    rates = [node.layer.rate for node in fresh.graph.nodes if node.kind == "Dropout"]
    assert max(rates[:-1]) > 0


def test_from_first_weights_all_of_it_learns():
    network = transfer_network("conv-bn", SHAPE, 10, pretrained=False)
    weights = network.graph.weights
    moving = [name for name in weights if "/moving_" in name]
    assert len(learning(network)) == len(weights) - len(moving)


@pytest.mark.parametrize("unfreeze", ["last-0", "last-x", "some", "", "last--1", "LAST-1"])
def test_unfreeze_is_refused(unfreeze):
    with pytest.raises(BadUsage, match="none, all or last-N"):
        transfer_network("conv", SHAPE, 4, unfreeze=unfreeze)


def test_a_base_without_convolutions_is_refused():
    with pytest.raises(BadUsage, match="no convolutional layers"):
        headless("mlp-relu", SHAPE)


def test_an_unknown_base_is_refused():
    with pytest.raises(BadUsage, match="mobilenetv2"):
        headless("mobilenet-v2", (96, 96, 3))


@pytest.mark.parametrize("weights", [{"from": "none"}, {"from": "imagenet", "sha256": "0"}])
def test_it_is_built_again_from_its_record(weights):
    pretrained = weights["from"] != "none"
    network = transfer_network("conv-bn", SHAPE, 4, unfreeze="last-1", pretrained=pretrained)
    again = rebuild({**network.reference, "weights": weights}, SHAPE, 4)
    assert learning(again) == learning(network)
    assert kinds(again) == kinds(network)
    assert again.reference["weights"] == weights
