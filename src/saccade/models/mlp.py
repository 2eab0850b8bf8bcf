"""Dense networks: Görner's of 200-100-60-30, and a deep one of ours."""

from collections.abc import Callable
from typing import Any

from saccade.models.backend import keras
from saccade.models.block import dense

layers = keras.layers
WIDTHS = (200, 100, 60, 30)
DEEP, DEEP_WIDTH = 16, 128
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


def mlp_bn(shape: tuple[int, int, int], classes: int, normalisation: str = "batch") -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    mnist_4.0_batchnorm_five_layers_sigmoid.py: batch norm before each sigmoid, with offset and
    scale; no biases where it is. The others are the ablations of its comments: `no-offset`,
    `no-scale`, `bare` (neither), and `none`, biases without batch norm: the net of `mlp`.
    """

    def block(width: int, i: int) -> list[Any]:
        if normalisation == "none":
            return [_dense(width, i, "sigmoid", "zeros")]
        return _normalised(
            width,
            i,
            "sigmoid",
            scale=normalisation in ("batch", "no-offset"),
            offset="zeros" if normalisation in ("batch", "no-scale") else None,
            memory=0.998,
        )

    return _stack("mlp-bn", shape, classes, block)


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


def mlp_deep(
    shape: tuple[int, int, int], classes: int, normalisation: str = "batch"
) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    Ours, to hold normalisations against each other: so many layers of so few units that without
    any, signals and slopes fade or grow on their way (Klambauer et al. 2017, section 4).
    """
    picture = layers.Input(shape)
    x = layers.Flatten(name="flatten")(picture)
    for i in range(1, DEEP + 1):
        x = dense(x, DEEP_WIDTH, normalisation, f"dense{i}")
    return keras.Model(picture, layers.Dense(classes, name="logits")(x), name="mlp-deep")


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
    """`offset` is what offsets begin with, None for none."""
    kernel = "he_normal" if activation == "relu" else "glorot_uniform"
    return [
        layers.Dense(width, use_bias=False, kernel_initializer=kernel, name=f"dense{i}"),
        layers.BatchNormalization(
            scale=scale,
            center=offset is not None,
            beta_initializer=offset or "zeros",
            momentum=memory,
            epsilon=1e-5,
            name=f"dense{i}_norm",
        ),
        layers.Activation(activation, name=f"dense{i}_{activation}"),
    ]
