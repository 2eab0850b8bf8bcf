"""What normalises a block: the layers of each choice, its first weights, what is refused."""

import numpy as np
import pytest

from saccade.core.errors import BadUsage
from saccade.models import MODELS, chosen_normalisation
from saccade.models.activation import Mode, Pass
from saccade.models.backend import jax, keras
from saccade.models.block import convolution, dense
from saccade.models.entry import NORMALISATIONS
from saccade.models.forward import activations, forward, whole
from saccade.models.from_data import drawn_from
from saccade.models.graph import layer_graph
from saccade.models.initialize import first_weights, unallocated
from saccade.models.network import build, keras_model
from saccade.models.rebuild import rebuild
from saccade.models.resnet_cifar import small_network

CHOOSING = [name for name, entry in MODELS.items() if entry.choices]
QUICK = ("mlp-bn", "mlp-deep", "conv-bn")
CASES = [
    pytest.param(name, choice, marks=[] if name in QUICK else [pytest.mark.slow])
    for name in CHOOSING
    for choice in MODELS[name].choices
]


def small(name):
    side = max(8, MODELS[name].least)
    return side, side, 3


def kinds(graph):
    return {node.kind.rpartition(".")[2] for node in graph.nodes}


@pytest.mark.parametrize("name, choice", CASES)
def test_a_choice_is_recorded_and_built_again(name, choice):
    network = build(name, small(name), 4, choice)
    default = choice == MODELS[name].choices[0]
    arguments = {} if default else {"normalisation": choice}
    assert network.reference == {"model": name, "arguments": arguments}
    again = rebuild(network.reference, network.input_shape, 4)
    assert list(again.graph.weights) == list(network.graph.weights)
    assert [node.kind for node in again.graph.nodes] == [n.kind for n in network.graph.nodes]


@pytest.mark.parametrize("name", QUICK)
def test_the_choices_are_different_networks(name):
    graphs = [build(name, small(name), 4, choice).graph for choice in MODELS[name].choices]
    told = [
        tuple((n.kind, n.activation, *(name for name, _ in n.weights)) for n in graph.nodes)
        for graph in graphs
    ]
    assert len(set(told)) == len(told)


@pytest.mark.parametrize(
    "choice, has, has_not",
    [
        ("batch", {"BatchNormalization"}, {"LayerNormalization", "WeightNormDense"}),
        ("layer", {"LayerNormalization"}, {"BatchNormalization", "WeightNormDense"}),
        ("weight", {"WeightNormDense"}, {"BatchNormalization", "LayerNormalization"}),
        ("selu", {"Activation"}, {"BatchNormalization", "LayerNormalization", "WeightNormDense"}),
        ("none", {"Activation"}, {"BatchNormalization", "LayerNormalization", "WeightNormDense"}),
    ],
)
def test_what_each_choice_is_made_of(choice, has, has_not):
    graph = build("mlp-deep", (8, 8, 1), 3, choice).graph
    assert has <= kinds(graph) and not has_not & kinds(graph)
    active = {node.activation for node in graph.nodes if node.kind == "Activation"}
    assert active == {"selu" if choice == "selu" else "relu"}


def test_selu_drops_so_that_mean_and_deviation_stay():
    assert "AlphaDropout" in kinds(build("conv-bn", (8, 8, 1), 3, "selu").graph)
    for choice in ("layer", "weight", "none"):
        assert "Dropout" in kinds(build("conv-bn", (8, 8, 1), 3, choice).graph)


def test_the_default_of_conv_bn_is_the_courses_net_to_the_bit():
    plain, asked = (build("conv-bn", (28, 28, 1), 10, choice) for choice in (None, "batch"))
    assert plain.parameters == asked.parameters == 708_362
    one, other = (first_weights(net.graph, "layers", 3) for net in (plain, asked))
    assert all((one[key] == other[key]).all() for key in one)
    assert plain.reference == asked.reference


@pytest.mark.parametrize(
    "choice, gamma, beta, bias",
    [
        ("batch", True, True, False),
        ("no-offset", True, False, False),
        ("no-scale", False, True, False),
        ("bare", False, False, False),
        ("none", False, False, True),
    ],
)
def test_the_ablations_leave_out_what_they_say(choice, gamma, beta, bias):
    hidden = [
        name
        for name in build("mlp-bn", (28, 28, 1), 10, choice).graph.weights
        if not name.startswith(build("mlp-bn", (28, 28, 1), 10, choice).graph.nodes[-1].name)
    ]
    ends = {name.rpartition("/")[2] for name in hidden}
    assert [part in ends for part in ("gamma", "beta", "bias")] == [gamma, beta, bias]
    assert ("moving_mean" in ends) == (choice != "none")


def test_selu_without_anything_keeps_mean_and_deviation():
    """Klambauer et al. 2017, figure 1: through all sixteen layers, where ReLU does not."""
    rng = np.random.default_rng(0)
    pictures = rng.normal(0, 1, (400, 8, 8, 4)).astype(np.float32)
    spread = {}
    for choice in ("selu", "none"):
        graph = build("mlp-deep", (8, 8, 4), 3, choice).graph
        run = Pass(first_weights(graph, "layers", 0), Mode(key=jax.random.key(0)), "layers")
        values = activations(graph, run, pictures)
        last = np.asarray(whole(values[len(graph.nodes) - 2]).batch_first())
        spread[choice] = (float(last.mean()), float(last.std()))
    mean, deviation = spread["selu"]
    assert abs(mean) < 0.15 and 0.8 < deviation < 1.2
    assert abs(spread["none"][0]) > 0.25


