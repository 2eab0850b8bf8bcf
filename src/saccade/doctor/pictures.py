"""What the checks look at: every picture of a data set, the unreadable too, in one order."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from saccade.core.decode import read_header
from saccade.core.decoder import Verdict
from saccade.core.errors import BadData
from saccade.core.kinds import kind_of
from saccade.core.records import Dataset, Excluded, Split
from saccade.data import find
from saccade.data.decoders import digest
from saccade.data.listing import Found, Listing
from saccade.data.pictures import Target, decode_listing
from saccade.data.source import Source

# Of a file's kind, how its name may end.
ENDINGS = {
    "JPEG": (".jpg", ".jpeg"),
    "PNG": (".png",),
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "WEBP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "PPM": (".ppm", ".pgm"),
}
FINE = Verdict()
TOGETHER = 1000  # pictures that are read at a time

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Pictures:
    """One entry a picture in all that is a sequence but `classes` and `excluded`.

    `reference` is how a run would call the set; `ignored` counts files that are no pictures.

    `excluded` are pictures that were named and are not there, or not to be had (a CSV's rows).
    `pixels` is uint8 [n, height, width, channels] as it is trained on, black where a picture can't
    be read; `digests` are of the bytes; `sides` the shorter side of the
    file's own picture (0: not known); `lying` whether it is named like another kind.
    """

    name: str
    reference: str
    classes: tuple[str, ...]
    names: Sequence[str]
    labels: np.ndarray
    parts: Sequence[str]
    groups: Sequence[str]
    pixels: np.ndarray
    verdicts: Sequence[Verdict]
    digests: Sequence[str]
    sides: np.ndarray
    lying: np.ndarray
    ignored: int = 0
    excluded: Sequence[Excluded] = ()

    @property
    def readable(self) -> np.ndarray:
        """bool [n]"""
        return np.array([verdict.refused is None for verdict in self.verdicts], bool)

    def __len__(self) -> int:
        return len(self.names)


def look(
    data: str | Path,
    *,
    image_root: Path | None = None,
    group_by: str | None = None,
    progress: Progress = lambda done, total: None,
) -> Pictures:
    """Every picture of a data set, decoded or refused.

    Raises:
        BadData: there is no picture at all.
        BadUsage: no such data set.
    """
    reference, found = find(data, image_root, group_by)
    if isinstance(found, Listing):
        return of_listing(reference, found, progress)
    return of_source(reference, found)


def of_listing(reference: str, listing: Listing, progress: Progress) -> Pictures:
    """Of files."""
    found = listing.found
    if not found:
        raise BadData(f"{listing.name} has no pictures to look at")
    decoded = decode_listing(listing, Target(), progress)
    with ThreadPoolExecutor() as pool:
        sides, lying = zip(*pool.map(_side_and_lie, found), strict=True)
    index = {name: i for i, name in enumerate(listing.classes)}
    return Pictures(
        name=listing.name,
        reference=reference,
        classes=listing.classes,
        names=[one.name for one in found],
        labels=np.array([index[one.label] for one in found], np.int32),
        parts=[one.part for one in found],
        groups=[one.group for one in found],
        pixels=decoded.pixels,
        verdicts=decoded.verdicts,
        digests=decoded.digests,
        sides=np.array(sides),
        lying=np.array(lying),
        ignored=_ignored(found),
        excluded=listing.excluded,
    )


def of_source(reference: str, source: Source) -> Pictures:
    """Of arrays, whose pictures have no files."""
    pixels = [split.pixels[:] for _, split in _parts(source)]
    return replace(of_splits(reference, source), pixels=np.concatenate(pixels))


def of_splits(reference: str, held: Source | Dataset) -> Pictures:
    """The same without the pixels, for checks that do not look at them.

    A picture of one value all over has the digest "": two such are no copies.
    """
    parts = _parts(held)
    digests = [digest for _, split in parts for digest in _digests(split)]
    return Pictures(
        name=held.name,
        reference=reference,
        classes=held.classes,
        names=[name for _, split in parts for name in split.names],
        labels=np.concatenate([split.labels for _, split in parts]),
        parts=[part for part, split in parts for _ in range(len(split))],
        groups=[group for _, split in parts for group in _groups(split)],
        pixels=held.train.pixels[:0],
        verdicts=[FINE] * len(digests),
        digests=digests,
        sides=np.zeros(len(digests), int),
        lying=np.zeros(len(digests), bool),
        excluded=held.excluded,
    )


def _parts(held: Source | Dataset) -> list[tuple[str, Split]]:
    parts = {"train": held.train, "validation": held.validation, "test": held.test}
    return [(part, split) for part, split in parts.items() if split is not None]


def _digests(split: Split) -> Iterator[str]:
    for start in range(0, len(split), TOGETHER):
        pixels = split.pixels[start : start + TOGETHER]
        flat = np.ascontiguousarray(pixels).reshape(len(pixels), -1)
        plain = (flat == flat[:, :1]).all(1)
        for picture, alike in zip(flat, plain, strict=True):
            yield "" if alike else digest(picture.tobytes())


def _groups(split: Split) -> list[str]:
    if split.groups is None:
        return [""] * len(split)
    return [str(group) for group in split.groups.tolist()]


def _side_and_lie(one: Found) -> tuple[int, bool]:
    """A file's shorter side (0: not known), and whether its name lies about its kind."""
    try:
        data = one.place.read(one.path)
        header = read_header(data)
    except BadData:
        return 0, False
    lies = not one.path.lower().endswith(ENDINGS[kind_of(data)])
    return min(header.height, header.width), lies


def _ignored(found: Sequence[Found]) -> int:
    """Files of the same places that are no pictures of the set."""
    places = {one.place.where: one.place for one in found}
    taken = {(one.place.where, one.path) for one in found}
    return sum(
        (where, entry) not in taken
        for where, place in places.items()
        for entry in place.entries()
        if not entry.endswith("/")
    )
