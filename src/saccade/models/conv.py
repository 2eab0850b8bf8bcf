"""Görner's convolutional networks: three convolutions, two with stride 2, a dense layer of 200."""

from typing import Any

from saccade.models.backend import keras
from saccade.models.block import convolution, dense, dropout

layers = keras.layers
STRIDES = (1, 2, 2)
TENTH = keras.initializers.Constant(0.1)


def conv(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    mnist_3.0_convolutional.py: 5x5x4, 5x5x8, 4x4x12; all biases start at 0.1.
    """
    return _plain("conv", shape, classes, filters=(4, 8, 12), sizes=(5, 5, 4))


def s4_cnn(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    The same as the diagram of the slides has it: 5x5x4, 4x4x8, 4x4x12.
    """
    return _plain("S4-cnn", shape, classes, filters=(4, 8, 12), sizes=(5, 4, 4))


def deck_cnn(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    The code on the slides of Google's "Implementing CNNs": 5x5x4, 3x3x8, 3x3x12.
    """
    return _plain("E-deck-cnn", shape, classes, filters=(4, 8, 12), sizes=(5, 3, 3), bias="zeros")


def conv_dropout(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    mnist_3.1_convolutional_bigger_dropout.py: 6x6x6, 5x5x12, 4x4x24, a quarter of the dense layer
    dropped.
    """
    return _plain(
        "conv-dropout", shape, classes, filters=(6, 12, 24), sizes=(6, 5, 4), dropped=0.25
    )


def conv_bn(shape: tuple[int, int, int], classes: int, normalisation: str = "batch") -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    mnist_4.2_batchnorm_convolutional.py: 6x6x24, 5x5x48, 4x4x64; batch norm before each activation,
    offsets instead of biases, no scales; a quarter of the dense layer dropped.
    With another normalisation, its layers are those of block.py.
    """
    if normalisation != "batch":
        return _blocks("conv-bn", shape, classes, normalisation, filters=(24, 48, 64))
    return _normalised(
        "conv-bn",
        shape,
        classes,
        filters=(24, 48, 64),
        dropped=0.25,
        biased=False,
        norm={"beta_initializer": TENTH, "momentum": 0.999},
        last_bias=TENTH,
    )


def conv_wide(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    conv-bn with biases in place of batch norm, to hold it against.
    """
    return _plain("conv-wide", shape, classes, filters=(24, 48, 64), sizes=(6, 5, 4), dropped=0.25)


def conv_bn_small(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    mlengine/trainer/task.py with its own options: 6x6x6, 5x5x12, 4x4x24, batch norm as above but
    beside biases, which it makes redundant; 0.3 of the dense layer dropped.
    """
    return _normalised(
        "conv-bn-small",
        shape,
        classes,
        filters=(6, 12, 24),
        dropped=0.3,
        biased=True,
        norm={"momentum": 0.993},
        last_bias="zeros",
    )


def _blocks(
    name: str,
    shape: tuple[int, int, int],
    classes: int,
    normalisation: str,
    *,
    filters: tuple[int, ...],
) -> keras.Model:
    x = picture = layers.Input(shape)
    for i, (count, size, stride) in enumerate(zip(filters, (6, 5, 4), STRIDES, strict=True), 1):
        x = convolution(x, count, size, stride, normalisation, f"conv{i}")
    x = dense(layers.Flatten(name="flatten")(x), 200, normalisation, "dense")
    x = dropout(x, 0.25, normalisation)
    return keras.Model(picture, layers.Dense(classes, name="logits")(x), name=name)


def _plain(
    name: str,
    shape: tuple[int, int, int],
    classes: int,
    *,
    filters: tuple[int, ...],
    sizes: tuple[int, ...],
    dropped: float = 0.0,
    bias: Any = TENTH,
) -> keras.Model:
    body: list[Any] = [layers.Input(shape)]
    for i, (count, size, stride) in enumerate(zip(filters, sizes, STRIDES, strict=True), 1):
        body.append(
            layers.Conv2D(
                count,
                size,
                strides=stride,
                padding="same",
                activation="relu",
                kernel_initializer="he_normal",
                bias_initializer=bias,
                name=f"conv{i}",
            )
        )
    body += [
        layers.Flatten(name="flatten"),
        layers.Dense(
            200,
            activation="relu",
            kernel_initializer="he_normal",
            bias_initializer=bias,
            name="dense",
        ),
        *([layers.Dropout(dropped, name="dropout")] if dropped else []),
        layers.Dense(classes, bias_initializer=bias, name="logits"),
    ]
    return keras.Sequential(body, name=name)


def _normalised(
    name: str,
    shape: tuple[int, int, int],
    classes: int,
    *,
    filters: tuple[int, ...],
    dropped: float,
    biased: bool,
    norm: dict[str, Any],
    last_bias: Any,
) -> keras.Model:
    def normalised_relu(of: str) -> list[Any]:
        normalise = layers.BatchNormalization(scale=False, epsilon=1e-5, name=f"{of}_norm", **norm)
        return [normalise, layers.Activation("relu", name=f"{of}_relu")]

    body: list[Any] = [layers.Input(shape)]
    for i, (count, size, stride) in enumerate(zip(filters, (6, 5, 4), STRIDES, strict=True), 1):
        convolution = layers.Conv2D(
            count,
            size,
            strides=stride,
            padding="same",
            use_bias=biased,
            kernel_initializer="he_normal",
            name=f"conv{i}",
        )
        body += [convolution, *normalised_relu(f"conv{i}")]
    body += [
        layers.Flatten(name="flatten"),
        layers.Dense(200, use_bias=biased, kernel_initializer="he_normal", name="dense"),
        *normalised_relu("dense"),
        layers.Dropout(dropped, name="dropout"),
        layers.Dense(classes, bias_initializer=last_bias, name="logits"),
    ]
    return keras.Sequential(body, name=name)