@pytest.mark.parametrize("choice", NORMALISATIONS)
@pytest.mark.parametrize("stride", [1, 2])
def test_a_block_halves_by_its_stride_and_ends_before_a_sum(choice, stride):
    picture = keras.layers.Input((9, 8, 3))
    for active in (True, False):
        y = convolution(picture, 5, 3, stride, choice, "c", active=active)
        graph = layer_graph(keras.Model(picture, y))
        assert graph.nodes[-1].output_shape == ((9, 8, 5) if stride == 1 else (5, 4, 5))
        assert (graph.nodes[-1].kind == "Activation") == active
    vector = keras.layers.Input((7,))
    assert dense(vector, 4, choice, "d").shape == (None, 4)


@pytest.mark.parametrize("form", ["patches", "direct"])
@pytest.mark.parametrize("choice", ["layer", "weight", "selu"])
def test_all_forms_agree_in_training_and_in_answering(choice, form, rng):
    with unallocated():
        picture = keras.layers.Input((6, 5, 3))
        x = convolution(convolution(picture, 4, 3, 1, choice, "a"), 5, 2, 2, choice, "b")
        x = dense(keras.layers.Flatten()(x), 6, choice, "d")
        graph = layer_graph(keras.Model(picture, x))
    weights = {
        name: value + rng.normal(0, 0.05, value.shape).astype(np.float32)
        for name, value in first_weights(graph, "layers", 0).items()
        if "variance" not in name
    }
    weights |= {
        name: value
        for name, value in first_weights(graph, "layers", 0).items()
        if "variance" in name
    }
    images = rng.normal(0, 1, (6, 6, 5, 3)).astype(np.float32)
    for training in (False, True):
        mode = Mode(training=training, key=jax.random.key(0))
        ours, _ = jax.jit(
            lambda w, x, mode=mode: forward(graph, w, x, form=form, mode=mode, parts=2)
        )(weights, images)
        keras_own, _ = forward(graph, weights, images, form="layers", mode=mode)
        np.testing.assert_allclose(ours, keras_own, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize(
    "name, asked, says",
    [
        ("conv-bn", "bacth", "Did you mean `batch`"),
        ("conv-bn", "group", "Known: batch, layer, none, selu, weight"),
        ("mlp-bn", "layer", "Known: bare, batch, no-offset, no-scale, none"),
        ("conv", "batch", "`conv` has no choice of normalisation"),
        ("conv", "batch", "`mlp-deep`"),
        ("cnv", "batch", "there is no model `cnv`"),
    ],
)
def test_a_wrong_choice_is_refused_with_those_there_are(name, asked, says):
    for ask in (
        lambda: chosen_normalisation(name, asked),
        lambda: build(name, (28, 28, 1), 10, asked),
        lambda: keras_model(name, (28, 28, 1), 10, asked),
    ):
        with pytest.raises(BadUsage, match=says.replace("(", r"\(")):
            ask()


def test_no_model_chooses_what_its_function_does_not_know():
    """Else two choices would be the same network, or none."""
    for name in CHOOSING:
        assert len(set(MODELS[name].choices)) == len(MODELS[name].choices) > 1
        if name != "mlp-bn":
            assert MODELS[name].choices == NORMALISATIONS


@pytest.mark.parametrize("choice", NORMALISATIONS)
def test_a_residual_block_starts_as_its_way_around(choice, rng):
    """Also after weight norm has looked at the data: then what a block adds is still nothing."""
    with unallocated():
        graph = layer_graph(small_network("tiny", (8, 8, 3), 3, 8, choice))
    images = rng.uniform(0, 1, (20, 8, 8, 3)).astype(np.float32)
    weights = drawn_from(graph, first_weights(graph, "layers", 0), images)
    run = Pass(weights, Mode(key=jax.random.key(0)), "layers")
    values = activations(graph, run, images)
    adds = [node for node in graph.nodes if node.kind == "Add"]
    assert len(adds) == 3
    widened = [graph.nodes[node.inputs[1]].kind.endswith("Widen") for node in adds]
    assert widened == [False, True, True]
    for node, wide in zip(adds, widened, strict=True):
        through, around = (np.asarray(whole(values[i]).batch_first()) for i in node.inputs)
        # Where the way around fills up with zeros, nothing on both would never learn.
        assert through.any() == wide and around.any()


def test_all_layers_of_a_plain_net_spread_evenly_after_weight_norm_has_looked(rng):
    with unallocated():
        graph = layer_graph(small_network("tiny", (8, 8, 3), 3, 8, "weight", shortcuts=False))
    images = rng.uniform(0, 1, (50, 8, 8, 3)).astype(np.float32)
    weights = drawn_from(graph, first_weights(graph, "layers", 0), images)
    values = activations(graph, Pass(weights, Mode(), "layers"), images)
    layers = [node for node in graph.nodes if "WeightNorm" in node.kind]
    assert len(layers) == 7
    for node in layers:
        given = np.asarray(whole(values[node.position]).batch_first())
        seen = given.reshape(-1, node.output_shape[-1])
        np.testing.assert_allclose(seen.mean(0), 0, atol=1e-2)
        np.testing.assert_allclose(np.median(seen.std(0)), 1, rtol=1e-2)
