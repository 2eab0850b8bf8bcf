"""What a reader found, and how it becomes a data set with a test split."""

import hashlib
from dataclasses import dataclass

import numpy as np

from saccade.core.errors import BadData
from saccade.core.preprocess import Preprocess
from saccade.core.records import Dataset, Excluded, Split
from saccade.data.split import hold_out


@dataclass(frozen=True, eq=False)
class Source:
    """Pictures as they were found: `validation` and `test` are None where none is given.

    `how` says how they were read, in a few words; `test_origin` where a given test comes from.
    """

    name: str
    how: str
    classes: tuple[str, ...]
    train: Split
    validation: Split | None
    test: Split | None
    preprocess: Preprocess
    excluded: tuple[Excluded, ...] = ()
    test_origin: str = "official"


def to_dataset(source: Source, reference: str, test_share: float) -> Dataset:
    """Checks shapes and labels, and holds out a test split where there is none.

    Raises:
        BadData: fewer than two classes, a class that train lacks, or no weight above 0.
    """
    _check_shapes(source)
    _check_labels(source)
    if source.train.weights is not None and not source.train.weights.any():
        raise BadData(f"{source.name}: the weight of every picture is 0, so none is learned from")
    train, test, origin = source.train, source.test, source.test_origin
    if test is None:
        train, test = hold_out(train, test_share, len(source.classes))
        origin = "held out"
    if not len(test):
        few = "two pictures" if source.train.groups is None else "two groups"
        raise BadData(f"nothing is left to test on: no class of {source.name} has {few}. Add some")
    return Dataset(
        name=source.name,
        reference=reference,
        classes=source.classes,
        train=train,
        validation=source.validation,
        test=test,
        preprocess=source.preprocess,
        test_origin=origin,
        statement=_statement(source, train, test, origin),
        fingerprint=_fingerprint(source),
        excluded=source.excluded,
    )


def _check_shapes(source: Source) -> None:
    rule = source.preprocess
    expected = (rule.height, rule.width, rule.channels)
    parts = {"train": source.train, "validation": source.validation, "test": source.test}
    for part, split in parts.items():
        if split is not None and split.pixels.shape[1:] != expected:
            height, width, channels = split.pixels.shape[1:]
            raise BadData(
                f"{source.name}: {part} has pictures of {height}x{width}x{channels}, "
                f"expected are {rule.height}x{rule.width}x{rule.channels}"
            )


def _check_labels(source: Source) -> None:
    if len(source.classes) < 2:
        raise BadData(
            f"{source.name} has {len(source.classes)} class "
            f"({', '.join(source.classes)}); telling apart takes at least two"
        )
    counts = np.bincount(source.train.labels, minlength=len(source.classes))
    lacking = [name for name, n in zip(source.classes, counts, strict=True) if n == 0]
    if lacking:
        raise BadData(
            f"{source.name}: train has no picture of {', '.join(lacking[:10])}, "
            f"but validation or test has. Add some to train, or take the class out"
        )


def _statement(source: Source, train: Split, test: Split, origin: str) -> str:
    parts = [train, test, *([source.validation] if source.validation else [])]
    height, width, channels = train.pixels.shape[1:]
    colour = "grey" if channels == 1 else "RGB"
    validation = f"{len(source.validation):,} to validate, " if source.validation else ""
    how = "official" if origin == "official" else "held out, stratified"
    left_out = f"; {len(source.excluded):,} left out" if source.excluded else ""
    return (
        f"{source.name}: {source.how + ', ' if source.how else ''}"
        f"{sum(map(len, parts)):,} {colour} images {height}x{width} in {len(source.classes)} "
        f"classes; {len(train):,} to train, {validation}{len(test):,} to test ({how}){left_out}"
    )


def _fingerprint(source: Source) -> str:
    digest = hashlib.sha256("\0".join(source.classes).encode("utf-8", "surrogateescape"))
    for split in (source.train, source.validation, source.test):
        if split is not None:
            digest.update(repr(split.pixels.shape).encode())
            for start in range(0, len(split), 1000):  # they may lie on disk
                digest.update(np.ascontiguousarray(split.pixels[start : start + 1000]))
            digest.update(np.ascontiguousarray(split.labels, np.int32))
            if split.groups is not None:  # they decide what is held out
                digest.update(np.ascontiguousarray(split.groups, np.int64))
            if split.weights is not None:
                digest.update(b"weights")
                digest.update(np.ascontiguousarray(split.weights, np.float32))
    return digest.hexdigest()
