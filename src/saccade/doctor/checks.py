"""Everything that is looked for in a set of pictures, in the order in which it is told."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from unicodedata import normalize

import numpy as np

from saccade.doctor.duplicates import near_duplicates
from saccade.doctor.finding import Finding, Level
from saccade.doctor.grey import grey_of
from saccade.doctor.pictures import Pictures

FEW, LOPSIDED = 10, 10
DARK, BRIGHT = 12, 243  # mean grey values beyond which hardly anything is to be seen
BLOCK = 250
BLURRED = 0.1  # of the middle picture's sharpness

Check = Callable[[Pictures], Iterator[Finding]]

REFUSED = "is left out of training; nothing is deleted"
WARNED = {
    "no_eoi": "end without their end mark, whole otherwise",
    "trailing_data": "have something behind the picture",
    "decoder_warning": "are damaged a little; the decoder guessed",
    "animated": "are animations; the first frame counts",
    "multi_frame": "hold several pictures; the first counts",
    "icc_ignored": "have a colour profile other than sRGB, which is not applied",
    "bad_exif": "have a nonsensical orientation tag, which is ignored",
    "tiny": "are smaller than 4 pixels",
    "odd_aspect": "are more than 20 times as long as wide",
    "constant": "are one colour all over",
}


def examine(pictures: Pictures, checks: "Sequence[Check] | None" = None) -> list[Finding]:
    """All findings, the gravest first; of all checks where none are named."""
    found = [finding for check in checks or CHECKS for finding in check(pictures)]
    order: Sequence[Level] = ("stop", "warn", "note")
    return sorted(found, key=lambda finding: order.index(finding.level))


def unreadable(pictures: Pictures) -> Iterator[Finding]:
    """Files that can't be used, by reason."""
    by_code = defaultdict(list)
    for name, verdict in zip(pictures.names, pictures.verdicts, strict=True):
        if verdict.refused:
            by_code[verdict.refused[0]].append(name)
    for code, names in sorted(by_code.items(), key=lambda item: -len(item[1])):
        says = f"{_some(names)} can't be used: {code}"
        yield Finding(code, "warn", says, _each(names), f"each {REFUSED}")


def left_out(pictures: Pictures) -> Iterator[Finding]:
    """What a table or an archive names and nobody can have."""
    if pictures.excluded:
        says = f"{len(pictures.excluded):,} that were named are left out"
        names = [f"{one.path}: {one.reason}" for one in pictures.excluded]
        yield Finding("left_out", "warn", says, _each(names), "no training sees them")


def odd_files(pictures: Pictures) -> Iterator[Finding]:
    """What is read all the same, and what was repaired."""
    by_note = defaultdict(list)
    for name, verdict in zip(pictures.names, pictures.verdicts, strict=True):
        for note in verdict.notes:
            by_note[note].append(name)
    for (kind, code), names in sorted(by_note.items(), key=lambda item: -len(item[1])):
        if kind == "WARN":
            yield Finding(code, "warn", f"{_some(names)} {WARNED[code]}", _each(names))
        elif code != "orientation":
            yield Finding(
                code, "note", f"{_some(names)} brought to 8-bit RGB ({code})", _each(names)
            )
        else:
            yield Finding(
                code, "note", f"{_some(names)} turned as their EXIF tag says", _each(names)
            )


def named_otherwise(pictures: Pictures) -> Iterator[Finding]:
    """Files whose name says another kind than they are."""
    names = _where(pictures, pictures.lying)
    if names:
        says = f"{_some(names)} named like another kind of picture than they are"
        yield Finding("ext_mismatch", "note", says, _each(names), "read by what they are")


def enlarged(pictures: Pictures) -> Iterator[Finding]:
    """Pictures smaller than what is trained on."""
    side = min(pictures.pixels.shape[1:3])
    names = _where(pictures, (pictures.sides > 0) & (pictures.sides < side))
    if names:
        says = f"{_some(names)} smaller than the {side} pixels that are trained on"
        yield Finding("enlarged", "note", says, _each(names), "a smaller --img-size loses nothing")


