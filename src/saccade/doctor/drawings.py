"""Pictures beside what an augmentation made of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Drawings:
    """Some pictures and several drawings of each.

    `names` are the originals'; `pixels` is uint8 [names, drawings, height, width, channels].
    """

    augmentation: str
    names: Sequence[str]
    pixels: np.ndarray
