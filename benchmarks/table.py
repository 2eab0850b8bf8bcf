"""The table of docs/performance.md, made of results.json."""

import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- table: make bench -->", "<!-- end of table -->"
# FLOP of one training image: forward, and both gradients; no input gradient in the first layer.
TRAIN_FLOP = {
    "softmax": 0.0314e6,
    "mlp": 0.796e6,
    "conv 4-8-12": 2.424e6,
    "conv 6-12-24+BN": 5.572e6,
    "conv 24-48-64+BN": 54.6e6,
    "conv 32-64": 22.0e6,
    "ResNet-9": 2272e6,
}


def best_of(sides: Mapping[str, Any], prefix: str) -> tuple[str, float]:
    """The fastest of the sides whose names begin so, by its median."""
    speeds = {
        name: statistics.median(side["images_per_second"])
        for name, side in sides.items()
        if name.startswith(prefix)
    }
    if not speeds:
        return "", float("nan")
    name = max(speeds, key=speeds.__getitem__)
    return name, speeds[name]


def spread(values: list[float]) -> str:
    """`12,345 (11,900 to 12,800)`: median, least and largest."""
    return f"{statistics.median(values):,.0f} ({min(values):,.0f} to {max(values):,.0f})"


def lines(results: Mapping[str, Any]) -> list[str]:
    """Markdown."""
    peak = f"{results['peak_flops'] / 1e9:.0f} GFLOP/s"
    columns = ("net (batch)", "side", "images/s", "60,000 images", "to the end of epoch 1")
    heads = [*columns, "peak memory", "of the peak"]
    made = [
        f"`{results['command'].strip()}`, {results['hardware']}, Python {results['python']}; "
        f"a product of two 2048x2048 matrices reaches {peak} here. Median of "
        f"{results['rounds']} rounds in turns, least and largest beside it.",
        "",
        f"| {' | '.join(heads)} |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for net, result in results["nets"].items():
        for name, side in result["sides"].items():
            speed = statistics.median(side["images_per_second"])
            share = speed * TRAIN_FLOP[net] / results["peak_flops"]
            made.append(
                f"| {net} ({result['batch']}) | {name} | {spread(side['images_per_second'])} | "
                f"{60_000 / speed:.1f} s | {side['start_to_first_epoch']:.1f} s | "
                f"{side['peak_bytes'] / 2**20:,.0f} MiB | {100 * share:.0f} % |"
            )
    made += ["", "| net | saccade to the best peer | which |", "|---|---:|---|"]
    for net, result in results["nets"].items():
        ours = best_of(result["sides"], "saccade")[1]
        others = {name: side for name, side in result["sides"].items() if name != "saccade"}
        name, theirs = best_of(others, "")
        made.append(f"| {net} | {ours / theirs:.2f} | {name} |")
    versions = {
        name: ", ".join(side["versions"])
        for result in results["nets"].values()
        for name, side in result["sides"].items()
    }
    return [*made, "", *(f"- {name}: {said}" for name, said in versions.items())]


def write_table(results: Mapping[str, Any], page: Path) -> None:
    """Puts it between its marks."""
    put_between(BEGIN, END, lines(results), page)


def put_between(begin: str, end: str, lines: Sequence[str], page: Path) -> None:
    """Replaces what stands between two marks of a page."""
    table = "\n".join([begin, *lines, end])
    pattern = f"{re.escape(begin)}.*?{re.escape(end)}"
    page.write_text(re.sub(pattern, lambda _: table, page.read_text(), flags=re.S))
