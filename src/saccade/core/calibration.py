"""From a network's raw logits to confidence that means something: one record, used everywhere.

Whoever answers (predict, a bundle, the service, an exported graph) uses this record and nothing
else; how its numbers are fitted is `saccade.confidence`'s affair.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np

from saccade.core.errors import BadData
from saccade.core.known import Known
from saccade.core.scores import Kind, Score, nonconformity, softmax, unknown_score
from saccade.core.values import count, number, numbers, one_of, record_fields, share

Method = Literal["none", "temperature", "vector"]
Decision = Literal["accept", "reject", "unknown"]

# Outside of these no fit ends; inside, logits in float32 can't overflow.
SCALES, MOST_OFFSET = (1e-4, 1e4), 1e4


@dataclass(frozen=True)
class Reject:
    """When to hand a picture to a person: the top calibrated probability is below `threshold`.

    `precision` is the wanted share of right answers among those that are kept; where no threshold
    can promise it, `threshold` is None and nothing is accepted. `coverage` is the share of pictures
    kept, of the `n` that it was fitted on.
    """

    precision: float
    threshold: float | None
    coverage: float
    n: int

    def __post_init__(self) -> None:
        share("reject.precision", self.precision)
        share("reject.coverage", self.coverage)
        if self.threshold is not None:
            share("reject.threshold", self.threshold)
        count("reject.n", self.n)


@dataclass(frozen=True)
class Unknown:
    """When a picture is like none the network knows: its unknown score is above `threshold`.

    `share` of the known pictures are above it, too. `known` is what the score `energy or distance`
    is measured by, None with the others.
    """

    score: Score
    threshold: float
    share: float
    known: Known | None = None

    def __post_init__(self) -> None:
        one_of("unknown.score", self.score, get_args(Score))
        if (self.known is not None) != (self.score == "energy or distance"):
            raise BadData(
                "unknown.known is what `energy or distance` is measured by, and only that"
            )
        number("unknown.threshold", self.threshold)
        share("unknown.share", self.share)


@dataclass(frozen=True)
class Conformal:
    """Sets of classes that hold the true one with probability `coverage`.

    A class is in the set where its score is at most `quantile`, 0..1.
    """

    coverage: float
    kind: Kind
    quantile: float

    def __post_init__(self) -> None:
        share("conformal.coverage", self.coverage)
        one_of("conformal.kind", self.kind, get_args(Kind))
        share("conformal.quantile", self.quantile)


@dataclass(frozen=True)
class Calibration:
    """How raw logits become probabilities, decisions and sets of classes.

    Calibrated logits are `logits * scale + offset`, a number a class each. All methods take what a
    network gives: raw logits, any float [n, classes], for a binary network too.

    >>> sure = np.array([[4.0, 0.0, 0.0]])
    >>> halved = Calibration("temperature", (0.5, 0.5, 0.5), (0.0, 0.0, 0.0))
    >>> identity(3).probabilities(sure).round(3).tolist()
    [[0.965, 0.018, 0.018]]
    >>> halved.probabilities(sure).round(3).tolist()
    [[0.787, 0.107, 0.107]]
    """

    method: Method
    scale: tuple[float, ...]
    offset: tuple[float, ...]
    reject: Reject | None = None
    unknown: Unknown | None = None
    conformal: Conformal | None = None

    def __post_init__(self) -> None:
        one_of("method", self.method, get_args(Method))
        if len(self.scale) < 2 or len(self.scale) != len(self.offset):
            raise BadData(
                f"a calibration has as many scales as offsets, one a class, at least 2; got "
                f"{len(self.scale)} and {len(self.offset)}"
            )
        for name, values, low, high in (
            ("scale", self.scale, *SCALES),
            ("offset", self.offset, -MOST_OFFSET, MOST_OFFSET),
        ):
            for value in values:
                number(name, value)
                if not low <= value <= high:
                    raise BadData(f"a calibration's {name} is {low:g} to {high:g}, got {value:g}")
        plain, even = not any(self.offset), len(set(self.scale)) == 1
        if self.method == "temperature" and not (plain and even):
            raise BadData("a temperature is one scale for all classes, and no offset")
        if self.unknown and self.unknown.known and len(self.unknown.known.means) != self.classes:
            raise BadData(f"unknown.known is not of {self.classes} classes")
        if self.method == "none" and not (plain and even and self.scale[0] == 1):
            raise BadData("a calibration of method `none` has scale 1 and offset 0")

    @property
    def classes(self) -> int:
        """How many classes it is for."""
        return len(self.scale)

    def logits(self, raw: np.ndarray) -> np.ndarray:
        """Calibrated logits, float64 [n, classes].

        Raises:
            BadData: the raw ones have another shape.
        """
        raw = np.asarray(raw, np.float64)
        if raw.ndim != 2 or raw.shape[1] != self.classes:
            raise BadData(
                f"this calibration takes logits [n, {self.classes}], got {list(raw.shape)}"
            )
        calibrated: np.ndarray = raw * np.array(self.scale) + np.array(self.offset)
        return calibrated

    def probabilities(self, raw: np.ndarray) -> np.ndarray:
        """Calibrated probabilities, float64 [n, classes], rows sum to 1.

        Raises:
            BadData: as `logits`.
        """
        return softmax(self.logits(raw))

    def unknown_score(self, raw: np.ndarray) -> np.ndarray:
        """How strange each picture is, float64 [n]; larger is stranger. Of raw logits alone.

        Raises:
            BadData: as `logits`.
        """
        self.logits(raw)
        if self.unknown is not None and self.unknown.known is not None:
            return self.unknown.known.strangeness(raw)
        return unknown_score(raw, self.unknown.score if self.unknown else "energy")

    def decisions(self, raw: np.ndarray) -> list[Decision]:
        """What to do with each picture: `unknown` before `reject` before `accept`.

        Raises:
            BadData: as `logits`.

        >>> handing_on = Reject(precision=0.9, threshold=0.8, coverage=0.5, n=100)
        >>> careful = Calibration("none", (1.0,) * 3, (0.0,) * 3, handing_on)
        >>> careful.decisions(np.array([[4.0, 0.0, 0.0], [0.2, 0.0, 0.0]]))
        ['accept', 'reject']
        """
        top = self.probabilities(raw).max(axis=1)
        kept = np.ones(len(top), bool)
        if self.reject is not None:
            threshold = self.reject.threshold
            kept = top >= threshold if threshold is not None else np.zeros(len(top), bool)
        strange = np.zeros(len(top), bool)
        if self.unknown is not None:
            strange = self.unknown_score(raw) > self.unknown.threshold
        return [
            "unknown" if odd else "accept" if keep else "reject"
            for odd, keep in zip(strange, kept, strict=True)
        ]

    def sets(self, raw: np.ndarray) -> list[list[int]]:
        """The classes that each picture may be of, most likely first; a set may be empty.

        Raises:
            BadData: as `logits`, or no coverage was asked for.

        >>> sets = Conformal(0.9, "LAC", 0.85)
        >>> torn = np.log([[0.6, 0.3, 0.1]])
        >>> Calibration("none", (1.0,) * 3, (0.0,) * 3, conformal=sets).sets(torn)
        [[0, 1]]
        """
        if self.conformal is None:
            raise BadData("this calibration has no conformal quantile; calibrate with --coverage")
        probabilities = self.probabilities(raw)
        scores = nonconformity(probabilities, self.conformal.kind)
        order = np.argsort(-probabilities, axis=1, kind="stable")
        quantile = self.conformal.quantile
        return [
            [int(c) for c in ranked if row[c] <= quantile]
            for ranked, row in zip(order, scores, strict=True)
        ]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: object) -> "Calibration":
        """The inverse of `to_json`; nothing in `values` is trusted.

        Raises:
            BadData: they are no calibration; says what is wrong.

        >>> Calibration.from_json(identity(2).to_json()) == identity(2)
        True
        """
        told = dict(record_fields("a calibration", cls, values))
        for name in ("scale", "offset"):
            told[name] = numbers(name, told[name])
        for name, kind in (("reject", Reject), ("conformal", Conformal)):
            if told[name] is not None:
                told[name] = kind(**record_fields(name, kind, told[name]))
        if told["unknown"] is not None:
            unknown = dict(record_fields("unknown", Unknown, told["unknown"]))
            if unknown["known"] is not None:
                unknown["known"] = Known.from_json(unknown["known"])
            told["unknown"] = Unknown(**unknown)
        return cls(**told)


def identity(classes: int) -> Calibration:
    """The calibration that leaves logits as they are and decides nothing.

    >>> identity(2).decisions(np.array([[0.0, 3.0]]))
    ['accept']
    """
    return Calibration("none", (1.0,) * classes, (0.0,) * classes)
