"""Auxiliary heads: further answers of a network, heard while it trains and nowhere else.

Szegedy et al., "Going deeper with convolutions", 2014, section 5: what they say of the middle of a
deep network reaches its early layers by a short way. `train/update.py` adds their losses; what
leads to them alone is left out of an exported network.
"""

from typing import Any

from saccade.models.backend import keras


class WithAuxiliary(keras.layers.Layer):  # type: ignore[misc]
    """Of several logits [n, classes], the first; in training the others' losses count `share`.

    It ends a network, so that the layer graph has one answer.
    """

    def __init__(self, share: float, name: str) -> None:
        super().__init__(name=name)
        self.share = share

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the first."""
        return input_shape[0]

    def call(self, logits: Any) -> Any:
        """Each [n, classes] -> [n, classes]."""
        return logits[0]


def without_auxiliary(model: keras.Model) -> keras.Model:
    """The model from its pictures to its answer; itself where it has no auxiliary heads.

    >>> from saccade.models.initialize import unallocated
    >>> from saccade.models.network import keras_model
    >>> with unallocated():
    ...     model = keras_model("googlenet", (32, 32, 3), 10)
    ...     len(model.layers), len(without_auxiliary(model).layers)
    (97, 84)
    """
    last = model.layers[-1]
    if not isinstance(last, WithAuxiliary):
        return model
    return keras.Model(model.inputs, last.input[0])
