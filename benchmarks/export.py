"""What an exported network costs to ask: ours beside PyTorch's export of the same net.

    python benchmarks/export.py --rounds 7

Both files run in the same ONNX Runtime, with as many threads as there are processors: the time of
one picture, and pictures a second in batches of 64. Random weights; sides take turns, medians.
PyTorch writes its file in an environment that benchmarks/run.py makes. Writes
benchmarks/export.json.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from nets import NETS  # noqa: E402

from run import environment, hardware  # noqa: E402
from saccade.bundle.threads import processors  # noqa: E402
from saccade.core.calibration import identity  # noqa: E402
from saccade.core.preprocess import Preprocess  # noqa: E402
from saccade.export.network import to_onnx  # noqa: E402
from saccade.models.backend import keras  # noqa: E402
from saccade.models.graph import layer_graph  # noqa: E402
from saccade.models.initialize import first_weights, unallocated  # noqa: E402

APPLICATIONS = {"MobileNetV2": keras.applications.MobileNetV2}
SECONDS = 0.6  # of one round


def graph_of(name: str):
    """The layer graph of a net; of an application without its last softmax."""
    if name in APPLICATIONS:
        with unallocated():
            return layer_graph(APPLICATIONS[name](weights=None, classifier_activation=None))
    return layer_graph(NETS[name].build(keras))


def ours(name: str, file: Path) -> tuple[int, int, int]:
    """Writes our file; returns the shape of a picture."""
    graph = graph_of(name)
    weights, classes = first_weights(graph, "layers", 0), graph.nodes[-1].output_shape[0]
    rule = Preprocess(*graph.input_shape)
    names = [str(i) for i in range(classes)]
    file.write_bytes(to_onnx(graph, weights, rule, identity(classes), names))
    return graph.input_shape


def session(file: Path):
    """As bundles are run."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = processors(), 1
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def seconds(running, pixels: np.ndarray) -> float:
    """Of one call, the mean over a round."""
    running.run(["probabilities"], {"pixels": pixels})
    calls, began = 0, time.perf_counter()
    while (took := time.perf_counter() - began) < SECONDS:
        running.run(["probabilities"], {"pixels": pixels})
        calls += 1
    return took / calls


def measure(name: str, python: str, rounds: int) -> dict:
    """Each side's milliseconds for one picture and pictures a second, every round's."""
    with tempfile.TemporaryDirectory() as folder:
        files = {"saccade": Path(folder) / "ours.onnx"}
        shape = ours(name, files["saccade"])
        if python:
            files["PyTorch"] = Path(folder) / "theirs.onnx"
            script = HERE / "peers" / "torch_export.py"
            subprocess.run(
                [python, script, name, files["PyTorch"]], check=True, stdout=subprocess.DEVNULL
            )
        running = {side: session(file) for side, file in files.items()}
        rng = np.random.default_rng(0)
        one, many = (rng.integers(0, 256, (n, *shape), dtype=np.uint8) for n in (1, 64))
        told = {side: {"milliseconds_of_one": [], "pictures_a_second": []} for side in running}
        for _ in range(rounds):
            for side, each in running.items():
                told[side]["milliseconds_of_one"].append(1000 * seconds(each, one))
                told[side]["pictures_a_second"].append(64 / seconds(each, many))
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--nets", nargs="*", default=[*NETS, *APPLICATIONS])
    arguments = parser.parse_args()
    python = environment("torch-onnx")
    results = {}
    print(f"{'net':18s} {'side':8s} {'one, ms':>18s} {'64, pictures/s':>24s}   ratios")
    for name in arguments.nets:
        results[name] = told = measure(name, python, arguments.rounds)
        middle = {s: {k: statistics.median(v) for k, v in t.items()} for s, t in told.items()}
        for side, values in told.items():
            ratio = ""
            if side == "saccade" and "PyTorch" in middle:
                mine, theirs = middle["saccade"], middle["PyTorch"]
                slower = mine["milliseconds_of_one"] / theirs["milliseconds_of_one"]
                fewer = theirs["pictures_a_second"] / mine["pictures_a_second"]
                ratio = f"{slower:.2f} {fewer:.2f}"
            one, many = values["milliseconds_of_one"], values["pictures_a_second"]
            took = f"{statistics.median(one):7.3f} ({min(one):.3f}-{max(one):.3f})"
            speed = f"{statistics.median(many):9,.0f} ({min(many):,.0f}-{max(many):,.0f})"
            print(f"{name:18s} {side:8s} {took} {speed}   {ratio}", flush=True)
    versions = {"onnxruntime": onnxruntime.__version__, "torch": "2.13.0"}
    facts = {"hardware": hardware(), "versions": versions, "rounds": arguments.rounds}
    (HERE / "export.json").write_text(json.dumps({**facts, "nets": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
