"""The networks of 2012 to 2016 against the figures of their papers, and their forms for small
pictures."""

import pytest

from saccade.models import MODELS
from saccade.models.arithmetic import arithmetic
from saccade.models.network import build
from saccade.models.papers import is_small

# What the papers, or Caffe's definitions of their networks, say of layers: output, parameters.
PUBLISHED = {
    "alexnet": """
        conv1 55x55x96 34944 pool1 27x27x96 0 conv2 27x27x256 307456 pool2 13x13x256 0
        conv3 13x13x384 885120 conv4 13x13x384 663936 conv5 13x13x256 442624 pool5 6x6x256 0
        dense1 4096 37752832 dense2 4096 16781312 logits 1000 4097000
    """,
    "alexnet-2014": """
        conv1 55x55x64 23296 pool1 27x27x64 0 conv2 27x27x192 307392 pool2 13x13x192 0
        conv3 13x13x384 663936 conv4 13x13x256 884992 conv5 13x13x256 590080 pool5 6x6x256 0
    """,
    "zfnet": """
        conv1 110x110x96 14208 pool1 55x55x96 0 conv2 26x26x256 614656 pool2 13x13x256 0
        conv3 13x13x384 885120 conv4 13x13x384 1327488 conv5 13x13x256 884992 pool5 6x6x256 0
    """,
    "vgg-16": """
        conv1_2 224x224x64 36928 pool1 112x112x64 0 conv5_3 14x14x512 2359808 pool5 7x7x512 0
        dense1 4096 102764544 dense2 4096 16781312 logits 1000 4097000
    """,
    "vgg-19": "conv3_4 56x56x256 590080 conv4_4 28x28x512 2359808 conv5_4 14x14x512 2359808",
    "googlenet": """
        conv1 112x112x64 9472 pool1 56x56x64 0 conv2 56x56x192 110784 pool2 28x28x192 0
        inception3a 28x28x256 0 inception3b 28x28x480 0 pool4 14x14x480 0 inception4a 14x14x512 0
        inception4b 14x14x512 0 inception4c 14x14x512 0 inception4d 14x14x528 0
        inception4e 14x14x832 0 pool5 7x7x832 0 inception5a 7x7x832 0 inception5b 7x7x1024 0
        mean 1024 0 logits 1000 1025000 auxiliary4a_pool 4x4x512 0 auxiliary4d_pool 4x4x528 0
        auxiliary4a_conv 4x4x128 65664 auxiliary4a_dense 1024 2098176 answer 1000 0
    """,
    "squeezenet-1.0": """
        conv1 111x111x96 14208 pool1 55x55x96 0 f2 55x55x128 0 f3 55x55x128 0 f4 55x55x256 0
        pool4 27x27x256 0 f5 27x27x256 0 f8 27x27x512 0 pool8 13x13x512 0 f9 13x13x512 0
        conv10 13x13x1000 513000 mean 1000 0
    """,
    "squeezenet-1.1": """
        conv1 113x113x64 1792 pool1 56x56x64 0 pool3 28x28x128 0 pool5 14x14x256 0
        conv10 14x14x1000 513000
    """,
}
OURS = [*PUBLISHED]


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_layer_is_as_large_as_published(name):
    entry = MODELS[name]
    rows = arithmetic(build(name, entry.shape, entry.classes).graph)
    words = PUBLISHED[name].split()
    for layer, output, parameters in zip(words[::3], words[1::3], words[2::3], strict=True):
        [row] = [row for row in rows if row.name == layer]
        assert (row.output, row.parameters) == (output, int(parameters)), layer


def test_two_small_windows_see_as_far_as_a_larger_one():
    rows = {row.name: row.field for row in arithmetic(build("vgg-16", (224, 224, 3), 10).graph)}
    assert (rows["conv1_1"], rows["conv1_2"], rows["pool1"]) == ("3", "5", "6")


@pytest.mark.parametrize(
    "name, depth", [("alexnet", 8), ("zfnet", 8), ("vgg-16", 16), ("vgg-19", 19), ("googlenet", 22)]
)
def test_depth_is_that_of_the_name(name, depth):
    """The longest way through layers with weights."""
    deepest = {-1: 0}
    for node in build(name, (32, 32, 3), 10).graph.answering:
        deepest[node.position] = bool(node.parameters) + max(
            deepest[i] for i in node.inputs if i in deepest
        )
    assert max(deepest.values()) == depth


def first_stride(name, shape):
    nodes = build(name, shape, 10).graph.nodes
    return next(node.layer.strides for node in nodes if node.kind == "Conv2D")


@pytest.mark.parametrize("name", OURS)
def test_the_shorter_side_decides_on_the_form(name):
    assert [is_small(shape) for shape in [(64, 64, 3), (200, 64, 3), (65, 66, 3)]] == [1, 1, 0]
    assert {first_stride(name, (64, 64, 3)), first_stride(name, (64, 200, 3))} == {(1, 1)}
    expected = {"alexnet": 4, "alexnet-2014": 4, "vgg-16": 1, "vgg-19": 1}.get(name, 2)
    assert first_stride(name, (65, 65, 3)) == (expected, expected)


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("shape", [(65, 65, 3), (66, 90, 1), (8, 9, 1), (33, 8, 3)], ids=str)
def test_no_picture_it_takes_is_pooled_to_nothing(name, shape):
    graph = build(name, shape, 3).graph
    assert all(min(node.output_shape) > 0 for node in graph.nodes)


@pytest.mark.parametrize("name", OURS)
def test_a_small_form_is_small(name):
    """No dense layer of millions for a digit; and halved as often as leaves something to read."""
    graph = build(name, (32, 32, 3), 10).graph
    assert graph.answering_parameters < 22_000_000
    maps = [node for node in graph.answering if len(node.output_shape) == 3]
    assert maps[-1].output_shape[:2] == ((1, 1) if name.startswith("vgg") else (4, 4))
