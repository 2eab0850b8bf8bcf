"""A bundle, and what somebody made of it who can write manifests, too."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from saccade.bundle.files import MANIFEST, manifest_of
from saccade.export.bundle import export_bundle
from saccade.run.directory import Run


@pytest.fixture(scope="session")
def written(finished_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """The files of a bundle, written once."""
    place = export_bundle(finished_run, tmp_path_factory.mktemp("exported") / "bundle").path
    return {each.name: each.read_bytes() for each in place.iterdir()}


@pytest.fixture
def forged(written: Mapping[str, bytes], tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a bundle with other files, and a manifest that has their hashes."""

    def write(changed: Mapping[str, bytes] | None = None, name: str = "bundle") -> Path:
        place = tmp_path / name
        place.mkdir()
        content = {**written, **(changed or {})}
        del content[MANIFEST]
        for file, data in {**content, MANIFEST: manifest_of(content, {})}.items():
            (place / file).write_bytes(data)
        return place

    return write


def network(
    nodes: Sequence[Any] = (),
    constants: Mapping[str, np.ndarray] | None = None,
    last: str = "floats",
) -> Any:
    """A network that is right: 4x4 grey pictures, floats [batch, 16] flattened, two classes.

    `nodes` come between `floats` and the classes, for which they leave [batch, 16] in `last`.
    """
    kernel = np.random.default_rng(0).normal(size=(16, 2)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["pixels"], ["cast"], to=1),
            helper.make_node("Flatten", ["cast"], ["floats"]),
            *nodes,
            helper.make_node("Gemm", [last, "kernel"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"]),
        ],
        "saccade",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["batch", 4, 4, 1])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 2])
            for name in ("logits", "probabilities")
        ],
        [
            numpy_helper.from_array(value, name)
            for name, value in {"kernel": kernel, **(constants or {})}.items()
        ],
    )
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def outside(tensor: Any) -> None:
    """Makes a tensor one whose numbers lie in another file."""
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")


def external(model: Any) -> None:
    outside(model.graph.initializer[0])


def external_without_saying_so(model: Any) -> None:
    model.graph.initializer[0].external_data.add(key="location", value="/etc/passwd")


def in_memory(model: Any) -> None:
    """ONNX Runtime's own mark for numbers that lie at an address."""
    outside(model.graph.initializer[0])
    told = model.graph.initializer[0].external_data
    told[0].value = "*/_ORT_MEM_ADDR_/*"
    told.add(key="offset", value="4096")
    told.add(key="length", value="128")


def tensor_of_a_node(model: Any) -> None:
    tensor = numpy_helper.from_array(np.zeros((16, 2), np.float32))
    outside(tensor)
    model.graph.node.insert(0, helper.make_node("Constant", [], ["kernel"], value=tensor))
    del model.graph.initializer[:]


def sparse(model: Any) -> None:
    values = numpy_helper.from_array(np.ones(16, np.float32), "kernel")
    outside(values)
    places = numpy_helper.from_array(np.arange(16), "places")
    del model.graph.initializer[:]
    told = helper.make_sparse_tensor(values, places, [16, 2])
    model.graph.sparse_initializer.append(told)


def graph_in(operator: str) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        inner = network().graph
        outside(inner.initializer[0])
        model.graph.node[0].op_type = operator
        model.graph.node[0].attribute.append(helper.make_attribute("body", inner))

    return change


def domain(model: Any) -> None:
    model.graph.node[0].domain = "com.microsoft"
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))


def domain_unused(model: Any) -> None:
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))


def function(model: Any) -> None:
    node = helper.make_node("Identity", ["x"], ["y"])
    opsets = [helper.make_opsetid("", 17)]
    model.functions.append(helper.make_function("", "Relu", ["x"], ["y"], [node], opsets))


def training(model: Any) -> None:
    model.training_info.add().algorithm.CopyFrom(network().graph)


def unknown_field(model: Any) -> None:
    model.MergeFromString(bytes([0xFA, 0x3E, 3]) + b"abc")


CHANGES: tuple[Callable[[Any], None], ...] = (
    external,
    external_without_saying_so,
    in_memory,
    tensor_of_a_node,
    sparse,
    graph_in("If"),
    graph_in("Loop"),
    graph_in("Scan"),
    graph_in("SequenceMap"),
    graph_in("Relu"),
    domain,
    domain_unused,
    function,
    training,
    unknown_field,
)


@pytest.fixture(scope="session")
def small_network() -> Callable[..., Any]:
    """`network`."""
    return network


@pytest.fixture(scope="session")
def hostile() -> Mapping[str, bytes]:
    """Networks that ask for what none may: other files, other code, graphs in graphs."""
    made = {}
    for number, change in enumerate(CHANGES):
        model = network()
        change(model)
        made[f"{number}-{change.__name__}"] = model.SerializeToString()
    return made
