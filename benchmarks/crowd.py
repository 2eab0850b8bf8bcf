"""`saccade serve` among crowds: idle and slow connections, and replacements, under a steady load.

    python benchmarks/crowd.py                                    about five minutes
    python benchmarks/crowd.py --idle 1000 --slow 100 --replacements 5 --seconds 3

First the maximum (closed loop), then in an open loop at 20 and 50 % of it (the load generator
and the crowd take their share of the same processors)

- alone, before and after what follows;
- beside idle connections that ask nothing, and slow ones that send a byte of a request now and
  then; the server may end them, and each that it ended is opened again;

and at 20 %

- while SIGHUP replaces what answers, again and again, each time as soon as the new one is there,
  so that a process is starting all the time.

Times count from when a request was to go out (load.py). Writes benchmarks/crowd.json.
"""

import argparse
import json
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from servers import Server, saccade_side, serving  # noqa: E402
from serving import Questions, load, maximum  # noqa: E402

from run import hardware  # noqa: E402

SHARES = (0.2, 0.5)
SLOWLY = 1.0  # seconds between two bytes
AT_ONCE = 10  # connections opened before a breath of 10 ms: a flood is another question
HEAD = b"POST /predict HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: "
PARTS = 50  # of a crowd, one after the other, so that it is no burst on these few processors
REPLACED = re.compile(r"replaced: process")


class Crowd:
    """Connections that ask nothing, and some that send a byte now and then."""

    def __init__(self, port: int, idle: int, slow: int):
        self.address = ("127.0.0.1", port)
        self.sizes = {"idle": idle, "slow": slow}
        self.open: dict[str, list[socket.socket]] = {"idle": [], "slow": []}
        self.ended = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._keep, daemon=True)

    def __enter__(self) -> "Crowd":
        self._fill()
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()
        for each in self.open.values():
            for one in each:
                one.close()

    def _keep(self) -> None:
        part = 0
        while not self.over.wait(SLOWLY / PARTS):
            part = (part + 1) % PARTS
            for kind, each in self.open.items():
                gone = {one for one in each[part::PARTS] if not self._lives(one, kind)}
                self.ended += len(gone)
                self.open[kind] = [one for one in each if one not in gone] if gone else each
            if not part:
                self._fill()

    def _lives(self, one: socket.socket, kind: str) -> bool:
        try:
            if kind == "slow":
                one.send(b"x")
            one.recv(1 << 12)
        except BlockingIOError:
            return True
        except OSError:
            pass
        one.close()
        return False

    def _fill(self) -> None:
        for kind, size in self.sizes.items():
            for opened in range(size - len(self.open[kind])):
                if opened % AT_ONCE == 0 and self.over.wait(0.01):
                    return
                try:
                    one = socket.create_connection(self.address, timeout=5)
                    if kind == "slow":
                        one.send(HEAD)
                except OSError:
                    continue
                one.setblocking(False)
                self.open[kind].append(one)


def crowd(port: int, idle: int, slow: int) -> None:
    """A process of its own: says how many there are, and at the end of stdin how many it lost."""
    with Crowd(port, idle, slow) as held:
        print(json.dumps({name: len(each) for name, each in held.open.items()}), flush=True)
        sys.stdin.read()
    print(json.dumps({"ended_by_server": held.ended}), flush=True)


def beside_crowd(
    server: Server, folder: Path, rate: float, options: argparse.Namespace
) -> dict[str, Any]:
    """The load's answers alone, among idle and slow connections, and alone again."""
    steady = ("--rate", rate, "--seconds", options.seconds)
    command = [sys.executable, __file__, "--crowd", server.port]
    sizes = ["--idle", options.idle, "--slow", options.slow]
    before = say(f"{rate:,.0f} a second, alone", load(server, folder, *steady))
    process = subprocess.Popen(
        [str(word) for word in (*command, *sizes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        there = json.loads(process.stdout.readline())
        among = say(f"among {there}", load(server, folder, *steady))
        lost = json.loads(process.communicate()[0])
    after = say("alone again", load(server, folder, *steady))
    return {"alone": [before, after], "among": {**among, **there, **lost}}


def beside_replacements(
    server: Server, folder: Path, rate: float, replacements: int
) -> dict[str, Any]:
    """The load's answers while the worker is replaced so many times."""
    done = threading.Event()
    times: list[float] = []

    def replace() -> None:
        for count in range(1, replacements + 1):
            began = time.monotonic()
            server.signal(signal.SIGHUP)
            while len(REPLACED.findall(server.log.read_text())) < count:
                if server.process.poll() is not None or time.monotonic() - began > 120:
                    return done.set()
                time.sleep(0.02)
            times.append(time.monotonic() - began)
        done.set()

    thread = threading.Thread(target=replace)
    thread.start()
    parts = []
    while not done.is_set():
        parts.append(load(server, folder, "--rate", rate, "--seconds", 5, "--seed", len(parts)))
    thread.join()
    if len(times) < replacements:
        raise RuntimeError(f"replaced {len(times)} times of {replacements}")
    failed: dict[str, int] = {}
    for part in parts:
        for why, count in part["failed"].items():
            failed[why] = failed.get(why, 0) + count
    return {
        "replacements": len(times),
        "seconds_each": sum(times) / max(1, len(times)),
        "n": sum(part["n"] for part in parts),
        "failed": failed,
        "wrong": sum(part["wrong"] for part in parts),
        "refused": sum(part["refused"] for part in parts),
        "p99_ms": [part["p99_ms"] for part in parts],
    }


def measure(options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="saccade-crowd-") as folder:
        questions = Questions(options.net, Path(folder))
        with serving(saccade_side(), questions.bundle, questions.pictures[0]) as server:
            most = maximum(server, questions.folder, options.seconds / 2)["goodput"]
            print(f"{options.net}: {most:,.0f} a second", file=sys.stderr)
            crowded = [
                beside_crowd(server, questions.folder, share * most, options) for share in SHARES
            ]
            replaced = beside_replacements(
                server, questions.folder, SHARES[0] * most, options.replacements
            )
            print(f"  replacements: {replaced}", file=sys.stderr)
    return {"most": most, "crowd": crowded, "replacements": replaced}


def say(name: str, told: dict[str, Any]) -> dict[str, Any]:
    """For whoever looks on."""
    times = ", ".join(f"{each} {told[f'{each}_ms'] or float('inf'):.2f}" for each in ("p50", "p99"))
    print(f"  {name}: {times}, failed {told['failed']}, refused {told['refused']}", file=sys.stderr)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--net", default="conv 6-12-24+BN")
    parser.add_argument("--idle", type=int, default=10_000)
    parser.add_argument("--slow", type=int, default=1_000)
    parser.add_argument("--replacements", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--out", type=Path, default=HERE / "crowd.json")
    parser.add_argument("--crowd", type=int, help=argparse.SUPPRESS)  # port; the other process
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if options.crowd:
        return crowd(options.crowd, options.idle, options.slow)
    told = {
        "command": " ".join(["python benchmarks/crowd.py", *sys.argv[1:]]),
        "hardware": hardware(),
        **measure(options),
    }
    options.out.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
