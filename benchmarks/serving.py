"""`saccade serve` beside its peers: a plain FastAPI app, and LitServe, with the same model.onnx.

    python benchmarks/serving.py                                  three nets, five rounds: an hour
    python benchmarks/serving.py --nets softmax --rounds 1 --seconds 3

Raw uint8 bodies in, label, probability and the likeliest five out, one server at a time, the load
generator (load.py) on the same processors. First each way to set a server up is asked as fast as it
can answer (closed loop), and the quickest of each server goes on. Then, in every round and in
turns, each is asked

- as fast as it can answer, again: its maximum;
- in an open loop at 50, 80 and 95 % of the better peer's maximum. All servers get the same work:
  this is where times are compared;
- at 50, 80 and 95 % of its own maximum (saccade): how near to its limit it stays usable;
- at five times its own maximum: what it still answers, how soon it refuses, what memory it takes.

A request that failed, was answered wrongly or not within five seconds counts as one that took for
ever; refusals (503, 429) are counted apart. Makes virtual environments under .venv-peers with this
Python. Writes benchmarks/serving.json and the table in docs/performance.md.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from load import write_questions  # noqa: E402
from servers import (  # noqa: E402
    Server,
    Side,
    ask,
    fastapi_side,
    litserve_side,
    saccade_side,
    serving,
)
from serving_table import write_serving_table  # noqa: E402

from run import environment, hardware  # noqa: E402

NETS = ("softmax", "conv 6-12-24+BN", "MobileNetV2")
OWN = "saccade"
CONNECTIONS = (4, 32, 128)  # of closed loops: the best counts
SHARES = (50, 80, 95)  # % of a maximum
OVERLOAD = 5
WARM = 1.0
SAME = 1e-4  # how far probabilities of two servers may be apart


def sides() -> Iterator[Side]:
    """All ways that can be had here."""
    yield saccade_side()
    if python := environment("serve-fastapi", sys.executable):
        for how in ("async", "def", "inline"):
            for workers in (1, 2):
                yield fastapi_side(python, how, workers)
    if python := environment("serve-litserve", sys.executable):
        for batch in (1, 16):
            for workers in (1, 2):
                yield litserve_side(python, batch, workers)


class Questions:
    """A net's bundle and pictures, in a folder."""

    def __init__(self, net: str, folder: Path):
        from bundles import write_bundle  # loads JAX, which nobody else here needs

        self.folder, self.bundle = folder, folder / "bundle"
        self.pictures, self.labels, self.probabilities = write_bundle(net, self.bundle)
        write_questions(folder, self.pictures, self.labels, self.probabilities)

    def check(self, server: Server, name: str) -> None:
        """A server answers what is right, in all that is compared.

        Raises:
            RuntimeError: it does not.
        """
        everything = zip(self.pictures[:8], self.labels, self.probabilities, strict=False)
        for picture, label, probability in everything:
            told = json.loads(ask(server.port, picture))
            top = told["topk"]
            right = (
                told["label"] == top[0]["label"] == label
                and abs(told["probability"] - probability) < SAME
                and len(top) == 5
                and top == sorted(top, key=lambda one: -one["probability"])
            )
            if not right:
                raise RuntimeError(f"{name} answers {told}, right is {label} {probability:.4f}")


def load(server: Server, folder: Path, *options: object) -> dict[str, Any]:
    """What load.py tells, and the server's own processor time for an answer."""
    command = [sys.executable, str(HERE / "load.py"), str(server.port), str(folder)]
    before = server.use()
    done = subprocess.run(
        [*command, *map(str, options), "--warm", str(WARM)], stdout=subprocess.PIPE, check=True
    )
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    after = server.use()
    asked = told["n"] * (1 + WARM / told["seconds"])
    told["server_cpu_ms"] = 1000 * (after.cpu_seconds - before.cpu_seconds) / max(asked, 1)
    told["rss_before"], told["rss_after"] = before.rss_bytes, after.rss_bytes
    return told


def maximum(server: Server, folder: Path, seconds: float) -> dict[str, Any]:
    """The best of some closed loops."""
    each = [
        load(server, folder, "--connections", count, "--seconds", seconds) for count in CONNECTIONS
    ]
    return max(each, key=lambda told: told["goodput"])


def heats(
    chosen: Sequence[Side], questions: Questions, seconds: float
) -> dict[Side, dict[str, Any]]:
    """Each way's maximum; one that can't be started, or answers wrongly, is left out and named."""
    found = {}
    for side in chosen:
        try:
            with serving(side, questions.bundle, questions.pictures[0]) as server:
                questions.check(server, side.name)
                found[side] = maximum(server, questions.folder, seconds)
        except RuntimeError as error:
            print(f"{side.name} is left out: {error}", file=sys.stderr)
            continue
        print(f"  {side.name:32s} {found[side]['goodput']:9,.0f} a second", file=sys.stderr)
    return found


def quickest(found: Mapping[Side, Mapping[str, Any]]) -> list[Side]:
    """The best way of each server."""
    best: dict[str, Side] = {}
    for side, told in found.items():
        if side.server not in best or told["goodput"] > found[best[side.server]]["goodput"]:
            best[side.server] = side
    return list(best.values())


