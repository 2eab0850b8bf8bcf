"""The tables of docs/performance.md about serving, made of serving.json."""

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from table import put_between

BEGIN, END = "<!-- table: benchmarks/serving.py -->", "<!-- end of the table of serving -->"
SHARES = (50, 80, 95)
LATE_MS = 5.0  # a generator that is so late is the limit itself


def middle(rounds: Sequence[Mapping[str, Any]], load: str, what: str) -> float:
    """The median over rounds; infinite where it is for ever."""
    found = [one[load][what] for one in rounds if load in one]
    return statistics.median(math.inf if one is None else one for one in found or [math.nan])


def spread(rounds: Sequence[Mapping[str, Any]], load: str, what: str, digits: int = 0) -> str:
    """`12 (11 to 14)`: median, least and largest."""
    found = [math.inf if one[load][what] is None else one[load][what] for one in rounds]
    told = [number(one, digits) for one in (statistics.median(found), min(found), max(found))]
    return f"{told[0]} ({told[1]} to {told[2]})"


def number(value: float, digits: int) -> str:
    """`1,234.5`; a dash where there is none."""
    if math.isnan(value):
        return "-"
    return "never" if math.isinf(value) else f"{value:,.{digits}f}"


def lines(results: Mapping[str, Any]) -> list[str]:
    """Markdown."""
    return [
        f"`{results['command'].strip()}`, {results['hardware']}, Python {results['python']}, load "
        f"generator on the same processors; {results['rounds']} rounds in turns of "
        f"{results['seconds']:g} s a load, medians. Times in ms from when a request was to go out; "
        "`never` is where so many failed.",
        "",
        *_same(results),
        "",
        *_own(results),
        "",
        *_ratios(results),
        "",
        *(f"- {name}: {told}" for name, told in results["versions"].items()),
        *_doubts(results),
    ]


def _rows(results: Mapping[str, Any]) -> Iterator[tuple[str, str, Sequence[Mapping[str, Any]]]]:
    for net, told in results["nets"].items():
        for server, one in told["servers"].items():
            yield net, f"{server}{', ' if one['way'] else ''}{one['way']}", one["rounds"]


def _same(results: Mapping[str, Any]) -> Iterator[str]:
    """At the same rates."""
    heads = " | ".join(f"p50, p99 at {share} % of the better peer's" for share in SHARES)
    yield f"| net | server | answers a second at most | {heads} | processor ms an answer at 80 % |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for net, server, rounds in _rows(results):
        yield (
            f"| {net} | {server} | {spread(rounds, 'maximum', 'goodput')} | "
            + " | ".join(
                [*_times(rounds, "same"), number(middle(rounds, _at(rounds), "server_cpu_ms"), 3)]
            )
            + " |"
        )


def _at(rounds: Sequence[Mapping[str, Any]]) -> str:
    return "same 80" if "same 80" in rounds[0] else "own 80"


def _times(rounds: Sequence[Mapping[str, Any]], whose: str) -> Iterator[str]:
    for share in SHARES:
        both = [middle(rounds, f"{whose} {share}", name) for name in ("p50_ms", "p99_ms")]
        yield ", ".join(number(one, 2) for one in both)


def _own(results: Mapping[str, Any]) -> Iterator[str]:
    """At rates of its own, and overloaded."""
    heads = " | ".join(f"p50, p99 at {share} % of its own" for share in SHARES)
    yield (
        f"| net | server | {heads} | asked 5 times as much: answered, of its most | refused, "
        "p99 ms, without Retry-After | memory before and after, MiB |"
    )
    yield "|---|---|---:|---:|---:|---:|---:|---:|"
    for net, server, rounds in _rows(results):
        most = middle(rounds, "maximum", "goodput")
        share = 100 * middle(rounds, "overload", "goodput") / most if most else math.nan
        refused = middle(rounds, "overload", "refused")
        told = "none"
        if refused:
            late = middle(rounds, "overload", "refused_p99_ms")
            without = middle(rounds, "overload", "refused_without_retry_after")
            told = f"{number(refused, 0)}, {number(late, 1)}, {number(without, 0)}"
        memory = [middle(rounds, "overload", name) / 2**20 for name in ("rss_before", "rss_after")]
        yield (
            f"| {net} | {server} | "
            + " | ".join(
                [
                    *_times(rounds, "own"),
                    f"{number(share, 0)} %",
                    told,
                    f"{memory[0]:,.0f}, {memory[1]:,.0f}",
                ]
            )
            + " |"
        )


def _ratios(results: Mapping[str, Any]) -> Iterator[str]:
    """saccade to the better peer: at most, and p99 at the same rates."""
    heads = " | ".join(f"p99 at {share} %" for share in SHARES)
    yield f"| saccade to the better peer | answers a second at most | which | {heads} |"
    yield "|---|---:|---|---:|---:|---:|"
    for net, told in results["nets"].items():
        servers = {name: one["rounds"] for name, one in told["servers"].items()}
        own = servers.pop("saccade", None)
        if not own or not servers:
            continue
        name = max(servers, key=lambda one: middle(servers[one], "maximum", "goodput"))
        more = middle(own, "maximum", "goodput") / middle(servers[name], "maximum", "goodput")
        ratios = [
            _ratio(
                middle(own, f"same {share}", "p99_ms"),
                min(middle(each, f"same {share}", "p99_ms") for each in servers.values()),
            )
            for share in SHARES
        ]
        yield f"| {net} | {more:.2f} | {name} | {' | '.join(ratios)} |"


def _ratio(own: float, theirs: float) -> str:
    if math.isinf(own):
        return "never"
    return "only saccade" if math.isinf(theirs) else number(own / theirs, 2)


def _doubts(results: Mapping[str, Any]) -> Iterator[str]:
    """Loads where something was wrong, or where the generator was the limit."""
    for net, server, rounds in _rows(results):
        for load in rounds[0]:
            each = [one[load] for one in rounds]
            late = max(one["late_p99_ms"] or 0.0 for one in each)
            if late > LATE_MS:
                yield f"- {net}, {server}, {load}: the generator was {late:,.0f} ms late (p99)"
            for what, count in _faults(each):
                if load != "overload" or what.endswith("wrong answers"):
                    yield f"- {net}, {server}, {load}: {count:,} {what}"


def _faults(each: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, int]]:
    counts: Sequence[tuple[str, Callable[[Mapping[str, Any]], int]]] = (
        ("wrong answers", lambda one: one["wrong"]),
        ("failed", lambda one: sum(one["failed"].values())),
    )
    for what, count in counts:
        if total := sum(map(count, each)):
            yield what, total


def write_serving_table(results: Mapping[str, Any], page: Path) -> None:
    """Puts it between its marks."""
    put_between(BEGIN, END, lines(results), page)
