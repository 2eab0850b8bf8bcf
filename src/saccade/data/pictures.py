"""Listed pictures become arrays: decoded, brought to one size, split."""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np

from saccade.core.decode import Header, read_header
from saccade.core.errors import BadData
from saccade.core.preprocess import Preprocess
from saccade.core.records import Excluded, Split
from saccade.data.listing import PARTS, Found, Listing, Part, checked
from saccade.data.source import Source

Progress = Callable[[int, int], None]

SMALL, DEFAULT_SIZE = 32, 96
MAX_BYTES = 8 << 30


def read_pictures(
    listing: Listing,
    *,
    image_size: int | None,
    fit: Literal["crop", "stretch"],
    progress: Progress,
) -> Source:
    """Every listed picture, decoded and brought to one size.

    Raises:
        BadData: none can be read, or none of a class or of a part; or they don't fit into memory.
            A file that can't be read is left out, never replaced, and listed in `excluded`.
    """
    listing = checked(listing)
    if not listing.found:
        why = f" ({_reasons(listing.excluded)})" if listing.excluded else ""
        raise BadData(f"{listing.name}: none of the pictures named can be used{why}")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        headers = list(pool.map(_header, listing.found))
        good = [header for header in headers if isinstance(header, Header)]
        if not good:
            raise BadData(
                f"none of the {len(headers):,} pictures in {listing.name} can be read: {headers[0]}"
            )
        preprocess = _choose(good, image_size, fit)
        _check_memory(len(headers), preprocess)
        reader = _Reader(pool, preprocess, len(headers), progress)
        read = {part: reader.read(listing.of(part)) for part in PARTS}
    bad = listing.excluded + tuple(reader.excluded)
    _check_classes(listing.classes, read, bad)
    for part, (kept, _) in read.items():
        if listing.of(part) and not kept:
            raise BadData(f"{listing.name}: no {part} picture can be read ({_reasons(bad)})")
    groups = {group: i for i, group in enumerate(dict.fromkeys(one.group for one in listing.found))}
    train, validation, test = (
        _split(*read[part], listing.classes, groups if listing.grouped_by else None)
        for part in PARTS
    )
    if train is None:
        raise BadData(f"{listing.name} has no picture to train on")
    return Source(
        listing.name, listing.how, listing.classes, train, validation, test, preprocess, bad
    )


class _Reader:
    """Reads part after part into one array each, so that no picture is held twice."""

    def __init__(self, pool: ThreadPoolExecutor, rule: Preprocess, total: int, progress: Progress):
        self.pool, self.rule, self.total, self.progress = pool, rule, total, progress
        self.done = 0
        self.excluded: list[Excluded] = []

    def read(self, found: Sequence[Found]) -> tuple[list[Found], np.ndarray]:
        """The pictures that can be read, and their pixels [n, height, width, channels]."""
        rule, kept = self.rule, list[Found]()
        pixels = np.empty((len(found), rule.height, rule.width, rule.channels), np.uint8)
        for one, picture in zip(found, self.pool.map(self._pixels, found), strict=True):
            if isinstance(picture, str):
                self.excluded.append(Excluded(one.name, picture))
            else:
                pixels[len(kept)] = picture
                kept.append(one)
            self.done += 1
            self.progress(self.done, self.total)
        return kept, pixels[: len(kept)]

    def _pixels(self, one: Found) -> np.ndarray | str:
        try:
            return self.rule.read(one.place.read(one.path))
        except BadData as error:
            return str(error)


def _header(one: Found) -> Header | str:
    try:
        return read_header(one.place.read(one.path))
    except BadData as error:
        return str(error)


def _choose(
    headers: Sequence[Header], image_size: int | None, fit: Literal["crop", "stretch"]
) -> Preprocess:
    """Grey only if every picture is; their own size if they share a small one, else 96."""
    first = headers[0]
    shared = all((h.height, h.width) == (first.height, first.width) for h in headers)
    if image_size is not None:
        height = width = image_size
    elif shared and max(first.height, first.width) <= SMALL:
        height, width = first.height, first.width
    else:
        height = width = DEFAULT_SIZE
    return Preprocess(height, width, 1 if all(h.grey for h in headers) else 3, fit)


def _check_memory(count: int, preprocess: Preprocess) -> None:
    size = count * preprocess.height * preprocess.width * preprocess.channels
    if size > MAX_BYTES:
        raise BadData(
            f"{count:,} pictures of {preprocess.height}x{preprocess.width} take {size / 2**30:.1f} "
            f"GiB; at most {MAX_BYTES >> 30} GiB is held in memory. Take a smaller --img-size"
        )


def _check_classes(
    classes: Sequence[str],
    read: dict[Part, tuple[list[Found], np.ndarray]],
    bad: Sequence[Excluded],
) -> None:
    seen = {one.label for kept, _ in read.values() for one in kept}
    lost = [name for name in classes if name not in seen]
    if lost:
        raise BadData(f"no picture of {', '.join(lost)} can be read ({_reasons(bad)})")


def _reasons(bad: Iterable[Excluded]) -> str:
    return "; ".join(f"{one.path}: {one.reason}" for one in list(bad)[:3])


def _split(
    kept: Sequence[Found],
    pixels: np.ndarray,
    classes: Sequence[str],
    groups: dict[str, int] | None,
) -> Split | None:
    if not kept:
        return None
    index = {name: i for i, name in enumerate(classes)}
    labels = np.array([index[one.label] for one in kept], np.int32)
    numbers = None if groups is None else np.array([groups[one.group] for one in kept], np.int64)
    return Split(pixels, labels, [one.name for one in kept], numbers)