def classes(pictures: Pictures) -> Iterator[Finding]:
    """One class, tiny ones, lopsided ones, names that differ in case or spaces only."""
    told = Counter(pictures.labels[pictures.readable & _in(pictures, "train")].tolist())
    counts = {name: told[i] for i, name in enumerate(pictures.classes)}
    if sum(count > 0 for count in counts.values()) < 2:
        says = f"only one class has pictures: {', '.join(n for n, c in counts.items() if c)}"
        yield Finding("one_class", "stop", says, advice="telling apart takes at least two")
        return
    few = [f"{name} ({count})" for name, count in counts.items() if count < FEW]
    if few:
        says = f"fewer than {FEW} pictures to train on: {', '.join(few[:10])}"
        yield Finding("tiny_class", "warn", says, advice="add pictures, or join classes")
    (least, fewest), *_, (most, largest) = sorted(counts.items(), key=lambda item: item[1])
    if fewest and largest >= LOPSIDED * fewest:
        says = f"{most} has {largest / fewest:.0f} times the pictures of {least}"
        advice = (
            f"always saying {most} would be right {largest / sum(counts.values()):.0%} of times"
        )
        yield Finding("imbalance", "warn", says, advice=advice)
    alike = defaultdict(list)
    for name in pictures.classes:
        alike[normalize("NFC", name.strip().casefold())].append(name)
    for names in alike.values():
        if len(names) > 1:
            look_alike = len({normalize("NFC", name) for name in names}) < len(names)
            shown = ", ".join(map(ascii if look_alike else repr, names))
            says = f"classes that differ in case, spaces or accents' encoding only: {shown}"
            yield Finding("same_class", "warn", says, advice="rename one if they are the same")


def duplicates(pictures: Pictures) -> Iterator[Finding]:
    """The same bytes or the same pixels: within a part, across, under two labels."""
    exact = _exact(pictures)
    twice = [one for one in exact if len(_parts(pictures, one)) == 1 and _one_label(pictures, one)]
    yield from _told(pictures, "duplicate", "warn", twice, "the same picture again", "keep one")
    leaks = [one for one in exact if len(_parts(pictures, one)) > 1]
    yield from _told(pictures, "leak", "warn", leaks, "the same picture in two parts", LEAKS)
    torn = [one for one in exact if not _one_label(pictures, one)]
    says = "the same picture under two labels"
    yield from _told(pictures, "two_labels", "warn", torn, says, "one of them is wrong")


def near(pictures: Pictures) -> Iterator[Finding]:
    """Nearly the same, within a part and across."""
    known = {frozenset(pair) for one in _exact(pictures) for pair in _pairs(one)}
    good = np.flatnonzero(pictures.readable)
    pairs = [
        (int(good[pair.first]), int(good[pair.second]))
        for pair in near_duplicates(pictures.pixels[good])
    ]
    pairs = [pair for pair in pairs if frozenset(pair) not in known]
    within = [pair for pair in pairs if len(_parts(pictures, pair)) == 1]
    yield from _told(
        pictures, "near_duplicate", "note", within, "nearly the same as another", APART
    )
    across = [pair for pair in pairs if len(_parts(pictures, pair)) > 1]
    yield from _told(pictures, "near_leak", "warn", across, "nearly the same in two parts", LEAKS)


APART = "look at them: if one is held out, it is tested on what the other taught"
LEAKS = "what is tested on was trained on: take one of each out, or group them (--group-by)"


def _exact(pictures: Pictures) -> list[tuple[int, ...]]:
    """Sets of positions with the same bytes, or the same pixels where those are not all alike."""
    alike = defaultdict(set)
    for i, (digest, verdict) in enumerate(zip(pictures.digests, pictures.verdicts, strict=True)):
        if digest and not verdict.refused:
            alike[digest].add(i)
            if pictures.sides[i] and np.ptp(pictures.pixels[i]):
                alike[pictures.pixels[i].tobytes()].add(i)
    sets = {tuple(sorted(one)) for one in alike.values() if len(one) > 1}
    return sorted(one for one in sets if not any(set(one) < set(other) for other in sets))


