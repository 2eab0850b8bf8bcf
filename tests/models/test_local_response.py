"""Local response normalisation against its definition, and its slopes."""

import numpy as np
import pytest

from saccade.models.backend import jax
from saccade.models.local_response import LocalResponseNormalization


def defined(pictures):
    """Map by map, as section 3.3 of Krizhevsky et al. 2012 writes it."""
    maps = pictures.shape[-1]
    made = np.empty_like(pictures)
    for i in range(maps):
        nearest = range(max(0, i - 2), min(maps - 1, i + 2) + 1)
        total = sum(pictures[..., j] ** 2 for j in nearest)
        made[..., i] = pictures[..., i] / (2 + 1e-4 * total) ** 0.75
    return made


@pytest.mark.parametrize("maps", [1, 2, 4, 5, 9])
def test_it_is_what_the_paper_writes(maps, rng):
    pictures = rng.normal(0, 200, (3, 4, 5, maps))  # as large as the constants can feel
    made = np.asarray(LocalResponseNormalization()(pictures.astype(np.float32)))
    np.testing.assert_allclose(made, defined(pictures), rtol=1e-5)
    assert np.abs(made / pictures - 2**-0.75).max() > 0.05


def test_slopes_are_differences(rng):
    layer, pictures, along = (
        LocalResponseNormalization(),
        rng.normal(0, 100, (2, 3, 3, 6)),
        rng.normal(size=(2, 3, 3, 6)),
    )
    weights = rng.normal(size=pictures.shape)
    with jax.enable_x64(True):
        slope = jax.grad(lambda x: (layer.call(x) * weights).sum())(pictures)
    ahead, behind = ((defined(pictures + step * along) * weights).sum() for step in (1e-4, -1e-4))
    assert (np.asarray(slope) * along).sum() == pytest.approx((ahead - behind) / 2e-4, rel=1e-6)
