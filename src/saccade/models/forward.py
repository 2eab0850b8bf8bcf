"""Runs a layer graph as one pure function, in one of two forms.

`patches`: activations lie as (channels, height, width, batch) and a convolution is one matrix
product with the patches under its kernel; the batch fills the vector lanes, which suits CPUs and
nets with a handful of channels (DESIGN section 5: 20,000 images/s against 2,800 for XLA's own).
`layers`: every layer as Keras has it, (batch, height, width, channels), XLA's own convolution; for
accelerators, and what the tests compare `patches` with.

A layer without a form of its own here runs as Keras has it under both.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from saccade.models.backend import jax
from saccade.models.graph import Graph, Node

jnp, lax = jax.numpy, jax.lax
Array = Any
Form = Literal["patches", "layers"]

# An activation that mixes classes or pixels (softmax) must see Keras' own layout.
ELEMENTWISE = frozenset(
    "linear relu relu6 leaky_relu elu selu celu gelu silu sigmoid tanh softplus softsign "
    "hard_sigmoid hard_silu hard_tanh mish exponential".split()
)


@dataclass(frozen=True)
class Mode:
    """How a pass is made. `key` feeds dropout; `step` counts finished updates.

    With `batch_norm_warmup` a moving average forgets at min(momentum, (1 + step) / (10 + step)), as
    the decks' do; a fixed 0.999 would still hold a third of the initial values at step 1,000.
    """

    training: bool = False
    key: Array = None
    step: Array = 0
    batch_norm_warmup: bool = False


@dataclass(frozen=True)
class Activation:
    """A value on its way: batch-first (n, h, w, c) or (n, features), or batch-last (c, h, w, n)."""

    array: Array
    last: bool = False

    def batch_first(self) -> Array:
        return self.array.transpose(3, 1, 2, 0) if self.last else self.array

    def batch_last(self) -> Array:
        return self.array if self.last else self.array.transpose(3, 1, 2, 0)


@dataclass(frozen=True)
class Pass:
    """One way through the graph: the weights going in, the moving averages coming out."""

    weights: Mapping[str, Array]
    mode: Mode
    form: Form
    updates: dict[str, Array] = field(default_factory=dict)

    def key(self, node: Node) -> Array:
        """A random key of this node's own."""
        return jax.random.fold_in(self.mode.key, node.position)


def forward(
    graph: Graph, weights: Mapping[str, Array], images: Array, *, form: Form, mode: Mode
) -> tuple[Array, dict[str, Array]]:
    """(logits [n, classes], new values of the weights that training moves by itself).

    `images` is float [n, height, width, channels], as `Preprocess` makes it.
    """
    run = Pass(weights, mode, form)
    values: dict[int, Activation] = {-1: Activation(images)}
    for node in graph.nodes:
        inputs = [values[i] for i in node.inputs]
        lowering = LOWERINGS.get(node.kind)
        value = lowering(node, run, *inputs) if lowering else None
        values[node.position] = as_keras(node, run, inputs) if value is None else value
    return values[len(graph.nodes) - 1].batch_first(), run.updates


def as_keras(node: Node, run: Pass, inputs: list[Activation]) -> Activation:
    """The layer as Keras has it, batch-first. Its random state comes from the pass's key."""
    layer, by_variable = node.layer, {id(v): name for name, v in node.weights}

    def values(variables: list[Any]) -> list[Array]:
        return [
            run.weights[by_variable[id(v)]]
            if id(v) in by_variable
            else jax.random.key_data(run.key(node)).astype(v.dtype)
            for v in variables
        ]

    arrays = [value.batch_first() for value in inputs]
    output, moved = layer.stateless_call(
        values(layer.trainable_variables),
        values(layer.non_trainable_variables),
        arrays if len(arrays) > 1 else arrays[0],
        **({"training": run.mode.training} if layer._call_has_training_arg else {}),
    )
    for variable, value in zip(layer.non_trainable_variables, moved, strict=True):
        if run.mode.training and id(variable) in by_variable:
            run.updates[by_variable[id(variable)]] = value
    return Activation(output)


def _convolution(node: Node, run: Pass, x: Activation) -> Activation | None:
    layer = node.layer
    if (
        run.form != "patches"
        or layer.groups != 1
        or set(layer.dilation_rate) != {1}
        or layer.data_format != "channels_last"
        or layer.activation.__name__ not in ELEMENTWISE
    ):
        return None
    y = convolve_patches(
        x.batch_last(), run.weights[node.weight("kernel")], layer.strides, layer.padding
    )
    if layer.use_bias:
        y = y + run.weights[node.weight("bias")][:, None, None, None]
    return Activation(layer.activation(y), last=True)


