"""Three convolutions, the last two with stride 2, and a dense layer of 200."""

from typing import Any

from saccade.models.backend import keras

layers = keras.layers
STRIDES = (1, 2, 2)


def conv(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    Görner's mnist_3.0_convolutional.py: 5x5x4, 5x5x8, 4x4x12; all biases start at 0.1.
    """
    bias = keras.initializers.Constant(0.1)
    body: list[Any] = [layers.Input(shape)]
    for i, (filters, size, stride) in enumerate(
        zip((4, 8, 12), (5, 5, 4), STRIDES, strict=True), 1
    ):
        body.append(
            layers.Conv2D(
                filters,
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
        layers.Dense(classes, bias_initializer=bias, name="logits"),
    ]
    return keras.Sequential(body, name="conv")


def conv_bn(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    Görner's mnist_4.2_batchnorm_convolutional.py: 6x6x24, 5x5x48, 4x4x64; batch norm before each
    activation, offsets instead of biases, no scales; a quarter of the dense layer dropped.
    """
    body: list[Any] = [layers.Input(shape)]
    sizes = zip((24, 48, 64), (6, 5, 4), STRIDES, strict=True)
    for i, (filters, size, stride) in enumerate(sizes, 1):
        convolution = layers.Conv2D(
            filters,
            size,
            strides=stride,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            name=f"conv{i}",
        )
        body += [convolution, *_normalised_relu(f"conv{i}")]
    body += [
        layers.Flatten(name="flatten"),
        layers.Dense(200, use_bias=False, kernel_initializer="he_normal", name="dense"),
        *_normalised_relu("dense"),
        layers.Dropout(0.25, name="dropout"),
        layers.Dense(classes, bias_initializer=keras.initializers.Constant(0.1), name="logits"),
    ]
    return keras.Sequential(body, name="conv-bn")


def _normalised_relu(name: str) -> list[Any]:
    normalise = layers.BatchNormalization(
        scale=False,
        beta_initializer=keras.initializers.Constant(0.1),
        momentum=0.999,
        epsilon=1e-5,
        name=f"{name}_norm",
    )
    return [normalise, layers.Activation("relu", name=f"{name}_relu")]
