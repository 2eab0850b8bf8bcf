"""Dense networks beside the paper's tables: what each layer reads, where maps are halved."""

import pytest

from saccade.models import MODELS
from saccade.models.network import build


def named(name, shape=None):
    entry = MODELS[name]
    graph = build(name, shape or entry.shape, entry.classes).graph
    return {node.layer.name: node for node in graph.nodes}


@pytest.mark.parametrize(
    "name, outputs",
    [
        ("densenet-121", [(56, 56, 256), (28, 28, 512), (14, 14, 1024), (7, 7, 1024)]),
        pytest.param(
            "densenet-201",
            [(56, 56, 256), (28, 28, 512), (14, 14, 1792), (7, 7, 1920)],
            marks=pytest.mark.slow,
        ),
        ("densenet-40", [(32, 32, 160), (16, 16, 304), (8, 8, 448)]),
        ("densenet-bc-100", [(32, 32, 216), (16, 16, 300), (8, 8, 342)]),
    ],
)
def test_blocks_end_with_the_maps_of_table_1(name, outputs):
    nodes = named(name)
    last = {}
    for layer, node in nodes.items():
        if node.kind == "Concatenate":
            last[layer.partition("_")[0]] = node.output_shape
    assert [*last.values()] == outputs


def test_a_layer_reads_all_before_it_and_adds_its_own():
    """l(l+1)/2 links in a block: the k-th layer reads the block's input and k - 1 others."""
    nodes = named("densenet-40", (8, 8, 3))
    by_position = {node.position: node for node in nodes.values()}
    for k in range(1, 13):
        assert nodes[f"block1_{k}_b_norm"].input_shape[-1] == 16 + 12 * (k - 1)
        both = nodes[f"block1_{k}"]
        before, own = (by_position[i] for i in both.inputs)
        assert before.layer.name == ("conv0" if k == 1 else f"block1_{k - 1}")
        assert own.layer.name == f"block1_{k}_b" and own.output_shape[-1] == 12


def test_a_bottleneck_gives_four_times_the_growth():
    nodes = named("densenet-bc-100", (8, 8, 3))
    assert nodes["block3_16_a"].output_shape[-1] == 48
    assert nodes["block3_16_b"].layer.kernel_size == (3, 3)


def test_photographs_are_made_smaller_first():
    photo, small = named("densenet-121"), named("densenet-121", (32, 32, 3))
    assert photo["pool0"].output_shape == (56, 56, 64)
    assert small["conv0"].output_shape == (32, 32, 64) and "pool0" not in small
