"""A small residual network for photographs."""

from typing import Any

from saccade.models.backend import keras

layers = keras.layers
WIDTHS = (16, 32, 64, 128)


def residual(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    He et al., "Deep Residual Learning for Image Recognition", 2015, section 4.2, made small: a
    convolution with stride 2, one block of two 3x3 convolutions at each of four widths (the ways
    around are 1x1 convolutions), the mean of each map. Every block starts as its way around: the
    second batch norm's scale starts at zero (Goyal et al. 2017).
    """
    picture = layers.Input(shape)
    x = layers.Activation("relu", name="stem_relu")(_convolution(picture, 16, 3, 2, "stem"))
    for i, width in enumerate(WIDTHS, 1):
        x = _block(x, width, 1 if i == 1 else 2, f"block{i}")
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    return keras.Model(picture, layers.Dense(classes, name="logits")(x), name="residual")


def _block(x: Any, width: int, stride: int, name: str) -> Any:
    """[n, h, w, c] -> [n, h/stride, w/stride, width]."""
    through = _convolution(x, width, 3, stride, f"{name}_conv1")
    through = layers.Activation("relu", name=f"{name}_relu1")(through)
    through = _convolution(through, width, 3, 1, f"{name}_conv2", scale="zeros")
    around = x if stride == 1 else _convolution(x, width, 1, stride, f"{name}_around")
    total = layers.Add(name=f"{name}_add")([through, around])
    return layers.Activation("relu", name=f"{name}_relu2")(total)


def _convolution(
    x: Any, filters: int, size: int, stride: int, name: str, scale: str = "ones"
) -> Any:
    """A convolution and its batch norm."""
    x = layers.Conv2D(
        filters,
        size,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)
    return layers.BatchNormalization(
        momentum=0.999, epsilon=1e-5, gamma_initializer=scale, name=f"{name}_norm"
    )(x)
