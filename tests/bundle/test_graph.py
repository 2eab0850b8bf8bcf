"""What a network's file may say, and how much memory it may ask for."""

import inspect
import itertools
import random
import re
import time

import numpy as np
import pytest
from onnx import TensorProto, defs, helper

from saccade.bundle.graph import OPERATORS, OWN, look_through
from saccade.bundle.model import Model
from saccade.core.errors import BadBundle
from saccade.export import (
    activations,
    convolutions,
    layers,
    merging,
    network,
    normalisations,
    shapes,
    writer,
)

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 4, 4, 1), dtype=np.uint8)


def refused(network, says=""):
    data = network if isinstance(network, bytes) else network.SerializeToString()
    with pytest.raises(BadBundle) as caught:
        look_through(data)
    assert says in str(caught.value)
    assert "model.onnx" in str(caught.value) and len(str(caught.value)) < 400


def test_what_asks_for_other_files_or_other_code(hostile):
    assert len(hostile) > 10
    for data in hostile.values():
        refused(data, "parts that are not run here")


@pytest.mark.parametrize(
    "operator", ["Constant", "ConstantOfShape", "Tile", "Range", "RandomNormal", "OneHot", "Einsum"]
)
def test_operators_that_nobody_exports(small_network, operator):
    assert operator not in OPERATORS
    network = small_network()
    network.graph.node[1].op_type = operator
    refused(network, operator)


@pytest.mark.parametrize("data", [b"", b"\0", b"nonsense", bytes(99), b"\x80\x04N.", b"\x3a" * 9])
def test_what_is_no_network(data):
    refused(data)


def value(name, kind=TensorProto.FLOAT, shape=("batch", 2)):
    return helper.make_tensor_value_info(name, kind, shape)


@pytest.mark.parametrize(
    "inputs, outputs",
    [
        ([], None),
        ([value("x", TensorProto.UINT8, ["n", 4, 4, 1])], None),
        ([value("pixels", TensorProto.UINT8, ["n", 4, 4])], None),
        ([value("pixels", TensorProto.UINT8, ["n", 4, 4, 1, 1])], None),
        ([value("pixels", TensorProto.UINT8, ["n", 4, "w", 1])], None),
        ([value("pixels", TensorProto.UINT8, ["n", 4, -4, 1])], None),
        ([value("pixels", TensorProto.UINT8, ["n", 4, 1 << 40, 1])], None),
        ([value("pixels", TensorProto.UINT8, ["n", 0, 4, 1])], None),
        ([value("pixels", TensorProto.UINT8, [1, 4, 4, 1])], None),
        ([value("pixels", TensorProto.UINT8, [])], None),
        ([value("pixels", TensorProto.UINT8, None)], None),
        ([value("pixels", TensorProto.FLOAT, ["n", 4, 4, 1])], None),
        ([value("pixels", TensorProto.STRING, ["n", 4, 4, 1])], None),
        ([value("pixels", TensorProto.UINT8, ["n", 4, 4, 1])] * 2, None),
        ([helper.make_tensor_sequence_value_info("pixels", 2, ["n", 4, 4, 1])], None),
        (None, []),
        (None, [value("logits")]),
        (None, [value("logits"), value("probabilities"), value("more")]),
        (None, [value("logits"), value("probabilities", TensorProto.DOUBLE)]),
        (None, [value("logits"), value("probabilities", TensorProto.STRING)]),
        (None, [value("logits"), value("probabilities", shape=["n", 1 << 30])]),
        (None, [value("logits"), value("probabilities", shape=["n", "c"])]),
        (None, [value("logits"), value("probabilities", shape=["n"])]),
        (None, [value("logits"), value("probabilities", shape=[3, 2])]),
    ],
)
def test_other_ends(small_network, inputs, outputs):
    network = small_network()
    for kept, others in ((network.graph.input, inputs), (network.graph.output, outputs)):
        if others is not None:
            del kept[:]
            kept.extend(others)
    refused(network)


def test_more_classes_than_it_says_are_seen_when_it_runs(small_network):
    network = small_network()
    for output in network.graph.output:
        output.type.tensor_type.shape.dim[1].dim_value = 3
    with pytest.raises(BadBundle):
        Model(network.SerializeToString(), 1).answer(PIXELS)


@pytest.mark.parametrize("name", [b"Softmax", b"probabilities", b"pixels", b"kernel", b"saccade"])
def test_names_that_are_no_text(small_network, name):
    data = small_network().SerializeToString()
    assert name in data
    changed = data.replace(name, b"\xff" * len(name))
    if name in (b"kernel", b"saccade"):  # they say nothing
        Model(changed, 1).answer(PIXELS)
    else:
        refused(changed)


