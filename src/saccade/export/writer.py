"""What an ONNX graph is written with: values that know how they lie, and a writer that adds nodes.

Keras has pictures as (height, width, channels), ONNX Runtime computes with (channels, height,
width). A value says which of the two it is; it is turned over only where a layer cannot do without.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from saccade.bundle.graph import INPUT
from saccade.core.errors import BadUsage

# ONNX Runtime has had both since 1.14 (2023); newer ones add nothing that is needed here.
OPSET, IR_VERSION = 17, 8
BATCH = "batch"


class NoRule(BadUsage):
    """A layer, or a setting of one, that nobody has written down in ONNX here."""


@dataclass(frozen=True)
class Value:
    """A tensor of the graph.

    `shape` is as Keras has it, without the batch. With `first` it lies as (channels, height,
    width). `flat` is set on a vector that was a picture of this (height, width, channels) and whose
    numbers still stand channel by channel.
    """

    name: str
    shape: tuple[int, ...]
    first: bool = False
    flat: tuple[int, int, int] | None = None

    def as_it_lies(self, name: str) -> "Value":
        """Another value that lies as this one does."""
        return replace(self, name=name)


@dataclass(eq=False)
class Writer:
    """Collects nodes and constants. `weights` are a network's, by full name."""

    weights: Mapping[str, np.ndarray]
    nodes: list[Any] = field(default_factory=list)
    constants: dict[str, Any] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    _turned: dict[tuple[str, bool], Value] = field(default_factory=dict)
    _kept: dict[tuple[Any, ...], str] = field(default_factory=dict)

    def add(
        self, operator: str, inputs: Sequence[str], attributes: Mapping[str, Any] | None = None
    ) -> str:
        """A node of one output, whose name it returns."""
        name = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(operator, list(inputs), [name], name=name, **(attributes or {}))
        )
        return name

    def maker(self, name: str, operator: str) -> Any | None:
        """The node that gives this value, if it is of this operator."""
        of_it = (node for node in self.nodes if name in node.output and node.op_type == operator)
        return next(of_it, None)

    def constant(self, values: Any, dtype: Any = np.float32) -> str:
        """A constant, one for all that are equal."""
        array = np.asarray(values, dtype, order="C")  # one number stays without axes: it is quicker
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._kept:
            name = f"constant_{len(self.constants)}"
            self.constants[name] = numpy_helper.from_array(array, name)
            self._kept[key] = name
        return self._kept[key]

    def channels_first(self, value: Value) -> Value:
        """A picture as (channels, height, width)."""
        return value if value.first else self._turn(value, (0, 3, 1, 2))

    def channels_last(self, value: Value) -> Value:
        """A picture as (height, width, channels), a vector in the order Keras has it in."""
        if value.flat is not None:
            height, width, channels = value.flat
            picture = self.shaped(value, (channels, height, width))
            turned = self._turn(replace(picture, shape=value.flat, first=True), (0, 2, 3, 1))
            return self.shaped(turned, value.shape)
        return self._turn(value, (0, 2, 3, 1)) if value.first else value

    def shaped(self, value: Value, shape: Sequence[int]) -> Value:
        """The same numbers in another shape, as they lie."""
        name = self.add("Reshape", [value.name, self.constant([-1, *shape], np.int64)])
        return Value(name, tuple(shape))

    def alike(self, values: Sequence[Value]) -> list[Value]:
        """All in one order, that of the pictures among them."""
        if any(value.first for value in values):
            return [self.channels_first(value) for value in values]
        return [self.channels_last(value) for value in values]

    def by_channel(self, numbers: np.ndarray, value: Value) -> str:
        """A constant, a number a channel, that spreads along a value as it lies."""
        shape = (-1, 1, 1) if value.first else (-1,)
        return self.constant(np.asarray(numbers, np.float32).reshape(shape))

    def _turn(self, value: Value, order: tuple[int, int, int, int]) -> Value:
        to_first = order[1] == 3
        if (value.name, to_first) not in self._turned:
            height, width, channels = value.shape
            if 1 in (channels, height * width):
                # Nothing moves: the numbers are only counted otherwise.
                shape = (channels, height, width) if to_first else value.shape
                name = self.shaped(value, shape).name
            else:
                name = self.add("Transpose", [value.name], {"perm": order})
            turned = Value(name, value.shape, first=to_first)
            self._turned[value.name, to_first] = turned
            self._turned[name, not to_first] = value
        return self._turned[value.name, to_first]

    def output(self, name: str, operator: str, value: str) -> None:
        """A last node, whose output has a name for whoever runs the file."""
        self.nodes.append(helper.make_node(operator, [value], [name], name=name))
        self.outputs.append(name)

    def model(self, pictures: tuple[int, int, int], classes: int, told: Mapping[str, str]) -> bytes:
        """The file: uint8 `pixels` [batch, *pictures] in, float32 [batch, classes] outputs out.

        `told` stands in the file for whoever opens it elsewhere.
        """
        tensor = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes,
            "saccade",
            [tensor(INPUT, TensorProto.UINT8, [BATCH, *pictures])],
            [tensor(name, TensorProto.FLOAT, [BATCH, classes]) for name in self.outputs],
            [*self.constants.values()],
        )
        made = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="saccade",
        )
        helper.set_model_props(made, dict(told))
        onnx.checker.check_model(made, full_check=True)
        written: bytes = made.SerializeToString(deterministic=True)
        return written
