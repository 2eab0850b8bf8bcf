"""Sums and products in a functional model, `x + 3` or `x * y`, as the layers that do the same.

MobileNetV3 and ConvNeXt are written so.
"""

from typing import Any

from saccade.models.backend import keras


def as_layer(keras_node: Any) -> Any | None:
    """The layer that does what the operation of this Keras node does; None where there is none."""
    from keras.src.ops.numpy import Add, Multiply  # the backend must have been set before

    operation, values = keras_node.operation, keras_node.arguments.args
    if type(operation) not in (Add, Multiply) or len(values) != 2:
        return None
    adds, name = type(operation) is Add, operation.name
    tensors = [value for value in values if isinstance(value, keras.KerasTensor)]
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    if len(tensors) == len(numbers) == 1:
        scale, offset = (1.0, numbers[0]) if adds else (numbers[0], 0.0)
        return keras.layers.Rescaling(scale, offset, name=name)
    # Layers spread a value of fewer axes along others than operations do.
    if len(tensors) != 2 or tensors[0].ndim != tensors[1].ndim:
        return None
    layer = keras.layers.Add(name=name) if adds else keras.layers.Multiply(name=name)
    layer.build([tensor.shape for tensor in tensors])
    return layer
