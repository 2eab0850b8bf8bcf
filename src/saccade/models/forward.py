"""Runs a layer graph as one pure function, in one of three forms.

`patches`: activations lie as (channels, height, width, batch) and a convolution is one matrix
product with the patches under its kernel; the batch fills the vector lanes, which suits CPUs and
nets with a handful of channels (DESIGN section 5: 20,000 images/s against 2,800 for XLA's own).
`direct`: (batch, height, width, channels), XLA's own convolution with a better input gradient; for
CPUs and nets of many channels, outside a loop.
`layers`: every layer as Keras has it, (batch, height, width, channels), XLA's own convolution; for
accelerators, and what the tests compare the others with.

A layer without a form of its own here runs as Keras has it under all.

A batch may go through in parts: XLA computes on several cores at once what does not depend on each
other. Layers that look at the whole batch see all parts; no result changes but by rounding.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from saccade.models.backend import jax, keras
from saccade.models.direct import convolve_direct
from saccade.models.graph import Graph, Node
from saccade.models.normalise import normalise
from saccade.models.patches import convolve_patches, pool_max, pool_mean

jnp, lax = jax.numpy, jax.lax
Array = Any
Form = Literal["patches", "direct", "layers"]

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

    @property
    def pictures(self) -> int:
        """How many there are."""
        return int(self.array.shape[-1 if self.last else 0])

    def batch_first(self) -> Array:
        return self.array.transpose(3, 1, 2, 0) if self.last else self.array

    def batch_last(self) -> Array:
        return self.array if self.last else self.array.transpose(3, 1, 2, 0)


Parts = tuple[Activation, ...]  # of one batch, in order


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
    graph: Graph,
    weights: Mapping[str, Array],
    images: Array,
    *,
    form: Form,
    mode: Mode,
    parts: int = 1,
) -> tuple[Array, dict[str, Array]]:
    """(logits [n, classes], new values of the weights that training moves by itself).

    `images` is float [n, height, width, channels], as `Preprocess` makes it. The one unit z of a
    binary net becomes the logits (0, z): their softmax is its sigmoid, their cross entropy its own.
    """
    run = Pass(weights, mode, form)
    return logits_of(graph, activations(graph, run, images, parts)), run.updates


def activations(graph: Graph, run: Pass, images: Array, parts: int = 1) -> dict[int, Parts]:
    """What every layer gives, by its position; -1 is `images`."""
    values = {-1: tuple(Activation(part) for part in jnp.array_split(images, parts))}
    for node in graph.nodes:
        values[node.position] = _through(node, run, [values[i] for i in node.inputs])
    return values


def logits_of(graph: Graph, values: Mapping[int, Parts]) -> Array:
    """[n, classes] of all that its layers gave."""
    logits = whole(values[len(graph.nodes) - 1]).batch_first()
    if graph.binary:
        logits = jnp.concatenate([jnp.zeros_like(logits), logits], axis=1)
    return logits


def _through(node: Node, run: Pass, inputs: list[Parts]) -> Parts:
    """A layer's output, part by part where its form allows it."""
    if together := TOGETHER.get(node.kind):
        values = together(node, run, inputs[0])
    elif lowering := LOWERINGS.get(node.kind):
        each = [lowering(node, run, *part) for part in zip(*inputs, strict=True)]
        done = tuple(value for value in each if value is not None)
        values = done if len(done) == len(each) else None
    else:
        values = None
    if values is not None:
        return values
    return _apart(as_keras(node, run, [whole(parts) for parts in inputs]), inputs[0])


def whole(parts: Parts) -> Activation:
    """The batch in one piece."""
    if len(parts) == 1:
        return parts[0]
    return Activation(jnp.concatenate([part.batch_first() for part in parts]))


def _apart(whole: Activation, like: Parts) -> Parts:
    """The batch in the pieces that `like` has."""
    ends = np.cumsum([part.pictures for part in like])[:-1]
    return tuple(Activation(array) for array in jnp.split(whole.batch_first(), ends))


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


def is_elementwise(activation: Any) -> bool:
    """Whether it is one of Keras' activations that look at one value at a time."""
    name = getattr(activation, "__name__", "")
    return name in ELEMENTWISE and getattr(keras.activations, name, None) is activation


def _convolution(node: Node, run: Pass, x: Activation) -> Activation | None:
    layer = node.layer
    if (
        run.form == "layers"
        or layer.groups != 1
        or set(layer.dilation_rate) != {1}
        or layer.data_format != "channels_last"
        or not is_elementwise(layer.activation)
    ):
        return None
    kernel = run.weights[node.weight("kernel")]
    last = run.form == "patches"
    if last:
        y = convolve_patches(x.batch_last(), kernel, layer.strides, layer.padding)
    else:
        y = convolve_direct(x.batch_first(), kernel, layer.strides, layer.padding)
    if layer.use_bias:
        bias = run.weights[node.weight("bias")]
        y = y + (bias[:, None, None, None] if last else bias)
    return Activation(layer.activation(y), last)


def _pooling(
    pool: Callable[..., Array],
) -> Callable[[Node, Pass, Activation], Activation | None]:
    def lowering(node: Node, run: Pass, x: Activation) -> Activation | None:
        layer = node.layer
        if run.form == "layers" or layer.data_format != "channels_last":
            return None
        last = run.form == "patches"
        y = pool(
            x.batch_last() if last else x.batch_first(),
            layer.pool_size,
            layer.strides,
            layer.padding,
        )
        return Activation(y, last)

    return lowering


