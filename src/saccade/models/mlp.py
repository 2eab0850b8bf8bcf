"""Görner's dense networks: 200-100-60-30, then one logit a class."""

from collections.abc import Callable
from typing import Any

from saccade.models.backend import keras

layers = keras.layers
WIDTHS = (200, 100, 60, 30)
TENTH = keras.initializers.Constant(0.1)


def mlp(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    mnist_2.0_five_layers_sigmoid.py.
    """
    return _stack("mlp", shape, classes, lambda width, i: [_dense(width, i, "sigmoid", "zeros")])


def mlp_relu(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    mnist_2.1_five_layers_relu_lrdecay.py; hidden biases start at 0.1, as there.
    """
    return _stack("mlp-relu", shape, classes, lambda width, i: [_dense(width, i, "relu", TENTH)])


def mlp_dropout(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    mnist_2.2_five_layers_relu_lrdecay_dropout.py: a quarter of each hidden layer is dropped.
    """
    return _stack(
        "mlp-dropout",
        shape,
        classes,
        lambda width, i: [
            _dense(width, i, "relu", TENTH),
            layers.Dropout(0.25, name=f"dropout{i}"),
        ],
    )


def mlp_bn(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    mnist_4.0_batchnorm_five_layers_sigmoid.py: batch norm before each sigmoid, with offset and
    scale; no biases where it is.
    """
    return _stack(
        "mlp-bn",
        shape,
        classes,
        lambda width, i: _normalised(width, i, "sigmoid", scale=True, offset="zeros", memory=0.998),
    )


def mlp_relu_bn(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    mnist_4.1_batchnorm_five_layers_relu.py: offsets instead of biases, no scales (a ReLU's is the
    next layer's).
    """
    return _stack(
        "mlp-relu-bn",
        shape,
        classes,
        lambda width, i: _normalised(width, i, "relu", scale=False, offset=TENTH, memory=0.999),
        last_bias=TENTH,
    )


def _stack(
    name: str,
    shape: tuple[int, int, int],
    classes: int,
    block: Callable[[int, int], list[Any]],
    last_bias: Any = "zeros",
) -> keras.Model:
    """`block` makes the layers of one width; it is numbered from 1."""
    body: list[Any] = [layers.Input(shape), layers.Flatten(name="flatten")]
    for i, width in enumerate(WIDTHS, 1):
        body += block(width, i)
    body.append(layers.Dense(classes, bias_initializer=last_bias, name="logits"))
    return keras.Sequential(body, name=name)


def _dense(width: int, i: int, activation: str, bias: Any) -> Any:
    return layers.Dense(
        width,
        activation=activation,
        kernel_initializer="he_normal" if activation == "relu" else "glorot_uniform",
        bias_initializer=bias,
        name=f"dense{i}",
    )


def _normalised(
    width: int, i: int, activation: str, *, scale: bool, offset: Any, memory: float
) -> list[Any]:
    kernel = "he_normal" if activation == "relu" else "glorot_uniform"
    return [
        layers.Dense(width, use_bias=False, kernel_initializer=kernel, name=f"dense{i}"),
        layers.BatchNormalization(
            scale=scale,
            beta_initializer=offset,
            momentum=memory,
            epsilon=1e-5,
            name=f"dense{i}_norm",
        ),
        layers.Activation(activation, name=f"dense{i}_{activation}"),
    ]
