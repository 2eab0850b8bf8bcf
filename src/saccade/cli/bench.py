"""saccade bench"""

import json as json_format
import os
import platform
import statistics
import sys
from collections.abc import Sequence
from importlib.metadata import version

from saccade import __version__
from saccade.cli.words import Whole
from saccade.core.errors import BadUsage


def bench(*models: str, rounds: Whole = 3, json: bool = False) -> int:
    """Measure how fast networks train here, beside Keras' own fit.

    The same networks, batches of 100 and made-up pictures of 28x28; both sides take turns. Let the
    machine do nothing else meanwhile.

    Examples:

        saccade bench
        saccade bench conv mlp-relu --rounds 5

    Parameters
    ----------
    models: str
        Of softmax, mlp-relu, conv, conv-bn-small, conv-bn. Default: all.
    rounds: int
        How many times each side is measured.
    json: bool
        The last line of stdout is one JSON value.
    """
    if not 1 <= rounds <= 100:
        raise BadUsage(f"--rounds takes 1 to 100, got {rounds}")
    from saccade.train.speed import NETS, measure

    for name in models:
        if name not in NETS:
            raise BadUsage(f"`bench` knows {', '.join(NETS)}; got {name}")
    packages = f"saccade {__version__}, keras {version('keras')}, jax {version('jax')}"
    print(f"{os.cpu_count()} cores, {platform.machine()}; {packages}", file=sys.stderr)
    print(f"{'':<14}{'saccade images/s':>30}{'Keras fit images/s':>30}  ratio", file=sys.stderr)
    rows = []
    for name in models or NETS:
        speed = measure(name, NETS[name], rounds)
        said = f"{name:<14}{spread(speed.ours):>30}{spread(speed.keras):>30}  {speed.ratio:.2f}"
        print(said, file=sys.stderr if json else sys.stdout, flush=True)
        rows.append({**vars(speed), "ratio": speed.ratio})
    if json:
        print(json_format.dumps(rows))
    return 0


def spread(values: Sequence[float]) -> str:
    """Median, least and largest.

    >>> spread([1200.0, 900.0, 1000.0])
    '1,000 (900 to 1,200)'
    """
    return f"{statistics.median(values):,.0f} ({min(values):,.0f} to {max(values):,.0f})"
