"""Runs to export: made once, only read."""

from collections.abc import Callable
from pathlib import Path

import pytest

import saccade
from saccade.run.directory import Run


def trained(
    place: Path, data: Path | str, model: str, *, side: int | None = None, **how: object
) -> Run:
    """A finished run of some steps; `side` is what pictures are brought to, in pixels."""
    run = saccade.create_run(place)
    loading = {} if side is None else {"image_size": side}
    data = f"{data}/" if isinstance(data, Path) else data
    recipe = saccade.recipe(model, str(how.pop("named", "default")), **how)
    dataset = saccade.load(data, **loading)
    events = saccade.fit(model, dataset, recipe)
    for _ in saccade.record(events, run):
        pass
    return Run(run.path)


@pytest.fixture(scope="session")
def train() -> Callable[..., Run]:
    """`trained`."""
    return trained


@pytest.fixture(scope="session")
def photo_run(pictures: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Thirty photographs in three classes, and a convolutional network that looks at colours."""
    place = tmp_path_factory.mktemp("photos")
    photos = pictures(place / "photos", each=10)
    return trained(place / "run", photos, "conv", side=16, steps=30, batch_size=8)
