"""Layers in forms of our own: each a function of its node, the pass, and what comes in.

One gives None where it has no form for a layer's settings: Keras' own is taken then.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from saccade.models.activation import Activation, Parts, Pass, is_elementwise
from saccade.models.backend import jax
from saccade.models.depthwise import convolve_depthwise
from saccade.models.direct import convolve_direct
from saccade.models.graph import Graph, Node
from saccade.models.grouped import convolve_grouped
from saccade.models.normalise import normalise
from saccade.models.patches import Padding, convolve_patches
from saccade.models.pooling import pool_max, pool_mean
from saccade.models.precision import lowered
from saccade.models.weight_norm import multiplied_out
from saccade.models.winograd import convolve_winograd, pays

jnp, lax = jax.numpy, jax.lax
Array = Any


def _own_form(node: Node, run: Pass) -> bool:
    """Whether this module may compute a convolution; else Keras does."""
    layer = node.layer
    return (
        run.form != "layers"
        and set(layer.dilation_rate) == {1}
        and layer.data_format == "channels_last"
        and is_elementwise(layer.activation)
    )


def _convolution(node: Node, run: Pass, x: Activation) -> Activation | None:
    layer = node.layer
    # Groups have no batch-last form: networks that are computed so have few channels.
    if not _own_form(node, run) or (layer.groups > 1 and run.form == "patches"):
        return None
    kernel = run.kernel(node.weight("kernel"))
    if layer.groups == 1:
        return _finished(node, run, _convolve(run, x, kernel, layer.strides, layer.padding))

    def ordinary(channels: Array, kernel: Array) -> Array:
        one = Activation(channels)
        return _convolve(run, one, kernel, layer.strides, layer.padding).array

    y = convolve_grouped(ordinary, x.batch_first(), kernel, layer.groups)
    return _finished(node, run, Activation(y))


def _weight_norm_convolution(node: Node, run: Pass, x: Activation) -> Activation | None:
    layer = node.layer
    if run.form == "layers":
        return None
    direction, gamma = (run.weights[node.weight(name)] for name in ("direction", "gamma"))
    kernel = lowered(multiplied_out(direction, gamma), run.mode.precision)
    return _finished(node, run, _convolve(run, x, kernel, layer.strides, layer.padding))


def _depthwise(node: Node, run: Pass, x: Activation) -> Activation | None:
    if not _own_form(node, run):
        return None
    return _finished(node, run, _each_channel(node, run, x, "kernel"))


def _separable(node: Node, run: Pass, x: Activation) -> Activation | None:
    if not _own_form(node, run):
        return None
    x = _each_channel(node, run, x, "depthwise_kernel")
    across = run.kernel(node.weight("pointwise_kernel"))
    return _finished(node, run, _convolve(run, x, across, (1, 1), "valid"))


def _each_channel(node: Node, run: Pass, x: Activation, kernel: str) -> Activation:
    layer, last = node.layer, run.form == "patches"
    array = x.batch_last() if last else x.batch_first()
    kernels = run.weights[node.weight(kernel)]
    y = convolve_depthwise(array, kernels, layer.strides, layer.padding, last=last)
    return Activation(y.astype(array.dtype), last)


def _convolve(
    run: Pass, x: Activation, kernel: Array, strides: tuple[int, int], padding: Padding
) -> Activation:
    if run.form == "patches":
        return Activation(convolve_patches(x.batch_last(), kernel, strides, padding), last=True)
    # Winograd's sums of values take more bits than bfloat16 has.
    if pays(kernel, strides) and run.mode.precision == "float32":
        return Activation(convolve_winograd(x.batch_first(), kernel, padding))
    return Activation(convolve_direct(x.batch_first(), kernel, strides, padding))


def _finished(node: Node, run: Pass, x: Activation) -> Activation:
    """With the layer's bias and activation."""
    layer, y = node.layer, x.array
    if layer.use_bias:
        bias = run.weights[node.weight("bias")]
        y = (y + (bias[:, None, None, None] if x.last else bias)).astype(y.dtype)
    return Activation(layer.activation(y), x.last)


def _pooling(
    pool: Callable[..., Array],
) -> Callable[[Node, Pass, Activation], Activation | None]:
    def lowering(node: Node, run: Pass, x: Activation) -> Activation | None:
        layer, last = node.layer, run.form == "patches"
        # XLA's own pooling takes batch-first pictures, and is slow in nothing but its slope.
        as_keras = run.form == "layers" or not (last or run.mode.training)
        if as_keras or layer.data_format != "channels_last":
            return None
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
        both = zip(moved, arrays, strict=True)
        return tuple(Activation(y.astype(x.dtype), last) for y, x in both)
    normal, mean, variance = normalise(arrays, gamma, beta, layer.epsilon, channel)
    momentum = layer.momentum
    if run.mode.batch_norm_warmup:
        momentum = jnp.minimum(momentum, (1.0 + run.mode.step) / (10.0 + run.mode.step))
    for name, value in ((moving_mean, mean), (moving_variance, variance)):
        run.updates[name] = run.weights[name] * momentum + value * (1 - momentum)
    return tuple(Activation(x, last) for x in normal)


def _dropout(node: Node, run: Pass, parts: Parts) -> Parts | None:
    """Srivastava et al. 2014, scaled at training time; nothing to do otherwise.

    What is dropped is drawn for the whole batch, so that it does not depend on the parts; with the
    fewest bits that hold the rate, since drawing takes longer than dropping (docs/lab-notes.md).
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
    bits = 8 if rate * 256 % 1 == 0 else 16
    drawn = jax.random.bits(run.key(node), tuple(shape), f"uint{bits}").astype(jnp.int32)
    kept = jnp.split(drawn >= round(rate * 2**bits), ends, batch)
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
    name = node.weight("kernel")
    y = lax.dot_general(
        x.array, run.kernel(name), (((1,), (1 if name in run.turned else 0,)), ((), ()))
    )
    if layer.use_bias:
        y = (y + run.weights[node.weight("bias")]).astype(y.dtype)
    return Activation(layer.activation(y))


def can_turn(graph: Graph) -> frozenset[str]:
    """Kernels of dense layers, which `forward` also takes as [units, inputs].

    Square ones are left: turned and not, they have the same shape.
    """
    return frozenset(
        node.weight("kernel")
        for node in graph.nodes
        if node.kind == "Dense"
        and len(node.input_shape) == 1
        and is_elementwise(node.layer.activation)
        and node.input_shape != node.output_shape
    )


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
    "saccade.models.whitened.Whitening": _convolution,
    "saccade.models.weight_norm.WeightNormConv2D": _weight_norm_convolution,
    "DepthwiseConv2D": _depthwise,
    "SeparableConv2D": _separable,
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