def convolve_patches(
    x: Array, kernel: Array, strides: tuple[int, int], padding: Literal["same", "valid"]
) -> Array:
    """Cross-correlation of x [c, h, w, n] with kernel [kh, kw, c, f] -> [f, h', w', n].

    Patches are static slices put one above the other: [kh*kw*c, h'*w'*n]. `padding` is Keras'.
    """
    high, wide, channels, filters = kernel.shape
    (rows, top, bottom), (columns, left, right) = (
        _extent(size, k, stride, padding)
        for size, k, stride in zip(x.shape[1:3], (high, wide), strides, strict=True)
    )
    x = jnp.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    down, across = strides
    patches = [
        lax.slice(
            x,
            (0, i, j, 0),
            (channels, i + (rows - 1) * down + 1, j + (columns - 1) * across + 1, x.shape[3]),
            (1, down, across, 1),
        )
        for i in range(high)
        for j in range(wide)
    ]
    product = kernel.reshape(-1, filters).T @ jnp.concatenate(patches).reshape(
        high * wide * channels, -1
    )
    return product.reshape(filters, rows, columns, x.shape[3])


def _extent(size: int, kernel: int, stride: int, padding: str) -> tuple[int, int, int]:
    """(output size, padding before, padding after) along one axis, as TensorFlow's SAME."""
    if padding == "valid":
        return (size - kernel) // stride + 1, 0, 0
    output = -(-size // stride)
    total = max((output - 1) * stride + kernel - size, 0)
    return output, total // 2, total - total // 2


def _batch_norm(node: Node, run: Pass, x: Activation) -> Activation | None:
    """Ioffe and Szegedy 2015; the variance is the batch's own (biased)."""
    layer = node.layer
    if layer.axis not in (-1, x.array.ndim - 1):
        return None
    channel = 0 if x.last else x.array.ndim - 1
    others = tuple(axis for axis in range(x.array.ndim) if axis != channel)
    shape = tuple(-1 if axis == channel else 1 for axis in range(x.array.ndim))
    moving_mean, moving_variance = node.weight("moving_mean"), node.weight("moving_variance")
    if run.mode.training and layer.trainable:
        mean, variance = x.array.mean(others), x.array.var(others)
        momentum = layer.momentum
        if run.mode.batch_norm_warmup:
            step = run.mode.step
            momentum = jnp.minimum(momentum, (1.0 + step) / (10.0 + step))
        for name, value in ((moving_mean, mean), (moving_variance, variance)):
            run.updates[name] = run.weights[name] * momentum + value * (1 - momentum)
    else:
        mean, variance = run.weights[moving_mean], run.weights[moving_variance]
    factor = lax.rsqrt(variance + layer.epsilon)
    if layer.scale:
        factor = factor * run.weights[node.weight("gamma")]
    shift = run.weights[node.weight("beta")] if layer.center else jnp.zeros_like(mean)
    y = (x.array - mean.reshape(shape)) * factor.reshape(shape) + shift.reshape(shape)
    return Activation(y, x.last)


def _dropout(node: Node, run: Pass, x: Activation) -> Activation | None:
    """Srivastava et al. 2014, scaled at training time; nothing to do otherwise."""
    rate = node.layer.rate
    if not run.mode.training or rate == 0:
        return x
    if node.layer.noise_shape is not None:
        return None
    kept = jax.random.bernoulli(run.key(node), 1 - rate, x.array.shape)
    return Activation(jnp.where(kept, x.array / (1 - rate), 0), x.last)


def _elementwise(node: Node, run: Pass, x: Activation) -> Activation | None:
    if node.layer.activation.__name__ not in ELEMENTWISE:
        return None
    return Activation(node.layer.activation(x.array), x.last)


def _dense(node: Node, run: Pass, x: Activation) -> Activation | None:
    layer = node.layer
    if x.array.ndim != 2 or layer.activation.__name__ not in ELEMENTWISE:
        return None
    y = x.array @ run.weights[node.weight("kernel")]
    if layer.use_bias:
        y = y + run.weights[node.weight("bias")]
    return Activation(layer.activation(y))


def _add(node: Node, run: Pass, *terms: Activation) -> Activation | None:
    if not all(term.last for term in terms):
        return None
    return Activation(sum(term.array for term in terms[1:]) + terms[0].array, last=True)


def _global_mean(node: Node, run: Pass, x: Activation) -> Activation | None:
    if not x.last or node.layer.keepdims:
        return None
    return Activation(x.array.mean((1, 2)).T)


LOWERINGS: Mapping[str, Callable[..., Activation | None]] = {
    "Conv2D": _convolution,
    "BatchNormalization": _batch_norm,
    "Dropout": _dropout,
    "Activation": _elementwise,
    "Dense": _dense,
    "Add": _add,
    "GlobalAveragePooling2D": _global_mean,
}
