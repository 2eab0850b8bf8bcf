"""Numbers that ran away, noticed in the chunk in which they did."""

from collections.abc import Sequence

import numpy as np

from saccade.core.errors import Diverged
from saccade.train.chunk import Chunk

MOST_NAMED = 8  # pictures of a batch


def check_finite(
    chunk: Chunk,
    pictures: Sequence[str],
    ids: np.ndarray,
    rates: np.ndarray,
    *,
    first: int,
    total: int,
) -> None:
    """Looks at the losses, and at what the last update made of the weights.

    `pictures` are all names, `ids` those of each step int[steps, batch], `rates` float[steps],
    `first` the steps done before of `total`.

    Raises:
        Diverged: names the first step that went wrong, its learning rate and its pictures.
    """
    good = np.isfinite(chunk.losses)
    good[-1] &= np.isfinite(chunk.slopes).all()
    if good.all():
        return
    bad = int(np.argmin(good))
    names = [pictures[i] for i in ids[bad]]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    what = "loss" if not np.isfinite(chunk.losses[bad]) else "gradient"
    raise Diverged(
        f"the {what} is no finite number at step {first + bad + 1:,} of "
        f"{total:,}, where the learning rate was {rates[bad]:.3g} and the "
        f"pictures {', '.join(names[:MOST_NAMED])}{more}"
    )
