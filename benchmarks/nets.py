"""The nets that are compared, as Keras models of pictures of 0 to 1; every side trains the same."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Net:
    """`pictures` has (height, width, channels); `batch` is the size of a training batch."""

    build: Callable[[Any], Any]
    pictures: tuple[int, int, int] = (28, 28, 1)
    batch: int = 100


def softmax(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential([layers.Input((28, 28, 1)), layers.Flatten(), layers.Dense(10)])


def mlp(keras: Any) -> Any:
    layers = keras.layers
    hidden = [layers.Dense(units, activation="relu") for units in (200, 100, 60, 30)]
    return keras.Sequential(
        [layers.Input((28, 28, 1)), layers.Flatten(), *hidden, layers.Dense(10)]
    )


def conv_4_8_12(keras: Any) -> Any:
    layers = keras.layers
    shapes = ((4, 5, 1), (8, 4, 2), (12, 4, 2))
    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            *(layers.Conv2D(f, k, s, "same", activation="relu") for f, k, s in shapes),
            layers.Flatten(),
            layers.Dense(200, activation="relu"),
            layers.Dense(10),
        ]
    )


def _batch_norm(keras: Any, filters: Sequence[int]) -> Any:
    layers = keras.layers
    model = keras.Sequential([layers.Input((28, 28, 1))])

    def normalise(layer: Any) -> None:
        model.add(layer)
        model.add(layers.BatchNormalization(scale=False))
        model.add(layers.Activation("relu"))

    for count, size, stride in zip(filters, (6, 5, 4), (1, 2, 2), strict=True):
        normalise(layers.Conv2D(count, size, stride, "same", use_bias=False))
    model.add(layers.Flatten())
    normalise(layers.Dense(200, use_bias=False))
    model.add(layers.Dropout(0.25))
    model.add(layers.Dense(10))
    return model


def conv_6_12_24(keras: Any) -> Any:
    return _batch_norm(keras, (6, 12, 24))


def conv_24_48_64(keras: Any) -> Any:
    return _batch_norm(keras, (24, 48, 64))


def conv_32_64(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10),
        ]
    )


def resnet_9(keras: Any) -> Any:
    """Page's (https://github.com/davidcpage/cifar10-fast), without its last factor 1/8."""
    layers = keras.layers

    def block(x: Any, filters: int) -> Any:
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        return layers.Activation("relu")(layers.BatchNormalization()(x))

    def residual(x: Any, filters: int) -> Any:
        return layers.Add()([x, block(block(x, filters), filters)])

    picture = layers.Input((32, 32, 3))
    x = layers.MaxPooling2D()(block(block(picture, 64), 128))
    x = layers.MaxPooling2D()(block(residual(x, 128), 256))
    x = residual(layers.MaxPooling2D()(block(x, 512)), 512)
    return keras.Model(picture, layers.Dense(10)(layers.GlobalMaxPooling2D()(x)))


NETS: Mapping[str, Net] = {
    "softmax": Net(softmax),
    "mlp": Net(mlp),
    "conv 4-8-12": Net(conv_4_8_12),
    "conv 6-12-24+BN": Net(conv_6_12_24),
    "conv 24-48-64+BN": Net(conv_24_48_64),
    "conv 32-64": Net(conv_32_64, batch=128),
    "ResNet-9": Net(resnet_9, (32, 32, 3), 128),
}