def rates_of(side: Side, most: Mapping[str, float]) -> dict[str, float]:
    """What a server is asked at, a second, by its name in the results; `most` is what each can."""
    own, peers = most[side.server], [rate for server, rate in most.items() if server != OWN]
    rates = {f"same {share}": max(peers) * share / 100 for share in SHARES} if peers else {}
    if side.server == OWN:
        rates |= {f"own {share}": own * share / 100 for share in SHARES}
    return {**rates, "overload": own * OVERLOAD}


def one_round(
    chosen: Sequence[Side], questions: Questions, seconds: float, seed: int
) -> dict[str, dict[str, Any]]:
    """Every server's maximum, and every rate: load after load, each on all servers in turn, so that
    a machine that grows slower for a minute grows slower for all."""
    told: dict[str, dict[str, Any]] = {side.server: {} for side in chosen}
    for side in chosen:
        with serving(side, questions.bundle, questions.pictures[0]) as server:
            told[side.server]["maximum"] = maximum(server, questions.folder, seconds / 2)
    most = {server: one["maximum"]["goodput"] for server, one in told.items()}
    rates = {side: rates_of(side, most) for side in chosen}
    for name in dict.fromkeys(name for each in rates.values() for name in each):
        for side in chosen:
            if rate := rates[side].get(name):
                options = ("--rate", rate, "--seconds", seconds, "--seed", seed)
                with serving(side, questions.bundle, questions.pictures[0]) as server:
                    one = load(server, questions.folder, *options)
                told[side.server][name] = one
                if one["wrong"] or (one["failed"] and name != "overload"):
                    doubt = f"{one['wrong']} wrong, failed {one['failed']}"
                    print(f"  {side.name}, {name}: {doubt}", file=sys.stderr)
    return told


def measure(net: str, all_sides: Sequence[Side], rounds: int, seconds: float) -> dict[str, Any]:
    """Every server's rounds."""
    print(net, file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="saccade-serving-") as folder:
        questions = Questions(net, Path(folder))
        found = heats(all_sides, questions, seconds / 2)
        chosen = quickest(found)
        told: dict[str, Any] = {side.server: {"way": side.way, "rounds": []} for side in chosen}
        for seed in range(rounds):
            done = one_round(chosen, questions, seconds, seed)
            for side in chosen:
                told[side.server]["rounds"].append(done[side.server])
                print(f"  round {seed + 1}: {line(side, done[side.server])}", file=sys.stderr)
        shape = list(questions.pictures.shape[1:])
    ways = {side.name: one["goodput"] for side, one in found.items()}
    return {"picture": shape, "ways": ways, "servers": told}


def line(side: Side, done: Mapping[str, Any]) -> str:
    """For whoever looks on."""
    at = done["same 80" if "same 80" in done else "own 80"]
    times = ", ".join(f"{name} {at[f'{name}_ms'] or np.nan:.2f}" for name in ("p50", "p99"))
    over = done["overload"]
    return (
        f"{side.name:32s} {done['maximum']['goodput']:9,.0f} a second; at 80 %: {times} ms; "
        f"overload: {over['goodput']:,.0f} a second, {over['refused']} refused"
    )


def versions() -> dict[str, str]:
    """Of what answers."""
    own = {name: version(name) for name in ("saccade", "onnxruntime", "uvicorn")}
    told = {OWN: ", ".join(f"{name} {one}" for name, one in own.items())}
    asked = {
        "FastAPI": ("fastapi", "uvicorn", "onnxruntime"),
        "LitServe": ("litserve", "onnxruntime"),
    }
    for name, packages in asked.items():
        python = environment(f"serve-{name.lower()}", sys.executable)
        if not python:
            continue
        code = f"from importlib.metadata import version as v; print(*map(v, {packages}))"
        found = subprocess.run([python, "-c", code], capture_output=True, text=True).stdout.split()
        told[name] = ", ".join(map(" ".join, zip(packages, found, strict=True)))
    return told


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nets", default=",".join(NETS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="of one load")
    parser.add_argument("--sides", default="", help="only those whose names begin so, by commas")
    parser.add_argument("--out", type=Path, help="write there, and no table")
    options = parser.parse_args()
    wanted = tuple(options.sides.split(","))
    chosen = [side for side in sides() if side.name.startswith(wanted)]
    results: dict[str, Any] = {
        "command": " ".join(["python benchmarks/serving.py", *sys.argv[1:]]),
        "hardware": hardware(),
        "python": platform.python_version(),
        "versions": versions(),
        "rounds": options.rounds,
        "seconds": options.seconds,
        "load_average_before": os.getloadavg()[0],
        "nets": {},
    }
    whole = options.nets == ",".join(NETS) and not options.sides and not options.out
    for net in options.nets.split(","):
        results["nets"][net] = measure(net, chosen, options.rounds, options.seconds)
        text = json.dumps(results, indent=1) + "\n"
        if options.out:
            options.out.write_text(text)
        elif whole:  # what is done is kept
            (HERE / "serving.json").write_text(text)
            write_serving_table(results, HERE.parent / "docs" / "performance.md")


if __name__ == "__main__":
    main()
