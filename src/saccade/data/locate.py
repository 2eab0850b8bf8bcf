"""Finding a data set's file: the given directory, the cache, then the mirrors."""

import hashlib
import logging
import os
import warnings
from collections.abc import Sequence
from pathlib import Path

from saccade.core.errors import MissingFile

log = logging.getLogger("saccade")


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/saccade`, else ~/.cache/saccade."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "saccade"


def find(dataset: str, file: str) -> Path | None:
    """The file in `$SACCADE_DATA_DIR/DATASET` or in the cache, if it is there."""
    given = os.environ.get("SACCADE_DATA_DIR")
    folders = [Path(given) / dataset] if given else []
    folders.append(cache_folder() / "datasets" / dataset)
    return next((folder / file for folder in folders if (folder / file).is_file()), None)


def locate(dataset: str, file: str, checksum: str, urls: Sequence[str]) -> Path:
    """The path of a file with a published checksum (`md5:...` or `sha256:...`), fetched if needed.

    A file that a person put into `$SACCADE_DATA_DIR` is used as it is; where its sum differs from
    the published one, a warning names both.

    Raises:
        MissingFile: not here, and offline or on no mirror.
    """
    found = find(dataset, file)
    if found is None:
        return fetch(dataset, file, checksum, urls)
    algorithm, _, expected = checksum.partition(":")
    actual = _digest(found, algorithm)
    if actual != expected:
        warnings.warn(
            f"{found} is not the published file: its {algorithm} is {actual}, published is "
            f"{expected}. It is used as it is",
            stacklevel=2,
        )
    return found


def fetch(dataset: str, file: str, checksum: str, urls: Sequence[str]) -> Path:
    """Downloads a file into the cache, from the first mirror that has the right one.

    It is downloaded aside, verified and renamed, so that nothing half-written is ever read.

    Raises:
        MissingFile: offline, or no mirror had it; names file, checksum and place.
    """
    folder = cache_folder() / "datasets" / dataset
    place = (
        f"Put {file} ({checksum}) into {folder}, or into $SACCADE_DATA_DIR/{dataset}, "
        f"from any copy of {dataset}"
    )
    if os.environ.get("SACCADE_OFFLINE") == "1":
        raise MissingFile(f"{file} is not here and SACCADE_OFFLINE=1. {place}")
    import pooch  # half a second; only a download needs it

    pooch.get_logger().setLevel("WARNING")
    failures = []
    for url in urls:
        log.warning("downloading %s", url)
        try:
            downloader = pooch.HTTPDownloader(timeout=30)
            got = pooch.retrieve(url, checksum, file, folder, downloader=downloader)
            return Path(got)
        except (OSError, ValueError) as error:  # requests' errors are OSErrors
            failures.append(f"{url}: {_short(error)}")
    raise MissingFile(f"{file} could not be downloaded ({'; '.join(failures)}). {place}")


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:160]


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
