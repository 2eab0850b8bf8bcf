"""saccade beside its peers: the same nets, batches and pictures, taking turns on one machine.

    python benchmarks/run.py                         every net and side, five rounds
    python benchmarks/run.py --nets mlp --rounds 3

Makes virtual environments for TensorFlow and PyTorch under .venv-peers (Python 3.11, Linux x86-64);
a side that can't be had is left out and named. Writes benchmarks/results.json and the table in
docs/performance.md.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE))

from nets import NETS  # noqa: E402
from table import write_table  # noqa: E402


def same_as_here(*packages: str) -> list[str]:
    """Requirements: these packages in the versions of this environment."""
    return [f"{name}=={version(name)}" for name in packages]


UVICORN = f"uvicorn[standard]=={version('uvicorn')}"
PEERS = ROOT / ".venv-peers"
NEEDS = {
    "tensorflow": ["tensorflow-cpu"],
    "torch": ["torch==2.13.0", "numpy"],
    # What writes ONNX files (benchmarks/export.py).
    "torch-onnx": ["torch==2.13.0", "numpy", "onnx", "onnxscript"],
    # What serves (benchmarks/serving.py), with the ONNX Runtime and the web server that we have.
    "serve-fastapi": [*same_as_here("fastapi", "onnxruntime", "numpy"), UVICORN],
    "serve-litserve": ["litserve==0.2.19", *same_as_here("onnxruntime", "numpy")],
}
# Pictures in an epoch: a warm one takes about a second or more on two cores.
IMAGES = {
    "softmax": 60_000,
    "mlp": 60_000,
    "conv 4-8-12": 30_000,
    "conv 6-12-24+BN": 15_000,
    "conv 24-48-64+BN": 3_000,
    "conv 32-64": 6_400,
    "ResNet-9": 384,
}


@dataclass(frozen=True)
class Side:
    """One way to train: a command that answers lines (measure.py)."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


def sides() -> Iterator[Side]:
    """Those that can be had here."""
    own = sys.executable
    cold = {"JAX_ENABLE_COMPILATION_CACHE": "false"}
    yield Side("saccade", [own, str(HERE / "ours.py")], cold)
    fit = str(HERE / "peers" / "keras_fit.py")
    yield Side("Keras fit, JAX", [own, fit], {"KERAS_BACKEND": "jax", **cold})
    if python := environment("tensorflow"):
        yield Side("Keras fit, TensorFlow", [python, fit], {"KERAS_BACKEND": "tensorflow"})
    if python := environment("torch"):
        for how in ("eager", "compile"):
            for layout in ("contiguous", "channels_last"):
                words = [python, str(HERE / "peers" / "torch_train.py"), how, layout]
                yield Side(f"PyTorch {how}, {layout}", words)


def environment(name: str, base: str | None = None) -> str:
    """The Python of a peer's virtual environment, made at its first use; "" where it can't be.

    It is made with `base`, or with a Python 3.11.
    """
    folder = PEERS / name
    python = folder / "bin" / "python"
    done = folder / "installed"
    if done.exists():
        return str(python)
    base = base or shutil.which("python3.11")
    if platform.system() != "Linux" or platform.machine() != "x86_64" or not base:
        print(f"{name} is left out: it takes Linux x86-64 and a python3.11", file=sys.stderr)
        return ""
    print(f"making {folder}", file=sys.stderr)
    subprocess.run([base, "-m", "venv", "--clear", folder], check=True)
    install = [python, "-m", "pip", "install", "--quiet", *NEEDS[name]]
    if subprocess.run(install).returncode:
        print(f"{name} is left out: it could not be installed", file=sys.stderr)
        return ""
    done.touch()
    return str(python)


@contextmanager
def started(side: Side) -> Iterator[Any]:
    """A side's process, and what it says first."""
    process = subprocess.Popen(
        side.command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=HERE,
        env={**os.environ, **side.environment, "PYTHONPATH": f"{HERE}:{ROOT / 'src'}"},
    )

    def ask(line: str = "") -> dict[str, Any]:
        if line:
            process.stdin.write(line + "\n")
            process.stdin.flush()
        told = process.stdout.readline()
        if not told:
            raise RuntimeError(f"{side.name} ended at {line or 'its start'}")
        return json.loads(told)

    try:
        yield ask
    finally:
        process.stdin.close()
        process.kill()
        process.wait()


def measure(net: str, all_sides: Sequence[Side], rounds: int) -> dict[str, Any]:
    """Every side's cold epoch alone, then warm ones in turns."""
    images = IMAGES[net]
    results: dict[str, Any] = {}
    with ExitStack() as stack:
        asks = {}
        for side in all_sides:
            try:
                ask = stack.enter_context(started(side))
                began = ask()
                first = ask(f"{net} {images}")
            except RuntimeError as error:
                print(error, file=sys.stderr)
                continue
            asks[side.name] = ask
            results[side.name] = {
                "versions": began["versions"],
                "start_to_first_epoch": began["seconds_to_start"] + first["seconds"],
                "images_per_second": [],
            }
            ask(f"{net} {images}")  # what is tuned or compiled at the second time
        for _ in range(rounds):
            for name, ask in asks.items():
                told = ask(f"{net} {images}")
                results[name]["images_per_second"].append(told["images"] / told["seconds"])
                results[name]["peak_bytes"] = told["peak_bytes"]
    for name, result in results.items():
        middle = statistics.median(result["images_per_second"])
        print(f"{net:18s} {name:32s} {middle:10,.0f} images/s", file=sys.stderr)
    return {"images": images, "batch": NETS[net].batch, "sides": results}


def peak_flops() -> float:
    """f32 FLOP/s of a product of two 2048 x 2048 matrices, the best of twenty."""
    import numpy as np

    size = 2048
    a = np.random.default_rng(0).normal(size=(size, size)).astype(np.float32)
    best = float("inf")
    for _ in range(20):
        start = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best


def hardware() -> str:
    """The processor and how many of it."""
    model = platform.processor()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if "model name" in line), model)
    return f"{len(os.sched_getaffinity(0))} cores of {model}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--nets", default=",".join(NETS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sides", default="", help="only those whose names begin so, by commas")
    options = parser.parse_args()
    wanted = tuple(options.sides.split(","))
    chosen = [side for side in sides() if side.name.startswith(wanted)]
    results: dict[str, Any] = {
        "command": " ".join(["python benchmarks/run.py", *sys.argv[1:]]),
        "hardware": hardware(),
        "python": platform.python_version(),
        "peak_flops": peak_flops(),
        "rounds": options.rounds,
        "nets": {},
    }
    for net in options.nets.split(","):
        results["nets"][net] = measure(net, chosen, options.rounds)
        if options.nets == ",".join(NETS) and not options.sides:  # what is done is kept
            (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n")
            write_table(results, ROOT / "docs" / "performance.md")


if __name__ == "__main__":
    main()