def _batch_norm(node: Node, run: Pass, parts: Parts) -> Parts | None:
    layer, axes = node.layer, parts[0].array.ndim
    if layer.axis not in (-1, axes - 1) or not _alike(parts):
        return None
    last = parts[0].last
    channel = 0 if last else axes - 1
    moving_mean, moving_variance = node.weight("moving_mean"), node.weight("moving_variance")
    mean, variance = run.weights[moving_mean], run.weights[moving_variance]
    gamma = run.weights[node.weight("gamma")] if layer.scale else jnp.ones_like(mean)
    beta = run.weights[node.weight("beta")] if layer.center else jnp.zeros_like(mean)
    arrays = tuple(part.array for part in parts)
    if not (run.mode.training and layer.trainable):
        shape = tuple(-1 if axis == channel else 1 for axis in range(axes))
        factor = (lax.rsqrt(variance + layer.epsilon) * gamma).reshape(shape)
        moved = [(x - mean.reshape(shape)) * factor + beta.reshape(shape) for x in arrays]
        return tuple(Activation(x, last) for x in moved)
    normal, mean, variance = normalise(arrays, gamma, beta, layer.epsilon, channel)
    momentum = layer.momentum
    if run.mode.batch_norm_warmup:
        momentum = jnp.minimum(momentum, (1.0 + run.mode.step) / (10.0 + run.mode.step))
    for name, value in ((moving_mean, mean), (moving_variance, variance)):
        run.updates[name] = run.weights[name] * momentum + value * (1 - momentum)
    return tuple(Activation(x, last) for x in normal)


def _dropout(node: Node, run: Pass, parts: Parts) -> Parts | None:
    """Srivastava et al. 2014, scaled at training time; nothing to do otherwise.

    What is dropped is drawn for the whole batch, so that it does not depend on the parts.
    """
    rate = node.layer.rate
    if not run.mode.training or rate == 0:
        return parts
    if node.layer.noise_shape is not None or not _alike(parts):
        return None
    batch = -1 if parts[0].last else 0
    shape = list(parts[0].array.shape)
    shape[batch] = sum(part.pictures for part in parts)
    ends = np.cumsum([part.pictures for part in parts])[:-1]
    kept = jnp.split(jax.random.bernoulli(run.key(node), 1 - rate, tuple(shape)), ends, batch)
    return tuple(
        Activation(jnp.where(keep, part.array / (1 - rate), 0), part.last)
        for keep, part in zip(kept, parts, strict=True)
    )


def _elementwise(node: Node, run: Pass, x: Activation) -> Activation | None:
    if not is_elementwise(node.layer.activation):
        return None
    return Activation(node.layer.activation(x.array), x.last)


def _one_by_one(node: Node, run: Pass, x: Activation) -> Activation | None:
    """A layer that does the same to every value, wherever it lies."""
    return Activation(node.layer.call(x.array), x.last)


def _rescaling(node: Node, run: Pass, x: Activation) -> Activation | None:
    scale, offset = node.layer.scale, node.layer.offset
    if not all(isinstance(number, int | float) for number in (scale, offset)):
        return None  # a number a channel
    return Activation(x.array * scale + offset, x.last)


def _zero_padding(node: Node, run: Pass, x: Activation) -> Activation | None:
    if node.layer.data_format != "channels_last":
        return None
    return Activation(jnp.pad(x.array, ((0, 0), *node.layer.padding, (0, 0))), x.last)


def _dense(node: Node, run: Pass, x: Activation) -> Activation | None:
    layer = node.layer
    if x.array.ndim != 2 or not is_elementwise(layer.activation):
        return None
    y = x.array @ run.weights[node.weight("kernel")]
    if layer.use_bias:
        y = y + run.weights[node.weight("bias")]
    return Activation(layer.activation(y))


def _alike(values: tuple[Activation, ...]) -> bool:
    """Whether their axes lie in the same order."""
    return len({value.last for value in values}) == 1


def _add(node: Node, run: Pass, *terms: Activation) -> Activation | None:
    if not _alike(terms):
        return None
    return Activation(sum(term.array for term in terms[1:]) + terms[0].array, terms[0].last)


def _concatenate(node: Node, run: Pass, *parts: Activation) -> Activation | None:
    if node.layer.axis not in (-1, 3) or parts[0].array.ndim != 4 or not _alike(parts):
        return None
    last = parts[0].last
    return Activation(jnp.concatenate([part.array for part in parts], 0 if last else 3), last)


def _global(pool: Callable[..., Array]) -> Callable[[Node, Pass, Activation], Activation | None]:
    def lowering(node: Node, run: Pass, x: Activation) -> Activation | None:
        if node.layer.keepdims or node.layer.data_format != "channels_last":
            return None
        y = pool(x.array, (1, 2))
        return Activation(y.T if x.last else y)

    return lowering


LOWERINGS: Mapping[str, Callable[..., Activation | None]] = {
    "Conv2D": _convolution,
    "MaxPooling2D": _pooling(pool_max),
    "AveragePooling2D": _pooling(pool_mean),
    "ZeroPadding2D": _zero_padding,
    "Activation": _elementwise,
    "ReLU": _one_by_one,
    "LeakyReLU": _one_by_one,
    "ELU": _one_by_one,
    "Rescaling": _rescaling,
    "Dense": _dense,
    "Add": _add,
    "Concatenate": _concatenate,
    "GlobalAveragePooling2D": _global(jnp.mean),
    "GlobalMaxPooling2D": _global(jnp.max),
}
# Those that look at the whole batch.
TOGETHER: Mapping[str, Callable[[Node, Pass, Parts], Parts | None]] = {
    "BatchNormalization": _batch_norm,
    "Dropout": _dropout,
}
