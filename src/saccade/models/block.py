"""One step of a deep network: a convolution or a dense layer, what normalises it, its activation.

`batch`: batch norm with scale and offset before the ReLU (Ioffe and Szegedy 2015, as He et al. have
it). `layer`: layer norm in its place (Ba, Kiros and Hinton 2016), over the channels of each place
of a picture, over all units of a dense layer. `weight`: weight_norm.py. `selu`: nothing is
normalised, the activation keeps mean and deviation (Klambauer et al., "Self-Normalizing Neural
Networks", 2017, with their first weights and dropout). `none`: biases, and nothing else.
"""

from typing import Any

from saccade.models.backend import keras
from saccade.models.weight_norm import WeightNormConv2D, WeightNormDense

layers = keras.layers
SCALED = ("batch", "layer")  # by numbers of their own, with offsets that make a bias redundant


def convolution(
    x: Any,
    filters: int,
    size: int,
    stride: int,
    normalisation: str,
    name: str,
    *,
    active: bool = True,
    from_zero: bool = False,
) -> Any:
    """float [n, h, w, c] -> [n, ceil(h / stride), ceil(w / stride), filters]; zeros around.

    `normalisation` is one of `NORMALISATIONS` (entry.py). One that is not `active` ends before the
    activation, as in front of a sum; one `from_zero` adds nothing to it at first (Goyal et al.
    2017, section 5.1).
    """
    if normalisation == "weight":
        layer = WeightNormConv2D(filters, size, stride, name=name, from_zero=from_zero)
    else:
        layer = layers.Conv2D(
            filters,
            size,
            strides=stride,
            padding="same",
            use_bias=normalisation not in SCALED,
            kernel_initializer=_first_weights(normalisation, from_zero),
            name=name,
        )
    x = _normalised(layer(x), normalisation, name, "zeros" if from_zero else "ones")
    return activation(x, normalisation, name) if active else x


def dense(x: Any, units: int, normalisation: str, name: str) -> Any:
    """float [n, features] -> [n, units]; else as `convolution`."""
    if normalisation == "weight":
        layer = WeightNormDense(units, name=name)
    else:
        layer = layers.Dense(
            units,
            use_bias=normalisation not in SCALED,
            kernel_initializer=_first_weights(normalisation),
            name=name,
        )
    return activation(_normalised(layer(x), normalisation, name), normalisation, name)


def activation(x: Any, normalisation: str, name: str) -> Any:
    """A ReLU or a SELU; `name` is that of what comes before."""
    kind = "selu" if normalisation == "selu" else "relu"
    return layers.Activation(kind, name=f"{name}_{kind}")(x)


def dropout(x: Any, rate: float, normalisation: str, name: str = "dropout") -> Any:
    """Dropout; behind SELUs the kind that keeps mean and deviation (Klambauer et al. 2017)."""
    kind = layers.AlphaDropout if normalisation == "selu" else layers.Dropout
    return kind(rate, name=name)(x)


def _first_weights(normalisation: str, from_zero: bool = False) -> str:
    if from_zero and normalisation not in SCALED:
        return "zeros"
    return "lecun_normal" if normalisation == "selu" else "he_normal"


def _normalised(x: Any, normalisation: str, name: str, gamma: str = "ones") -> Any:
    told = {"epsilon": 1e-5, "gamma_initializer": gamma, "name": f"{name}_norm"}
    if normalisation == "batch":
        return layers.BatchNormalization(momentum=0.99, **told)(x)
    if normalisation == "layer":
        return layers.LayerNormalization(**told)(x)
    return x