def dark_bright_blurred(pictures: Pictures) -> Iterator[Finding]:
    """Pictures on which hardly anything is to be seen."""
    good = pictures.readable
    mean, varied, sharp = _light(pictures.pixels)
    middle = np.median(mean[good])
    dark = good & varied & (mean < DARK) & (middle > 4 * DARK)
    bright = good & varied & (mean > BRIGHT) & (middle < 255 - 4 * (255 - BRIGHT))
    for code, which in (("dark", dark), ("bright", bright)):
        if names := _where(pictures, which):
            yield Finding(
                code, "warn", f"{code}, hardly anything to be seen: {_some(names)}", _each(names)
            )
    if min(pictures.pixels.shape[1:3]) < 64:
        return  # drawn digits have no sharpness to speak of
    blurred = good & varied & (sharp < BLURRED * np.median(sharp[good & varied]))
    if names := _where(pictures, blurred):
        yield Finding("blurred", "warn", f"blurred beside the others: {_some(names)}", _each(names))


def _light(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """[n] each: the mean grey value, whether there is more than one, and the sharpness."""
    told = []
    for start in range(0, len(pixels), BLOCK):  # so many at once stay near the processor
        grey = grey_of(pixels[start : start + BLOCK])
        told.append((grey.mean((1, 2)), np.ptp(grey, axis=(1, 2)) > 0, _sharpness(grey)))
    mean, varied, sharp = (np.concatenate(one) for one in zip(*told, strict=True))
    return mean, varied, sharp


def _sharpness(grey: np.ndarray) -> np.ndarray:
    """[n]: the variance of the Laplacian, of each picture's own contrast."""
    inner = grey[:, 1:-1, 1:-1]
    around = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    return np.asarray((4 * inner - around).var((1, 2)) / np.maximum(grey.var((1, 2)), 1))


def groups(pictures: Pictures) -> Iterator[Finding]:
    """Groups that stand in two parts."""
    parts = defaultdict(set)
    for group, part in zip(pictures.groups, pictures.parts, strict=True):
        parts[group].add(part)
    torn = [group for group, there in parts.items() if group and len(there) > 1]
    if torn:
        says = f"{len(torn)} groups stand in two parts: {', '.join(torn[:10])}"
        yield Finding("group_leak", "warn", says, advice="a group belongs to one part only")


CHECKS: Sequence[Check] = (
    unreadable,
    left_out,
    classes,
    duplicates,
    near,
    groups,
    dark_bright_blurred,
    odd_files,
    named_otherwise,
    enlarged,
)
# What takes next to no time, and is done before every training.
QUICK: Sequence[Check] = (left_out, classes, duplicates, groups)


def counts(pictures: Pictures) -> dict[str, int]:
    """`seen` files and what became of them: the other five are disjoint and add up to it."""
    told = Counter({"quarantined": len(pictures.excluded)})
    told.update(
        "quarantined"
        if verdict.refused
        else "warn"
        if any(note.verdict == "WARN" for note in verdict.notes)
        else "fix"
        if verdict.notes
        else "ok"
        for verdict in pictures.verdicts
    )
    each = {name: told[name] for name in ("ok", "fix", "warn", "quarantined")}
    return {"seen": sum(each.values()) + pictures.ignored, **each, "ignored": pictures.ignored}


def _in(pictures: Pictures, part: str) -> np.ndarray:
    return np.array([one == part for one in pictures.parts], bool)


def _where(pictures: Pictures, which: np.ndarray) -> list[str]:
    return [pictures.names[int(i)] for i in np.flatnonzero(which)]


def _each(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    return tuple((name,) for name in names)


def _some(names: Sequence[str]) -> str:
    return f"{len(names):,} picture{'s' if len(names) > 1 else ''}"


def _parts(pictures: Pictures, rows: Iterable[int]) -> set[str]:
    return {pictures.parts[row] for row in rows}


def _one_label(pictures: Pictures, rows: Iterable[int]) -> bool:
    return len({int(pictures.labels[row]) for row in rows}) == 1


def _pairs(rows: Sequence[int]) -> Iterator[tuple[int, int]]:
    return ((a, b) for i, a in enumerate(rows) for b in rows[i + 1 :])


def _told(
    pictures: Pictures,
    code: str,
    level: Level,
    sets: Sequence[tuple[int, ...]],
    what: str,
    advice: str,
) -> Iterator[Finding]:
    if sets:
        names = tuple(tuple(pictures.names[row] for row in rows) for rows in sets)
        times = f"{len(sets):,} time{'s' if len(sets) > 1 else ''}"
        yield Finding(code, level, f"{what}: {times}", names, advice)
