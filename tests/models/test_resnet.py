"""Residual networks, for photographs and for small pictures, beside their papers' tables."""

import numpy as np
import pytest

from saccade.models import MODELS
from saccade.models.activation import Mode, Pass
from saccade.models.backend import jax, keras
from saccade.models.forward import activations, forward
from saccade.models.graph import layer_graph
from saccade.models.initialize import first_weights, unallocated
from saccade.models.network import build
from saccade.models.resnet_cifar import Widen, small_network

slow = pytest.mark.slow
KERNELS = ("Conv2D", "Dense")


def named(graph):
    return {node.layer.name: node for node in graph.nodes}


def side(graph, name):
    return named(graph)[name].output_shape[:2]


def depth(graph):
    """Layers with kernels, the ways around left out, as the papers count."""
    kernels = [node.layer.name for node in graph.nodes if node.kind in KERNELS]
    return sum(not name.endswith("_around") for name in kernels)


def of(name, shape=None):
    entry = MODELS[name]
    return build(name, shape or entry.shape, entry.classes).graph


@pytest.mark.parametrize(
    "name",
    [
        "resnet-18",
        pytest.param("resnet-50", marks=slow),
        pytest.param("resnet-152", marks=slow),
        pytest.param("resnext-101", marks=slow),
        "resnet-cifar-20",
        "plain-cifar-32",
        pytest.param("resnet-cifar-110", marks=slow),
        pytest.param("stochastic-depth-110", marks=slow),
        "densenet-40",
        pytest.param("densenet-bc-100", marks=slow),
        pytest.param("densenet-121", marks=slow),
    ],
)
def test_a_name_counts_the_layers_with_weights(name):
    assert depth(of(name)) == int(name.split("-")[-1])


def test_the_stages_have_the_sides_and_widths_of_table_1():
    photo, small = of("resnet-18"), of("resnet-18", (32, 32, 3))
    for stage, (pixels, width) in enumerate(((56, 64), (28, 128), (14, 256), (7, 512)), 2):
        assert named(photo)[f"conv{stage}_2_relu"].output_shape == (pixels, pixels, width)
    assert side(photo, "conv1") == (112, 112)
    assert side(small, "conv1") == (32, 32)
    assert [side(small, f"conv{stage}_2_relu") for stage in (2, 3, 4, 5)] == [
        (32, 32),
        (16, 16),
        (8, 8),
        (4, 4),
    ]


@pytest.mark.parametrize("shape, large", [((64, 64, 3), False), ((65, 65, 3), True)])
def test_the_form_is_chosen_by_the_picture(shape, large):
    for name in ("resnet-18", "resnext-50", "densenet-121"):
        graph = of(name, shape)
        first = next(node.layer for node in graph.nodes if node.kind == "Conv2D")
        assert first.kernel_size == ((7, 7) if large else (3, 3))
        pools = [node for node in graph.nodes if node.kind == "MaxPooling2D"]
        assert len(pools) == large


def test_a_bottleneck_takes_its_stride_in_the_middle():
    layers = {name: node.layer for name, node in named(of("resnext-50", (32, 32, 3))).items()}
    strides = [layers[f"conv3_1_{part}"].strides for part in ("a", "b", "c", "around")]
    assert strides == [(1, 1), (2, 2), (1, 1), (2, 2)]
    assert layers["conv3_1_b"].groups == 32
    assert layers["conv3_1_b"].kernel.shape == (3, 3, 8, 256)


@pytest.mark.parametrize("name", ["resnet-18", "resnet-cifar-20"])
def test_every_block_starts_as_its_way_around(name):
    """What the convolutions of a block hold changes nothing at first."""
    graph = of(name, (8, 8, 3))
    weights = first_weights(graph, "layers", 0)
    images = np.random.default_rng(0).uniform(size=(3, 8, 8, 3)).astype(np.float32)
    run = jax.jit(lambda w: forward(graph, w, images, form="layers", mode=Mode())[0])
    inside = [
        node.weight("kernel")
        for node in graph.nodes
        if node.kind == "Conv2D"
        and node.layer.name.endswith(("_a", "_b"))
        # Shortcuts that fill up with zeros need a block that gives something.
        and not (name == "resnet-cifar-20" and node.layer.name[4:7] in ("3_1", "4_1"))
    ]
    assert len(inside) == (16 if name == "resnet-18" else 14)
    before = np.asarray(run(weights))
    changed = {key: -2 * weights[key] for key in inside}
    assert (np.asarray(run({**weights, **changed})) == before).all()
    scale = named(graph)["conv2_1_b_norm"].weight("gamma")
    assert (np.asarray(run({**weights, **changed, scale: weights[scale] + 1})) != before).any()


