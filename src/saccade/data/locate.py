"""Finding a data set's file: where every published file is looked for, and in system places."""

from collections.abc import Sequence
from pathlib import Path

from saccade.core import locate as published

# Where Debian's package dataset-fashion-mnist puts the official files.
SYSTEM_PLACES = {"fashion-mnist": Path("/usr/share/datasets/fashion-mnist")}


def data_folders(dataset: str) -> list[Path]:
    """Where a data set's files are looked for, in this order."""
    return [*published.folders(dataset), *_system(dataset)]


def find(dataset: str, file: str) -> Path | None:
    """The file in the first of `data_folders` that has it."""
    return published.find(dataset, file, _system(dataset))


def locate(dataset: str, file: str, checksum: str, urls: Sequence[str]) -> Path:
    """The path of a data set's file, fetched if needed (see `saccade.core.locate`).

    Raises:
        MissingFile: not here, and offline or on no mirror.
    """
    return published.locate(dataset, file, checksum, urls, _system(dataset))


def _system(dataset: str) -> list[Path]:
    return [SYSTEM_PLACES[dataset]] if dataset in SYSTEM_PLACES else []
