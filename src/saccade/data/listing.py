"""Which pictures there are, before any is decoded. Every reader of a layout returns a `Listing`."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from saccade.core.errors import BadData, BadUsage
from saccade.core.records import Excluded
from saccade.data.place import Place

Part = Literal["train", "validation", "test"]

# Spelled as peers spell them; read without regard to case.
SPLIT_NAMES: dict[str, Part] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
}
PARTS: tuple[Part, ...] = ("train", "validation", "test")
MOST_EXAMPLES = 10


@dataclass(frozen=True)
class Found:
    """A picture: its path inside a place, what it is part of, its class, how it is called.

    Pictures of one `group` (a patient, a video) stay together; "" belongs to none. `weight` is how
    much its loss counts beside that of others.
    """

    place: Place
    path: str
    part: Part
    label: str
    name: str
    group: str = ""
    weight: float = 1.0


@dataclass(frozen=True)
class Listing:
    """Pictures in a fixed order, and what was found but left out.

    `classes` are all labels that were given, also those whose pictures were all left out; `how`
    says in a few words how it was read; `grouped_by` is the column of the groups, if there is one,
    `weighted_by` that of the weights.
    """

    name: str
    how: str
    found: Sequence[Found]
    classes: tuple[str, ...]
    excluded: tuple[Excluded, ...] = ()
    grouped_by: str | None = None
    weighted_by: str | None = None

    def of(self, part: Part) -> list[Found]:
        """The pictures of one part."""
        return [one for one in self.found if one.part == part]


def with_parts(data: Listing, validation: Listing | None, test: Listing | None) -> Listing:
    """The same data with what --val-data and --test-data name.

    Raises:
        BadUsage: it already has such a part, or the other has splits of its own.
    """
    extra: tuple[tuple[Part, str, Listing | None], ...] = (
        ("validation", "--val-data", validation),
        ("test", "--test-data", test),
    )
    for part, option, other in extra:
        if other is None:
            continue
        if data.of(part):
            raise BadUsage(f"{data.name} has a {part} split of its own: leave {option} out")
        if len(other.of("train")) < len(other.found):
            raise BadUsage(f"{option} takes one split, and {other.name} has several: give one")
        here = data.found[0].place.where if data.found else ""
        moved = [replace(one, part=part, name=_name(one, here)) for one in other.found]
        data = replace(
            data,
            found=[*data.found, *moved],
            how=f"{data.how}, {part} from {other.name}",
            classes=tuple(sorted({*data.classes, *other.classes})),
            excluded=data.excluded + other.excluded,
        )
    return data


def _name(one: Found, here: str) -> str:
    """As its own set calls it, with the set's name where that is another; a URL as it is."""
    where = one.place.where
    return one.name if where in ("", here) else f"{Path(where).name}/{one.name}"


def checked(listing: Listing) -> Listing:
    """The same without what is in two parts, its labels and groups looked through.

    A picture that is held out is not trained on: of train and test, test keeps it.

    Raises:
        BadData: a label that train lacks, or a group in two parts; with up to 10 examples.
    """
    known = {one.label for one in listing.of("train")}
    strange = [one for one in listing.found if one.label not in known]
    if strange and known:
        raise BadData(
            f"{listing.name}: train has no picture of {_some(sorted({o.label for o in strange}))}, "
            f"but {strange[0].part} has ({_some([one.name for one in strange])}). "
            f"Add some to train, or take them out"
        )
    listing = _in_one_part(listing)
    _check_groups(listing)
    return listing


def _in_one_part(listing: Listing) -> Listing:
    last: dict[tuple[str, str], Part] = {}
    for part in PARTS:
        for one in listing.of(part):
            last[one.place.where, one.path] = part
    kept, twice = [], []
    for one in listing.found:
        part = last[one.place.where, one.path]
        if one.part == part:
            kept.append(one)
        else:
            twice.append(Excluded(one.name, f"it is in {one.part} and in {part}; kept in {part}"))
    return replace(listing, found=kept, excluded=(*listing.excluded, *twice))


def _check_groups(listing: Listing) -> None:
    parts: dict[str, set[Part]] = defaultdict(set)
    for one in listing.found:
        parts[one.group].add(one.part)
    torn = [group for group, of in parts.items() if group and len(of) > 1]
    if torn:
        raise BadData(
            f"{listing.name}: the same {listing.grouped_by} is in train and in a part held out: "
            f"{_some(torn)}. A group belongs into one part; change the split column"
        )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_EXAMPLES:,} more" if len(names) > MOST_EXAMPLES else ""
    return ", ".join(names[:MOST_EXAMPLES]) + more