@pytest.mark.parametrize("name", ["resnet-18", "resnet-cifar-20", "plain-cifar-20"])
def test_no_map_starts_dead(name):
    """A map that is zero for every picture lies at the corner of its ReLU and never learns."""
    graph = of(name, (16, 16, 3))
    weights = first_weights(graph, "layers", 0)
    images = np.random.default_rng(0).uniform(size=(8, 16, 16, 3)).astype(np.float32)

    @jax.jit
    def largest(weights):
        run = Pass(weights, Mode(training=True, key=jax.random.key(0)), "layers")
        values = activations(graph, run, images)
        relus = [node for node in graph.nodes if node.activation == "relu"]
        return [values[node.position][0].array.max((0, 1, 2)) for node in relus]

    assert all((np.asarray(most) > 0).all() for most in largest(weights))


@pytest.mark.parametrize("layers", [20, 32, pytest.param(44, marks=slow)])
def test_a_plain_network_has_the_weights_of_its_residual_twin(layers):
    """Shortcuts have none: only what the last norm of a block starts with differs."""
    residual, plain = (of(f"{kind}-cifar-{layers}") for kind in ("resnet", "plain"))
    shapes = [[tuple(v.shape) for v in graph.weights.values()] for graph in (residual, plain)]
    assert shapes[0] == shapes[1]
    assert {node.kind for node in residual.nodes} - {node.kind for node in plain.nodes} == {
        "Add",
        "saccade.models.resnet_cifar.Widen",
    }


def test_a_shortcut_halves_and_fills_up_with_zeros():
    pixels = np.arange(2 * 5 * 4 * 3, dtype=np.float32).reshape(2, 5, 4, 3)
    wide = np.asarray(Widen(7)(pixels))
    assert wide.shape == (2, 3, 2, 7)
    assert (wide[..., :3] == pixels[:, ::2, ::2]).all()
    assert (wide[..., 3:] == 0).all()


def rates(graph):
    return [node.layer.rate for node in graph.nodes if node.kind == "Dropout"]


def test_deeper_blocks_are_dropped_more_often():
    """Huang et al., eq. 4: from 1 for what comes in to 0.5 for the last, in a line."""
    with unallocated():
        graph = layer_graph(small_network("d", (8, 8, 3), 3, 20, last_dropped=0.5))
    assert rates(graph) == pytest.approx([0.5 * block / 9 for block in range(1, 10)])
    assert rates(of("resnet-cifar-20")) == []


@slow
def test_the_deck_s_110_layers_end_at_a_half():
    assert rates(of("stochastic-depth-110")) == pytest.approx([b / 108 for b in range(1, 55)])


def one_block(rate):
    """x -> x + what is kept of x, a block in small."""
    picture = keras.Input((2, 2, 1))
    through = keras.layers.Dropout(rate, noise_shape=(None, 1, 1, 1))(picture)
    return layer_graph(keras.Model(picture, keras.layers.Add()([picture, through])))


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("form", ["patches", "direct", "layers"])
def test_a_block_is_there_or_not_for_a_whole_picture(form, parts):
    graph, images = one_block(0.25), np.ones((3000, 2, 2, 1), np.float32)

    def run(training, key):
        mode = Mode(training=training, key=jax.random.key(key))
        return np.asarray(forward(graph, {}, images, form=form, mode=mode, parts=parts)[0])

    learning = run(True, 0)
    assert (np.ptp(learning, axis=(1, 2, 3)) == 0).all()
    assert sorted(set(learning.ravel().round(4))) == [1.0, pytest.approx(1 + 1 / 0.75, abs=1e-4)]
    assert (learning[:, 0, 0, 0] == 1).mean() == pytest.approx(0.25, abs=0.03)
    assert learning.mean() == pytest.approx(2, abs=0.05)
    assert (run(False, 0) == 2).all()
    assert (run(True, 0) == learning).all() and (run(True, 1) != learning).any()
