"""The Keras model of a base: a network of `keras.applications`, or SqueezeNet."""

import math
from typing import Any

from saccade.core.errors import BadUsage
from saccade.models.backend import keras
from saccade.models.bases import Base, base_entry
from saccade.models.squeezenet import squeezenet


def base_model(name: str, input_shape: tuple[int, int, int], *, top: bool = False) -> keras.Model:
    """float [n, height, width, 3] -> features [n, channels]; with `top`, logits [n, 1000].

    The features are the mean of each map of the last convolution (ConvNeXt standardises it). The
    logits are of ImageNet's classes, without the original's softmax: the loss takes logits. What
    goes in is scaled as the base's entry says. Weights are fresh; nothing is downloaded. Under
    `unallocated()` they take no memory.

    Raises:
        BadUsage: no such base, pictures that are not RGB, or too small for it.

    >>> from saccade.models.initialize import unallocated
    >>> with unallocated():
    ...     base_model("mobilenetv2", (96, 96, 3)).output_shape
    (None, 1280)
    """
    entry = base_entry(name)
    _check(name, entry, input_shape)
    if not entry.application:
        return squeezenet(input_shape, top=top)
    build = getattr(keras.applications, entry.application)
    model = build(
        weights=None,
        input_shape=input_shape,
        include_top=top,
        pooling=None if top else "avg",
        classifier_activation=None,
    )
    return _rescaled(model) if name.startswith("efficientnet-b") else model


def _check(name: str, entry: Base, input_shape: tuple[int, int, int]) -> None:
    height, width, channels = input_shape
    if channels != 3:
        raise BadUsage(f"`{name}` takes RGB pictures, 3 channels, got {channels}")
    if min(height, width) < entry.least:
        raise BadUsage(
            f"`{name}` takes pictures of at least {entry.least}x{entry.least} pixels, "
            f"got {height}x{width}"
        )


def _rescaled(model: keras.Model) -> keras.Model:
    """EfficientNet as its published weights want it.

    They hold ImageNet's deviations where Keras divides by the root of a variance. Keras divides by
    that root once more, but only in the model it downloads weights for.
    """
    deviations = (0.229, 0.224, 0.225)
    again = keras.layers.Rescaling([1 / math.sqrt(deviation) for deviation in deviations])

    def call(layer: Any, *arguments: Any, **options: Any) -> Any:
        output = layer(*arguments, **options)
        return again(output) if isinstance(layer, keras.layers.Normalization) else output

    return keras.models.clone_model(model, call_function=call)
