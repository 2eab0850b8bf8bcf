"""Listed pictures become arrays: decoded, brought to one size, split."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from saccade.core.decode import Header, read_header
from saccade.core.errors import BadData
from saccade.core.kinds import is_tiff_name
from saccade.core.memory import memory_bytes
from saccade.core.preprocess import Preprocess
from saccade.core.records import Excluded, Split
from saccade.core.rows import Rows
from saccade.data.decoded import Decoded, Progress, decode_all, kept, key_of
from saccade.data.decoders import digest
from saccade.data.listing import PARTS, Found, Listing, Part, checked
from saccade.data.remote import Remote
from saccade.data.source import Source

SMALL, DEFAULT_SIZE = 32, 96
MOST_OF_MEMORY = 0.25  # what is larger stays on disk; reading and training hold a copy each


@dataclass(frozen=True)
class Target:
    """What pictures are brought to: `size` pixels each way by `fit`; RGB with `colour`.

    Without a size, it is their own if they all share one of at most 32, else `default_size`.
    """

    size: int | None = None
    fit: Literal["crop", "stretch"] = "crop"
    default_size: int = DEFAULT_SIZE
    colour: bool = False

    def rule(self, headers: Sequence[Header]) -> Preprocess:
        """For pictures that say this of themselves; grey only if every one is."""
        first = headers[0]
        shared = all((h.height, h.width) == (first.height, first.width) for h in headers)
        if self.size is not None:
            height = width = self.size
        elif shared and max(first.height, first.width) <= SMALL:
            height, width = first.height, first.width
        else:
            height = width = self.default_size
        grey = all(h.grey for h in headers) and not self.colour
        return Preprocess(height, width, 1 if grey else 3, self.fit)


def read_pictures(listing: Listing, target: Target, progress: Progress) -> Source:
    """Every listed picture, decoded and brought to one size; on disk if that is much.

    Raises:
        BadData: none can be read, or none of a class or of a part. A file that can't be read is
            left out, never replaced, and listed in `excluded`.
    """
    listing = checked(listing)
    if not listing.found:
        why = f" ({_reasons(listing.excluded)})" if listing.excluded else ""
        raise BadData(f"{listing.name}: none of the pictures named can be used{why}")
    decoded = decode_listing(listing, target, progress)
    verdicts = decoded.verdicts
    bad = listing.excluded + tuple(
        Excluded(one.name, ": ".join(verdict.refused))
        for one, verdict in zip(listing.found, verdicts, strict=True)
        if verdict.refused
    )
    good = [row for row, verdict in enumerate(verdicts) if not verdict.refused]
    _check_classes(listing.classes, {listing.found[row].label for row in good}, bad)
    streamed = decoded.pixels.size > memory_bytes() * MOST_OF_MEMORY
    splits = {part: _split(listing, decoded.pixels, good, part, streamed) for part in PARTS}
    for part in PARTS:
        if listing.of(part) and splits[part] is None:
            raise BadData(f"{listing.name}: no {part} picture can be read ({_reasons(bad)})")
    train = splits["train"]
    if train is None:
        raise BadData(f"{listing.name} has no picture to train on")
    return Source(
        listing.name,
        listing.how,
        listing.classes,
        train,
        splits["validation"],
        splits["test"],
        decoded.rule,
        bad,
    )


def decode_listing(listing: Listing, target: Target, progress: Progress) -> Decoded:
    """A row of pixels and a verdict for each picture of a listing, in its order.

    From an earlier start where one decoded the same bytes in the same way.

    Raises:
        BadData: none can be read.
    """
    with ThreadPoolExecutor() as pool:
        digests = list(_told(pool.map(_digest, listing.found), listing, progress))
        by_name = [row for row, one in enumerate(listing.found) if is_tiff_name(one.path)]
        key = key_of(digests, astuple(target), by_name)
        if (earlier := kept(key)) is not None:
            return earlier._replace(digests=digests)
        headers = list(pool.map(_header, listing.found))
    good = [header for header in headers if isinstance(header, Header)]
    if not good:
        raise BadData(
            f"none of the {len(headers):,} pictures in {listing.name} can be read: {headers[0]}"
        )
    rule = target.rule(good)
    decoded = decode_all(key, listing.found, digests, rule, progress)
    _check_places(listing, decoded)
    return decoded


def _check_places(listing: Listing, decoded: Decoded) -> None:
    """Half a set is not trained on because its disk was taken out."""
    if any(verdict.refused for verdict in decoded.verdicts):
        for where in {one.place.where for one in listing.found}:
            if not Path(where).exists():
                raise BadData(f"{where} went away while it was read. Start again when it is back")


def _told(digests: Iterable[str], listing: Listing, progress: Progress) -> Iterator[str]:
    """The same, and how far it is where pictures must be fetched."""
    slow = any(isinstance(one.place, Remote) for one in listing.found)
    for done, one in enumerate(digests, 1):
        if slow:
            progress(done, len(listing.found))
        yield one


def _digest(one: Found) -> str:
    """Of a picture's bytes; why they can't be had."""
    try:
        return digest(one.place.read(one.path))
    except BadData as error:
        return str(error)


def _header(one: Found) -> Header | str:
    try:
        return read_header(one.place.read(one.path))
    except BadData as error:
        return str(error)


def _check_classes(classes: Sequence[str], seen: set[str], bad: Sequence[Excluded]) -> None:
    lost = [name for name in classes if name not in seen]
    if lost:
        raise BadData(f"no picture of {', '.join(lost)} can be read ({_reasons(bad)})")


def _reasons(bad: Iterable[Excluded]) -> str:
    return "; ".join(f"{one.path}: {one.reason}" for one in list(bad)[:3])


def _split(
    listing: Listing, pixels: np.ndarray, good: Sequence[int], part: Part, streamed: bool
) -> Split | None:
    """The pictures of a part that could be read; None if there is none."""
    rows = [row for row in good if listing.found[row].part == part]
    if not rows:
        return None
    mine = [listing.found[row] for row in rows]
    index = {name: i for i, name in enumerate(listing.classes)}
    labels = np.array([index[one.label] for one in mine], np.int32)
    groups = {group: i for i, group in enumerate(dict.fromkeys(one.group for one in listing.found))}
    numbers = np.array([groups[one.group] for one in mine], np.int64)
    mapped = Rows(pixels, np.array(rows))
    return Split(
        mapped if streamed else mapped[:],
        labels,
        [one.name for one in mine],
        numbers if listing.grouped_by else None,
        np.array([one.weight for one in mine], np.float32)
        if listing.weighted_by and part == "train"
        else None,
    )