def test_nodes_in_a_circle(small_network):
    nodes = [
        helper.make_node("Add", ["floats", "b"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
    ]
    with pytest.raises(BadBundle):
        Model(small_network(nodes, last="b").SerializeToString(), 1)


def doubled(times):
    """Concat of a value with itself, over and over."""
    names = ["floats", *(f"doubled_{i}" for i in range(times))]
    ends = itertools.pairwise(names)
    return [helper.make_node("Concat", [a, a], [b], axis=1) for a, b in ends], names[-1]


def sliced(name):
    """[batch, many] -> [batch, 16], as `network` wants it."""
    return helper.make_node("Slice", [name, "zero", "sixteen", "one"], ["sixteen_of"])


SLICING = {
    name: np.array([number], np.int64)
    for name, number in (("zero", 0), ("sixteen", 16), ("one", 1))
}


@pytest.mark.parametrize("times, together", [(10, 64), (19, 16), (20, 4), (23, 1)])
def test_large_networks_take_few_pictures_at_once(small_network, times, together):
    nodes, last = doubled(times)
    network = small_network([*nodes, sliced(last)], SLICING, "sixteen_of")
    assert look_through(network.SerializeToString()).together == together


@pytest.mark.parametrize("times", [24, 40, 62, 70, 3000])
def test_a_network_that_doubles_what_it_has(small_network, times):
    nodes, last = doubled(times)
    began = time.process_time()
    refused(small_network([*nodes, sliced(last)], SLICING, "sixteen_of"))
    assert time.process_time() - began < 20


GROWING = {
    "expanded": [
        helper.make_node("Reshape", ["floats", "picture"], ["small"]),
        helper.make_node("Expand", ["small", "huge"], ["large"]),
        helper.make_node("Flatten", ["large"], ["grown"]),
    ],
    "padded": [helper.make_node("Pad", ["floats", "pads"], ["grown"])],
    "resized": [
        helper.make_node("Reshape", ["floats", "picture"], ["small"]),
        helper.make_node("Resize", ["small", "", "scales"], ["large"], mode="nearest"),
        helper.make_node("Flatten", ["large"], ["grown"]),
    ],
    "each with each": [
        helper.make_node("Reshape", ["floats", "column"], ["down"]),
        helper.make_node("Transpose", ["down"], ["across"], perm=[1, 0]),
        helper.make_node("MatMul", ["down", "across"], ["square"]),
        helper.make_node("Reshape", ["square", "column"], ["down_2"]),
        helper.make_node("Transpose", ["down_2"], ["across_2"], perm=[1, 0]),
        helper.make_node("Mul", ["down_2", "across_2"], ["square_2"]),
        helper.make_node("Reshape", ["square_2", "column"], ["down_3"]),
        helper.make_node("Transpose", ["down_3"], ["across_3"], perm=[1, 0]),
        helper.make_node("Add", ["down_3", "across_3"], ["grown"]),
    ],
}
NUMBERS = {
    "pads": np.array([0, 0, 0, 1 << 40], np.int64),
    "picture": np.array([-1, 1, 4, 4], np.int64),
    "huge": np.array([1, 1 << 30, 4, 4], np.int64),
    "scales": np.array([1, 1, 1e5, 1e5], np.float32),
    "column": np.array([-1, 1], np.int64),
}


@pytest.mark.parametrize("how", GROWING)
def test_a_network_that_makes_much_of_little(small_network, how):
    constants = {**SLICING, **NUMBERS}
    refused(small_network([*GROWING[how], sliced("grown")], constants, "sixteen_of"), "numbers")


def test_a_size_that_only_running_it_would_tell(small_network):
    nodes = [
        helper.make_node("Cast", ["floats"], ["whole"], to=TensorProto.INT64),
        helper.make_node("Reshape", ["whole", "flat"], ["numbers"]),
        helper.make_node("Slice", ["numbers", "zero", "one"], ["end"]),
        helper.make_node("Slice", ["floats", "zero", "end", "one"], ["grown"]),
    ]
    flat = {"flat": np.array([-1], np.int64), **SLICING}
    refused(small_network([*nodes, sliced("grown")], flat, "sixteen_of"), "how large `grown`")


def test_a_last_size_that_only_running_it_would_tell(small_network):
    """Said to be two classes, padded by as much as the picture asks for."""
    network = small_network(constants={"four": np.array([4], np.int64), **SLICING})
    *first, _, last = network.graph.node
    added = [
        helper.make_node("Cast", ["floats"], ["whole"], to=TensorProto.INT64),
        helper.make_node("Slice", ["whole", "zero", "one", "zero"], ["row"]),
        helper.make_node("Reshape", ["row", "sixteen"], ["numbers"]),
        helper.make_node("Slice", ["numbers", "zero", "four"], ["pads"]),
        helper.make_node("Pad", ["floats", "pads"], ["logits"]),
    ]
    del network.graph.node[:]
    network.graph.node.extend([*first, *added, last])
    network.graph.output[0].CopyFrom(value("logits", shape=[64, 2]))
    refused(network, "how large `logits`")


def test_what_a_file_says_of_its_sizes_is_not_believed(small_network):
    nodes, last = doubled(40)
    network = small_network([*nodes, sliced(last)], SLICING, "sixteen_of")
    network.graph.value_info.extend(value(node.output[0]) for node in nodes)
    refused(network, "value_info")


@pytest.mark.parametrize("dims", [[1 << 62, 1 << 62], [-1, 2], [0, 2], [16, 2, 1 << 40], []])
def test_weights_of_other_sizes_than_they_say(small_network, dims):
    network = small_network()
    network.graph.initializer[0].dims[:] = dims
    with pytest.raises(BadBundle):
        Model(network.SerializeToString(), 1).answer(PIXELS)


def test_a_damaged_file_never_crashes(small_network):
    """In this process: a crash would end the tests."""
    whole = small_network().SerializeToString()
    draw = random.Random(0)
    right = Model(whole, 1).answer(PIXELS)[0].shape
    answered = 0
    for _ in range(600):
        data = bytearray(whole)
        for _ in range(draw.randint(1, 3)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        try:
            assert Model(bytes(data), 1).answer(PIXELS)[0].shape == right
            answered += 1
        except BadBundle:
            pass
    assert 0 < answered < 600


def test_every_operator_that_is_exported_may_run():
    files = (activations, convolutions, layers, merging, network, normalisations, shapes)
    source = "".join(map(inspect.getsource, (*files, writer)))
    words = re.findall(r'(?<!    )"([A-Z]\w+)"', source)  # after four spaces stands a layer's name
    assert {word for word in words if defs.has(word)} == OWN
