"""Muon: updates of hidden layers' kernels are made orthogonal (Jordan et al. 2024).

Keras' Muon keeps to dense layers and gives all convolutions to Adam; its authors' takes those as
matrices too, a column a filter, and leaves out the layer that gives the answers. So does this.
Keras' own stay Newton-Schulz's iteration, momentum 0.95 with Nesterov's step, and a length of
updates like Adam's (Liu et al. 2025, arXiv 2502.16982), so that Adam's rates suit it.
"""

from typing import Any

from saccade.models.backend import keras

Array = Any


class Muon(keras.optimizers.Muon):  # type: ignore[misc, name-defined, unused-ignore]
    """Keras', for `matrices`: the positions of variables [..., columns]; Adam's for all others."""

    def __init__(self, rate: float, matrices: frozenset[int], epsilon: float, decay: float | None):
        super().__init__(rate, epsilon=epsilon, weight_decay=decay, adam_weight_decay=decay)
        self.matrices = matrices

    def _should_use_adamw(self, variable: Any) -> bool:
        return self._get_variable_index(variable) not in self.matrices

    def _muon_update_step(self, slope: Array, variable: Any, rate: Array, momentum: Any) -> None:
        """Keras' own, of a matrix whatever the variable's shape."""
        self.assign(momentum, self.momentum * momentum + slope)
        ahead = (slope + self.momentum * momentum).reshape(-1, slope.shape[-1])
        orthogonal = self.zeropower_via_newtonschulz5(ahead, self.ns_steps)
        self.assign_sub(variable, self.lr_adjust(rate * orthogonal).reshape(slope.shape))
