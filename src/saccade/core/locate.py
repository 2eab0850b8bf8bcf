"""Finding a published file: the given directory, the cache, more places, then the mirrors."""

import hashlib
import logging
import os
import warnings
from collections.abc import Sequence
from pathlib import Path

from saccade.core.cache import cache_folder
from saccade.core.errors import MissingFile

log = logging.getLogger("saccade")


def folders(dataset: str) -> list[Path]:
    """Where the files of this data set, or of `weights`, are looked for, in this order."""
    given = os.environ.get("SACCADE_DATA_DIR")
    return [
        *([Path(given) / dataset] if given else []),
        cache_folder() / "datasets" / dataset,
    ]


def find(dataset: str, file: str, more: Sequence[Path] = ()) -> Path | None:
    """The file in the first of `folders`, and of `more` of them, that has it."""
    places = [folder / file for folder in (*folders(dataset), *more)]
    return next((path for path in places if path.is_file()), None)


def locate(
    dataset: str, file: str, checksum: str, urls: Sequence[str], more: Sequence[Path] = ()
) -> Path:
    """The path of a file with a published checksum (`md5:...` or `sha256:...`), fetched if needed.

    A file that is published in several packings has several sums, the mirrors' first; where nobody
    has published one (""), the file is not checked, and never fetched. A file that a person put
    into `$SACCADE_DATA_DIR` is used as it is; where its sum is no published one, a warning names
    both.

    Raises:
        MissingFile: not here, and offline or on no mirror.
    """
    found = find(dataset, file, more)
    if found is None:
        return fetch(dataset, file, checksum, urls)
    if not checksum:
        return found
    actual = digest(found, checksum)
    if actual not in checksum.split():
        warnings.warn(
            f"{found} is not the published file: its sum is {actual}, published is {checksum}. "
            f"It is used as it is",
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
    sum_ = f" ({checksum})" if checksum else ""
    place = (
        f"Put {file}{sum_} into {folder}, or into $SACCADE_DATA_DIR/{dataset}, "
        f"from any copy of {dataset}"
    )
    if not urls:
        raise MissingFile(f"{file} is not here, and there is no place to download it from. {place}")
    if not checksum:
        raise MissingFile(
            f"{file} is not here, and is not downloaded, because no checksum of it is published. "
            f"{place}, as {urls[0]}"
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
            got = pooch.retrieve(url, checksum.split()[0], file, folder, downloader=downloader)
            return Path(got)
        except (OSError, ValueError) as error:  # requests' errors are OSErrors
            failures.append(f"{url}: {_short(error)}")
    raise MissingFile(f"{file} could not be downloaded ({'; '.join(failures)}). {place}")


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:160]


def digest(path: Path, checksum: str) -> str:
    """A file's sum, `md5:...` or `sha256:...`, of the kind of this one (sha256 if it is "")."""
    kind = checksum.partition(":")[0] or "sha256"
    with path.open("rb") as file:
        return f"{kind}:{hashlib.file_digest(file, kind).hexdigest()}"
