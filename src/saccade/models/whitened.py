"""A network for small photographs, made to learn in few epochs."""

from collections.abc import Mapping
from typing import Any

from saccade.models.backend import jax, keras
from saccade.models.initialize import PassingOn

layers, jnp = keras.layers, jax.numpy
WIDTHS = (64, 256, 256)
SIDE = 2  # of the patches that are whitened
LEAST = 5e-4  # of their mean, added to the variances: what hardly varies is noise
SCALE = 1 / 9  # of the logits


def whitened(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    After Jordan, "94 % on CIFAR-10 in 3.29 seconds on a single GPU", 2024 (airbench): a first layer
    that is computed from the training pictures, not learnt; three groups of two 3x3 convolutions,
    where pooling comes before batch norm, which spares three quarters of it; batch norm without a
    scale; logits made small. No way leads around a convolution: each starts by passing on what it
    reads (identity initialisation), which learns as a shortcut does (docs/lab-notes.md).
    """
    picture = layers.Input(shape)
    x = Whitening(2 * shape[-1] * SIDE**2, SIDE, padding="valid", name="whiten")(picture)
    x = _gelu(x, "whiten_gelu")
    for i, width in enumerate(WIDTHS, 1):
        x = _group(x, width, f"group{i}")
    x = layers.GlobalMaxPooling2D(name="largest")(x)
    x = layers.Dense(classes, use_bias=False, name="dense")(x)
    return keras.Model(picture, layers.Rescaling(SCALE, name="logits")(x), name="whitened")


def _group(x: Any, width: int, name: str) -> Any:
    """[n, h, w, c] -> [n, h // 2, w // 2, width]."""
    x = _convolution(x, width, f"{name}_conv1")
    x = layers.MaxPooling2D(2, name=f"{name}_pool")(x)
    x = _gelu(_normal(x, f"{name}_norm1"), f"{name}_gelu1")
    x = _convolution(x, width, f"{name}_conv2")
    return _gelu(_normal(x, f"{name}_norm2"), f"{name}_gelu2")


def _convolution(x: Any, width: int, name: str) -> Any:
    return layers.Conv2D(
        width, 3, padding="same", use_bias=False, kernel_initializer=PassingOn(), name=name
    )(x)


def _normal(x: Any, name: str) -> Any:
    return layers.BatchNormalization(momentum=0.6, epsilon=1e-5, scale=False, name=name)(x)


def _gelu(x: Any, name: str) -> Any:
    return layers.Activation("gelu", name=name)(x)


class Whitening(keras.layers.Conv2D):  # type: ignore[misc]
    """A convolution whose outputs, over the training pictures, vary alike and independently.

    Its kernels are the principal directions of the patches under them, each divided by how much
    patches vary along it, and once more with the other sign, as what follows has a GELU. They are
    not learnt; the biases are.
    """

    def build(self, input_shape: Any) -> None:
        """[n, h, w, c]: kernel [side, side, c, 2 * c * side**2]."""
        super().build(input_shape)
        self._kernel.trainable = False

    def from_data(self, x: Any, weights: Mapping[str, Any]) -> dict[str, Any]:
        """Its weights for float [n, h, w, c], what it reads of some training pictures.

        >>> import numpy as np
        >>> noise = np.random.default_rng(0).normal(1.0, 0.5, (50, 9, 9, 1)).astype("float32")
        >>> made = Whitening(8, 2, name="whiten").from_data(noise, {})
        >>> made["kernel"].shape, made["bias"].shape
        ((2, 2, 1, 8), (8,))
        """
        high, wide = self.kernel_size
        height, width, channels = x.shape[1] - high + 1, x.shape[2] - wide + 1, x.shape[3]
        shifted = [x[:, i : i + height, j : j + width] for i in range(high) for j in range(wide)]
        patches = jnp.concatenate(shifted, axis=-1).reshape(-1, high * wide * channels)
        mean = patches.mean(0)
        centred = patches - mean
        variances, directions = jnp.linalg.eigh(centred.T @ centred / len(patches))
        kernel = directions / jnp.sqrt(variances + LEAST * variances.mean())
        both = jnp.concatenate([kernel, -kernel], axis=1)
        return {"kernel": both.reshape(high, wide, channels, -1), "bias": -(mean @ both)}
