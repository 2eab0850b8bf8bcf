"""Local response normalisation: maps beside each other compete."""

from typing import Any

from saccade.models.backend import keras

ops = keras.ops


class LocalResponseNormalization(keras.layers.Layer):  # type: ignore[misc]
    """b_i = a_i / (k + alpha * sum of a_j^2)^beta, at each place for itself.

    j runs over the `depth` maps from i - 2 to i + 2, as far as there are any. Krizhevsky,
    Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks", 2012,
    section 3.3, with its constants; Caffe and ONNX divide alpha by the depth. Nothing is trained.

    >>> import numpy as np
    >>> ones = np.ones((1, 1, 1, 3), np.float32)
    >>> [round(float(b), 4) for b in np.ravel(LocalResponseNormalization()(ones))]
    [0.5945, 0.5945, 0.5945]
    """

    depth, k, alpha, beta = 5, 2.0, 1e-4, 0.75

    def call(self, x: Any) -> Any:
        """[n, h, w, c] -> [n, h, w, c]."""
        maps, beside = x.shape[-1], self.depth // 2
        squares = ops.pad(ops.square(x), ((0, 0), (0, 0), (0, 0), (beside, beside)))
        total = sum(squares[..., i : i + maps] for i in range(self.depth))
        return x / (self.k + self.alpha * total) ** self.beta
